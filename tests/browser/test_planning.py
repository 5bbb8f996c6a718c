"""An operator plans the day in Chromium: clicks are counted, both zones are seen while times are typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, Open
from tests.scenarios import rows

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]
CHANNEL = "/admin/channels_app/channel/{}/change/"
DAYS_AHEAD = 3


class Hand:
    """Counts the clicks of a person; typing into the field that was clicked is none."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def fill(self, page: Page, field: str, text: str) -> None:
        self.clicks += 1
        page.fill(field, text)

    def choose(self, page: Page, field: str, value: str) -> None:
        self.clicks += 2
        page.select_option(field, value)


def stage() -> Channel:
    url = "rtmp://203.0.113.1:1935/live/a"
    return rows.channel(name="Main hall", input_urls=[url], tags={"customer": "ACME"})


@pytest.fixture
def first() -> datetime:
    """A Monday-to-Sunday independent start: 19:30 in Berlin, some days ahead."""
    day = datetime.now(UTC) + timedelta(days=DAYS_AHEAD)
    return day.replace(hour=19, minute=30, second=0, microsecond=0, tzinfo=None)


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True).first


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name)


def both_schemes(log_in: Open, shoot: Shoot, path: str, name: str) -> None:
    """Screenshots of a page: wide and dark, and on a phone."""
    for scheme, window in (("dark", {}), ("light", {"viewport": PHONE})):
        page = log_in("operator", scheme=scheme, **window)
        page.goto(path)
        shoot(page, f"{name}-{'phone' if window else scheme}")
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{path} is wider than the window by {overflow} px"


def test_the_ingest_url_is_copied_in_three_clicks(log_in: Open) -> None:
    stage()
    page, hand = log_in("operator"), Hand()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    hand.click(page.locator("a[href$='/channels_app/channel/']").first)
    hand.click(link(page, "Main hall"))
    hand.click(page.locator("[data-sh-copy^='rtmp://']").first)
    expect(page.locator(".sh-copied")).to_be_visible()
    assert hand.clicks <= 3
    assert page.evaluate("navigator.clipboard.readText()").startswith("rtmp://203.0.113.1")


def test_six_shows_are_planned_in_twelve_clicks_and_one_is_moved(
    log_in: Open, shoot: Shoot, first: datetime
) -> None:
    channel = stage()
    page, hand = log_in("operator"), Hand()
    page.goto(CHANNEL.format(channel.pk))
    hand.click(link(page, "Plan a series"))
    expect(page.locator("#id_zone")).to_have_value("Europe/Berlin")  # by script
    hand.fill(page, "#id_name", "Morning talk")
    hand.fill(page, "#id_first", f"{first:%Y-%m-%dT%H:%M}")
    expect(page.locator("#id_first + .sh-echo")).to_contain_text("UTC")
    hand.choose(page, "#id_repeats", "weekdays")
    hand.fill(page, "#id_duration_minutes", "45")
    shoot(page, "series-form")
    hand.click(button(page, "Show the times"))
    expect(page.locator(".sh-slots li")).to_have_count(6)
    expect(page.locator(".sh-slots li b").first).to_contain_text("19:30 CE")
    assert severe_violations(page) == []
    shoot(page, "series-times")
    hand.click(button(page, "Plan 6 shows"))
    expect(page.locator("#result_list tbody tr")).to_have_count(6)
    assert hand.clicks <= 12
    assert Breakout.objects.filter(channel=channel, duration_minutes=45).count() == 6
    starts = list(Breakout.objects.order_by("starts_at").values_list("starts_at", flat=True))
    shown = [
        each.get_attribute("datetime")
        for each in page.locator("#result_list .field-planned time.sh-time").all()
    ]
    assert [datetime.fromisoformat(text or "") for text in shown] == starts
    shoot(page, "planned-list")
    _move_one(page, shoot, starts)


def _move_one(page: Page, shoot: Shoot, starts: list[datetime]) -> None:
    """Onto another show, which is named first, then all the same."""
    hand = Hand()
    hand.click(page.locator("#result_list .field-title a").first)
    hand.click(link(page, "Reschedule"))
    hand.fill(page, "#id_starts_at", f"{starts[1] + timedelta(minutes=15):%Y-%m-%dT%H:%M}")
    expect(page.locator("#id_starts_at + .sh-echo")).to_contain_text(" = ")
    hand.click(button(page, "Yes, reschedule"))
    expect(page.locator(".sh-warnings")).to_contain_text("It overlaps with 'Morning talk'")
    assert severe_violations(page) == []
    shoot(page, "reschedule-warned")
    assert Breakout.objects.filter(starts_at=starts[0]).exists()
    hand.click(button(page, "all the same"))
    expect(page.locator(".sh-title h2")).to_contain_text("Morning talk")
    assert hand.clicks <= 5
    assert not Breakout.objects.filter(starts_at=starts[0]).exists()


def test_a_show_is_duplicated_and_leads_to_the_new_one(log_in: Open, shoot: Shoot, first: datetime) -> None:
    row = rows.breakout(channel=stage(), name="Keynote", duration_minutes=30, note="two cameras")
    page, hand = log_in("operator"), Hand()
    page.goto(f"/admin/channels_app/breakout/{row.pk}/change/")
    hand.click(link(page, "Duplicate"))
    page.fill("#id_starts_at", "2020-01-01T10:00")
    expect(page.locator("#id_starts_at + .sh-echo")).to_contain_text("this is past")
    hand.click(button(page, "Yes, duplicate"))
    past = "2020-01-01 11:00 CET (2020-01-01 10:00 UTC) is past"
    expect(page.locator("form.sh-form")).to_contain_text(past)
    page.fill("#id_starts_at", f"{first:%Y-%m-%dT%H:%M}")
    hand.click(button(page, "Yes, duplicate"))
    copy = Breakout.objects.exclude(pk=row.pk).get()
    expect(page).to_have_url(
        f"{page.url.partition('/admin/')[0]}/admin/channels_app/breakout/{copy.pk}/change/"
    )
    expect(page.locator("body")).to_contain_text("two cameras")
    shoot(page, "breakout-planned")


@pytest.fixture
def planned(first: datetime) -> Channel:
    channel = stage()
    rows.breakout(channel=channel, name="Later", starts_at=first.replace(tzinfo=UTC), note="two cameras")
    rows.breakout("completed", channel, name="Earlier")
    rows.breakout("running", channel, name="On stage")
    channel.state = channel.desired = "running"
    channel.distribution = Distribution.objects.first()
    channel.save()
    return channel


def test_a_channel_is_edited_and_says_what_aws_allows(log_in: Open, shoot: Shoot, planned: Channel) -> None:
    page = log_in("operator")
    page.goto(CHANNEL.format(planned.pk))
    lines = page.locator(".sh-card", has=page.get_by_role("heading", name="Breakouts")).locator("li")
    assert [line.split("\n")[0] for line in lines.all_inner_texts()] == ["On stage", "Later", "Earlier"]
    assert severe_violations(page) == []
    shoot(page, "channel-with-breakouts")
    link(page, "Edit").click()
    expect(page.locator(".sh-consequences")).to_contain_text(
        "MediaLive takes another security group only while"
    )
    assert page.locator("#id_encoding_profile").count() == 0
    shoot(page, "channel-edit")
    page.fill("#id_allowed_cidrs", "198.51.100.7/32\n0.0.0.0/0")
    button(page, "Yes, edit").click()
    expect(page.locator("form.sh-form")).to_contain_text("the whole world")
    page.fill("#id_allowed_cidrs", "198.51.100.7/32")
    button(page, "Yes, edit").click()
    expect(page.locator("body")).to_contain_text("198.51.100.7/32")
    planned.refresh_from_db()
    assert planned.allowed_cidrs == ["198.51.100.7/32"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("channels_app/breakout/series/", "series"),
        ("channels_app/breakout/?view=planned", "planned"),
        ("channels_app/channel/{}/change/", "channel"),
        ("channels_app/channel/{}/do/edit/", "channel-edit"),
        ("", "dashboard"),
    ],
)
def test_the_pages_in_the_dark_and_on_a_phone(
    log_in: Open, shoot: Shoot, planned: Channel, path: str, name: str
) -> None:
    both_schemes(log_in, shoot, f"/admin/{path.format(planned.pk)}", f"planning-{name}")
