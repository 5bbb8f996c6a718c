"""The calendar and a person's own views in Chromium: a gap is planned into; phone, dark, without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from channels_app.models import Breakout, Channel
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, Open
from tests.scenarios import rows

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]
HOUR = timedelta(hours=1)
URL = "/admin/calendar/"
BROWSER = ZoneInfo("Europe/Berlin")  # whose day is another one around midnight


@pytest.fixture
def hall(transactional_db: None) -> Channel:
    """A day with shows in several states, some of which overlap."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    hall = rows.channel("running", name="Main hall", tags={"customer": "ACME"})
    rows.breakout("running", hall, name="On stage", starts_at=now - HOUR, session_started_at=now - HOUR)
    ten = (now.astimezone(BROWSER) + timedelta(days=1)).replace(hour=11, minute=0).astimezone(UTC)
    rows.breakout("idle", hall, name="Keynote", starts_at=ten, duration_minutes=90)
    rows.breakout("idle", hall, name="Workshop on cameras", starts_at=ten + HOUR, duration_minutes=20)
    rows.breakout("failed", hall, name="Panel", starts_at=ten + 3 * HOUR, duration_minutes=30, **rows.ERROR)
    small = rows.channel(name="Small hall")
    rows.breakout("idle", small, name="Lightning talks", starts_at=ten + HOUR / 4, duration_minutes=15)
    over = now - 3 * HOUR
    rows.breakout("completed", small, name="Rehearsal", session_started_at=over, session_ended_at=over + HOUR)
    rows.channel(name="Studio")
    return hall


def tomorrow() -> str:
    return f"{datetime.now(BROWSER) + timedelta(days=1):%Y-%m-%d}"


def test_a_gap_of_the_calendar_is_planned_into_in_ones_own_zone(
    log_in: Open, shoot: Shoot, hall: Channel
) -> None:
    page = log_in("operator")
    page.locator("#nav-sidebar a[href$='/admin/calendar/']").click()
    expect(page.locator("body")).to_contain_text("Times of Europe/Berlin")
    expect(page.locator(".sh-slot", has_text="On stage")).to_contain_text("running")
    expect(page.locator(".sh-calendar-now")).to_have_count(1)
    shoot(page, "calendar-today")
    page.get_by_role("link", name="Next", exact=True).first.click()
    expect(page.locator(".sh-slot-overlaps")).to_have_count(2)
    assert severe_violations(page) == []
    shoot(page, "calendar-day")
    # Behind a show of that day: before midnight, what is on stage now may last into its first gap.
    gap = page.locator(".sh-gap a").nth(1)
    label = gap.get_attribute("aria-label") or ""
    gap.click()
    local, utc = page.input_value("#id_starts_at"), label.partition("(")[2][:5]
    assert local.endswith(f"T{utc}")
    expect(page.locator("#id_time_zone")).to_have_value("Europe/Berlin")
    expect(page.locator("#id_starts_at + .sh-echo")).to_contain_text(" = ")
    page.fill("#id_name", "Planned in a gap")
    shoot(page, "calendar-plans")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-title h2")).to_contain_text("Planned in a gap")
    row = Breakout.objects.get(name="Planned in a gap")
    assert row.time_zone == "Europe/Berlin"
    expect(page.locator("body")).to_contain_text("in Europe/Berlin")
    page.locator(".sh-object a[href*='/admin/calendar/']").first.click()
    expect(page.locator(".sh-slot", has_text="Planned in a gap")).to_be_visible()


def test_the_week_refreshes_and_is_readable_in_the_dark_and_on_a_phone(
    log_in: Open, shoot: Shoot, hall: Channel
) -> None:
    page = log_in("viewer", scheme="dark")
    page.goto(f"{URL}?view=week&day={tomorrow()}")
    expect(page.locator(".sh-slot", has_text="Keynote")).to_have_count(1)
    assert severe_violations(page) == []
    shoot(page, "calendar-week-dark")
    page.goto(f"{URL}?day={tomorrow()}")
    Breakout.objects.filter(name="Keynote").update(name="Opening")
    expect(page.locator(".sh-slot", has_text="Opening")).to_have_count(1, timeout=20_000)
    shoot(page, "calendar-day-dark")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    shoot(page, "calendar-day-dark")
    page.goto(f"{URL}?view=week&day={tomorrow()}")
    shoot(page, "calendar-week-dark")


def test_the_calendar_works_without_scripts(log_in: Open, hall: Channel, shoot: Shoot) -> None:
    signed_in = log_in("operator")
    cookies = [each for each in signed_in.context.cookies() if each["name"] != "sh_zone"]
    browser = signed_in.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, base_url=signed_in.url)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{URL}?day={tomorrow()}")
    expect(page.locator("body")).to_contain_text("Times of UTC")
    page.fill("#calendar-zone", "Asia/Tokyo")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".sh-slot", has_text="Keynote")).to_contain_text("19:00 to 20:30")
    page.get_by_role("link", name="Week", exact=True).click()
    expect(page.locator("body")).to_contain_text("Times of Asia/Tokyo")
    page.locator(".sh-calendar-add").first.click()
    expect(page.locator("#id_time_zone")).to_have_value("Asia/Tokyo")
    context.close()


def test_a_view_is_saved_under_a_name(log_in: Open, hall: Channel, shoot: Shoot) -> None:
    page = log_in("viewer")
    page.goto("/admin/channels_app/breakout/?customer=ACME&view=planned")
    page.get_by_text("Your views").click()
    page.fill("#own-view-name", "ACME's shows")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="ACME's shows")).to_have_attribute("aria-current", "page")
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    page.goto("/admin/channels_app/breakout/")
    page.get_by_text("Your views").click()
    assert severe_violations(page) == []
    shoot(page, "own-views")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    shoot(page, "own-views")
    page.get_by_role("link", name="ACME's shows").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)


def test_the_week_leaves_room_for_the_names_of_channels_and_shows_all_days(log_in: Open) -> None:
    """Long names of shows took so much that a channel's name had a column of six letters."""
    hall = rows.channel(name="Conference hall Alexanderplatz")
    begins = datetime.now(BROWSER).replace(hour=12, minute=0, second=0, microsecond=0)
    monday = begins - timedelta(days=begins.weekday())
    for day in range(7):
        name = "Annual congress of accessibility"
        rows.breakout("idle", hall, name=name, starts_at=monday + timedelta(days=day), duration_minutes=30)
    page = log_in("operator")
    page.goto(f"{URL}?view=week")
    name = page.get_by_role("rowheader").get_by_role("link")
    expect(name).to_have_text("Conference hall Alexanderplatz")
    lines = name.evaluate("link => [...link.getClientRects()].length")
    assert lines <= 3
    scroll = page.get_by_role("region", name="The week by channel")
    assert scroll.evaluate("box => box.scrollWidth - box.clientWidth") == 0
