"""A day with all processes (embedded AWS and broker, web, worker and beat), in Chromium.

These tests use StreamHub only through the browser and the API, and AWS through its control API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from devstack.demo.show import KBPS, PUBLISH
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PASSWORD, Staff
from tests.scenarios.processes import RunningStack, running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

Shoot = Callable[[Page, str], None]
ROLES = ("viewer", "operator")
# Milliseconds. Generous for two busy cores: only a hanging test reaches them.
SOON, LATER = 30_000, 90_000
# The longest wait for final usage: the rest of the minute, the tail, and METRICS_FINAL_AFTER_SECONDS.
FINAL = 240_000
# Seconds after a minute's start. A running breakout is read 1, 5, 25 and 125 seconds after its start here.
SOON_PUBLISHED = {"least": 5, "most": 15, "late_share": 0.0}

MAKE_STAFF = f"""
from django.contrib.auth.models import Group, User
for role in {ROLES!r}:
    user = User.objects.create_user(role, password={PASSWORD!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """All processes on SQLite and the embedded broker, and users who can log in."""
    folder: Path = tmp_path_factory.mktemp("day")
    with running(folder, {}, workers=1, scale=0.02) as stack:
        stack.processes.run("shell", "-c", MAKE_STAFF)
        stack.control.publish_delay(**{**PUBLISH, **SOON_PUBLISHED})
        yield stack


@pytest.fixture
def staff(browser: Browser, stack: RunningStack) -> Iterator[Staff]:
    users = Staff(browser, stack.processes.web_url, stack.control.url, here=False)
    yield users
    users.close()
    assert users.problems == []


def wait_for_state(page: Page, word: str, timeout: float = LATER) -> None:
    """Wait until the object's page shows this state without reloading."""
    expect(page.locator(".sh-sub .sh-badge").first).to_have_text(re.compile(rf"{word}\s*$"), timeout=timeout)


def do(page: Page, label: str) -> None:
    """Click a verb as soon as it is offered, and confirm it."""
    page.get_by_role("link", name=label, exact=True).first.click(timeout=LATER)
    if label == "Stop":
        page.fill("#typed", "stop")
    page.get_by_role("button", name=f"Yes, {label.lower()}").click()
    expect(page.locator(".sh-title h2")).to_be_visible()


def create_channel(page: Page, name: str, *, record: bool = False) -> str:
    """Create a channel by the form; returns the URL of its page."""
    page.goto("/admin/channels_app/channel/add/")
    page.fill("#id_name", name)
    page.fill("#id_allowed_cidrs", "203.0.113.7/32")
    if record:
        page.check("#id_record")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-title h2")).to_contain_text(name)
    return page.url


def create_breakout(page: Page, name: str) -> str:
    """Create a breakout from its channel's page; returns the URL of its page."""
    page.get_by_role("link", name="New breakout").click()
    page.fill("#id_name", name)
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-title h2")).to_contain_text(name)
    return page.url


def test_an_operator_runs_a_day(stack: RunningStack, staff: Staff, shoot: Shoot) -> None:
    page = staff.page("operator")
    channel = create_channel(page, "Main stage", record=True)
    page.evaluate("window.notReloaded = true")
    wait_for_state(page, "idle")
    expect(page.locator("#live")).to_contain_text("rtmp://")
    expect(page.locator("#live")).to_contain_text("cloudfront.net", timeout=LATER)
    assert page.evaluate("window.notReloaded")
    shoot(page, "day-1-channel-ready")

    breakout = create_breakout(page, "Opening night")
    do(page, "Prepare")
    # All but one: whether something arrives is known once the channel runs.
    checks = page.locator(".sh-checks > li").count()
    expect(page.locator(".sh-check-ok")).to_have_count(checks - 1, timeout=LATER)
    do(page, "Start")
    page.evaluate("window.notReloaded = true")
    wait_for_state(page, "running")
    assert page.evaluate("window.notReloaded")
    do(page, "Raise curtain")
    playback = page.locator("code", has_text="cloudfront.net/out/v1/").first
    expect(playback).to_be_visible(timeout=SOON)
    audience = stack.control.audience_join(playback.inner_text(), viewers=250, kbps=KBPS)
    expect(page.locator(".sh-bar, .sh-bar-open").first).to_be_visible(timeout=FINAL)
    expect(page.locator("#live")).to_contain_text("provisional")
    shoot(page, "day-2-on-air")
    page.goto("/admin/")
    expect(page.locator(".sh-tile", has_text="Live now")).to_contain_text("1")
    shoot(page, "day-3-dashboard")

    stack.control.audience_leave(audience)
    page.goto(breakout)
    do(page, "Stop")
    wait_for_state(page, "completed")
    recording = page.locator("section", has=page.get_by_role("heading", name="Recordings"))
    expect(recording).to_contain_text("cloudfront.net/", timeout=LATER)
    expect(recording).to_contain_text("_archive.0000")

    page.goto(channel)
    distribution = page.locator("dd a[href*='/distributions/distribution/']").first.get_attribute("href")
    assert distribution
    do(page, "Delete")
    expect(page.locator(".sh-gone")).to_be_visible(timeout=LATER)
    page.goto(distribution)
    expect(page.locator(".sh-gone").or_(page.get_by_text("was deleted."))).to_be_visible(timeout=LATER)
    shoot(page, "day-4-reaped")

    page.goto(breakout)
    expect(page.locator("dl.sh-facts", has_text="figures are")).to_contain_text("final", timeout=FINAL)
    expect(page.locator("#live")).to_contain_text("The channel is deleted.")
    expect(recording).to_contain_text("_archive.0000")
    items = stack.api.get("breakouts")["items"]
    (opening,) = [item for item in items if item["name"] == "Opening night"]
    sent = sum(int(stack.control.truth(id)["bytes"]) for id in opening["distributions"])
    assert sent > 0
    expect(page.locator("dl.sh-facts", has_text="figures are")).to_contain_text(f"{sent:,} bytes")
    assert severe_violations(page) == []
    shoot(page, "day-5-final")


def test_a_viewer_sees_the_same_pages_and_no_verbs(stack: RunningStack, staff: Staff, shoot: Shoot) -> None:
    operator = staff.page("operator")
    channel = create_channel(operator, "Small stage")
    wait_for_state(operator, "idle")
    breakout = create_breakout(operator, "Rehearsal")
    page = staff.page("viewer")
    for url in (channel, breakout, "/admin/mediamanager/"):
        page.goto(url)
        expect(page.locator(".sh-title h2")).to_be_visible()
        expect(page.locator("a[href*='/do/'], .sh-off, form[data-sh-once]")).to_have_count(0)
    expect(page.locator("#live")).to_contain_text("/media-manager/*", timeout=SOON)
    expect(page.locator("#live")).to_contain_text("Deployed")
    shoot(page, "day-viewer-mediamanager")
    assert severe_violations(page) == []
    assert page.goto("/admin/channels_app/channel/add/").status == 403  # type: ignore[union-attr]


def test_a_failed_start_shows_its_reason_and_retry_works(
    stack: RunningStack, staff: Staff, shoot: Shoot
) -> None:
    page = staff.page("operator")
    create_channel(page, "Night stage")
    wait_for_state(page, "idle")
    create_breakout(page, "Late show")
    stack.control.console("medialive", "fail_start", to="idle")
    do(page, "Start")
    wait_for_state(page, "failed")
    error = page.locator(".sh-error")
    expect(error).to_contain_text("The breakout failed")
    expect(error).to_contain_text("returned to IDLE without running")
    expect(error).to_contain_text("start_failed")
    expect(error.get_by_role("link", name="Retry")).to_be_visible()
    shoot(page, "night-1-failed")
    assert severe_violations(page) == []
    do(page, "Retry")
    wait_for_state(page, "running")
    expect(error).to_have_count(0)
    shoot(page, "night-2-recovered")
    do(page, "Stop")
    wait_for_state(page, "completed")
