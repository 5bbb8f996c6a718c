"""A day with everything running: embedded AWS and broker, web, worker and beat, seen through Chromium.

Nothing here reaches into StreamHub: people click, and AWS is moved by its remote control.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from devstack.demo.show import KBPS, PUBLISH
from tests.browser.accessibility import grave_findings
from tests.browser.staff import PASSWORD, Staff
from tests.scenarios.processes import RunningStack, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

Shoot = Callable[[Page, str], None]
ROLES = ("viewer", "operator")
# Two busy cores, and AWS takes its time: only a day that hangs is stopped by these (milliseconds).
SOON, LATER = 30_000, 90_000
# Usage is final no later than a minute's end, the tail and the waiting time after the stop.
FINAL = 240_000

MAKE_STAFF = f"""
from django.contrib.auth.models import Group, User
for role in {ROLES!r}:
    user = User.objects.create_user(role, password={PASSWORD!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """All processes on SQLite and the embedded broker, and staff who can log in."""
    folder: Path = tmp_path_factory.mktemp("day")
    with running(folder, {}, workers=1, scale=0.02) as house:
        house.processes.run("shell", "-c", MAKE_STAFF)
        house.control.publish_delay(**PUBLISH)
        yield house


@pytest.fixture
def staff(browser: Browser, house: RunningStack) -> Iterator[Staff]:
    found = Staff(browser, house.processes.web_url)
    yield found
    found.close()
    assert found.complaints == []


def reaches(page: Page, word: str, timeout: float = LATER) -> None:
    """The object's page says so, in time and by itself."""
    expect(page.locator(".sh-sub .sh-badge").first).to_have_text(re.compile(rf"{word}\s*$"), timeout=timeout)


def do(page: Page, label: str) -> None:
    """Press a verb as soon as it is offered, and confirm it."""
    page.get_by_role("link", name=label, exact=True).first.click(timeout=LATER)
    page.get_by_role("button", name=f"Yes, {label.lower()}").click()
    expect(page.locator(".sh-title h2")).to_be_visible()


def create_channel(page: Page, name: str, *, record: bool = False) -> str:
    """Through the form; where its page is."""
    page.goto("/admin/channels_app/channel/add/")
    page.fill("#id_name", name)
    page.fill("#id_allowed_cidrs", "203.0.113.7/32")
    if record:
        page.check("#id_record")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-title h2")).to_contain_text(name)
    return page.url


def create_breakout(page: Page, name: str) -> str:
    """From its channel's page; where its page is."""
    page.get_by_role("link", name="New breakout").click()
    page.fill("#id_name", name)
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-title h2")).to_contain_text(name)
    return page.url


def test_an_operator_runs_a_day(house: RunningStack, staff: Staff, shoot: Shoot) -> None:
    page = staff.page("operator")
    channel = create_channel(page, "Main stage", record=True)
    page.evaluate("window.notReloaded = true")
    reaches(page, "idle")
    expect(page.locator("#live")).to_contain_text("rtmp://")
    expect(page.locator("#live")).to_contain_text("cloudfront.net", timeout=LATER)
    assert page.evaluate("window.notReloaded")
    shoot(page, "day-1-channel-ready")

    breakout = create_breakout(page, "Opening night")
    do(page, "Prepare")
    expect(page.locator(".sh-check-ok")).to_have_count(page.locator(".sh-checks > li").count(), timeout=LATER)
    do(page, "Start")
    page.evaluate("window.notReloaded = true")
    reaches(page, "running")
    assert page.evaluate("window.notReloaded")
    do(page, "Raise curtain")
    playback = page.locator("code", has_text="cloudfront.net/out/v1/").first
    expect(playback).to_be_visible(timeout=SOON)
    audience = house.control.audience_join(playback.inner_text(), viewers=250, kbps=KBPS)
    expect(page.locator(".sh-bar").first).to_be_visible(timeout=LATER)
    expect(page.locator("#live")).to_contain_text("provisional")
    shoot(page, "day-2-on-air")
    page.goto("/admin/")
    expect(page.locator("a.sh-tile", has_text="Live now")).to_contain_text("1")
    shoot(page, "day-3-dashboard")

    house.control.audience_leave(audience)
    page.goto(breakout)
    do(page, "Stop")
    reaches(page, "completed")
    recording = page.locator("section", has=page.get_by_role("heading", name="Recordings"))
    expect(recording).to_contain_text("cloudfront.net/", timeout=LATER)
    expect(recording).to_contain_text("main_archive.000000.m2ts")

    page.goto(channel)
    distribution = page.locator("dd a[href*='/distributions/distribution/']").first.get_attribute("href")
    assert distribution
    do(page, "Delete")
    expect(page.locator(".sh-gone")).to_be_visible(timeout=LATER)
    page.goto(distribution)
    expect(page.locator(".sh-gone").or_(page.get_by_text("it was deleted"))).to_be_visible(timeout=LATER)
    shoot(page, "day-4-reaped")

    page.goto(breakout)
    expect(page.locator("dl.sh-facts", has_text="figures are")).to_contain_text("final", timeout=FINAL)
    expect(page.locator("#live")).to_contain_text("The channel is deleted.")
    expect(recording).to_contain_text("main_archive.000000.m2ts")
    (shown,) = [each for each in house.api.get("breakouts")["items"] if each["name"] == "Opening night"]
    sent = sum(int(house.control.truth(id)["bytes"]) for id in shown["distributions"])
    assert sent > 0
    expect(page.locator("dl.sh-facts", has_text="figures are")).to_contain_text(f"{sent:,} bytes")
    assert grave_findings(page) == []
    shoot(page, "day-5-final")


def test_a_viewer_sees_the_same_pages_and_no_verbs(house: RunningStack, staff: Staff, shoot: Shoot) -> None:
    operator = staff.page("operator")
    channel = create_channel(operator, "Small stage")
    reaches(operator, "idle")
    breakout = create_breakout(operator, "Rehearsal")
    page = staff.page("viewer")
    for address in (channel, breakout, "/admin/mediamanager/"):
        page.goto(address)
        expect(page.locator(".sh-title h2")).to_be_visible()
        expect(page.locator("a[href*='/do/'], .sh-off, form[data-sh-once]")).to_have_count(0)
    expect(page.locator("#live")).to_contain_text("/media-manager/*", timeout=SOON)
    expect(page.locator("#live")).to_contain_text("Deployed")
    shoot(page, "day-viewer-mediamanager")
    assert grave_findings(page) == []
    assert page.goto("/admin/channels_app/channel/add/").status == 403  # type: ignore[union-attr]


def test_on_a_bad_night_the_reason_is_shown_and_retry_works(
    house: RunningStack, staff: Staff, shoot: Shoot
) -> None:
    page = staff.page("operator")
    create_channel(page, "Night stage")
    reaches(page, "idle")
    create_breakout(page, "Late show")
    house.control.console("medialive", "fail_start", to="idle")
    do(page, "Start")
    reaches(page, "failed")
    error = page.locator(".sh-error")
    expect(error).to_contain_text("The breakout failed")
    expect(error).to_contain_text("returned to IDLE without running")
    expect(error).to_contain_text("start_failed")
    expect(error.get_by_role("link", name="Retry")).to_be_visible()
    shoot(page, "night-1-failed")
    assert grave_findings(page) == []
    do(page, "Retry")
    reaches(page, "running")
    expect(error).to_have_count(0)
    shoot(page, "night-2-recovered")
    do(page, "Stop")
    reaches(page, "completed")
