"""The control room and Live now in Chromium: by keyboard alone, without a connection, and in every size."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from channels_app.models import Breakout, Channel
from streamhub.alerts import evaluation
from tests.browser.gallery import SCHEMES, Gallery, Shoot, assert_nothing_wrong
from tests.browser.staff import Open
from tests.scenarios import rows
from tests.scenarios.live_shows import live_show, unplugged
from tests.scenarios.well import all_well

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MOST_KEYS = 20
# As docs/operators.md says.
KEYS = {"find": 6, "start": 3, "find live": 7, "stop": 6}


class Keyboard:
    """Presses keys one by one, as hands do, and counts them. A page without its scripts hears none."""

    def __init__(self, page: Page) -> None:
        self._page, self.pressed = page, 0

    def press(self, *keys: str) -> None:
        self._page.wait_for_load_state()
        for key in keys:
            self._page.keyboard.press(key)
            self.pressed += 1

    def counted(self, work: Callable[[], None]) -> int:
        before = self.pressed
        work()
        return self.pressed - before


def room_of(page: Page, show: Breakout) -> None:
    page.goto(f"/admin/channels_app/breakout/{show.pk}/control/")


def test_a_show_is_found_started_and_stopped_by_keyboard_with_twenty_keys_each(log_in: Open) -> None:
    all_well()
    for n in range(6):
        live_show(n, minutes=5)
    channel = rows.channel("idle", name="North wing", distribution=rows.distribution(), ml_channel_id="77")
    show = rows.breakout("idle", channel, name="Budget hearing")
    page = log_in("operator")
    keys = Keyboard(page)

    def find() -> None:
        keys.press("/")
        expect(page.locator("#search-input-command")).to_be_focused()
        keys.press(*"budg")
        page.locator("#command-results a").first.wait_for()
        keys.press("Enter")
        expect(page.locator(".sh-title h2")).to_contain_text("Budget hearing")

    def start() -> None:
        keys.press("o") if "/control/" not in page.url else None
        expect(page.locator(".sh-room .sh-title h2")).to_contain_text("Budget hearing")
        keys.press("s")
        expect(page.locator(".sh-confirm")).to_contain_text("Start")
        expect(page.locator(".sh-confirm button[type=submit]")).to_be_focused()
        keys.press("Enter")
        expect(page.locator(".sh-room .sh-sub .sh-badge").first).to_contain_text("starting")

    def find_live() -> None:
        keys.press("l")
        expect(page.locator(".sh-show").first).to_be_visible()
        keys.press("f")
        expect(page.locator("#filter-shows")).to_be_focused()
        keys.press(*"budg", "Enter")
        expect(page.locator(".sh-room .sh-title h2")).to_contain_text("Budget hearing")

    def stop() -> None:
        keys.press("x")
        expect(page.locator("#typed")).to_be_focused()
        keys.press(*"stop", "Enter")
        expect(page.locator(".sh-room .sh-sub .sh-badge").first).to_contain_text("stopping")

    used = {"find": keys.counted(find), "start": keys.counted(start)}
    Breakout.objects.filter(pk=show.pk).update(state="running", session_started_at=timezone.now())
    Channel.objects.filter(pk=channel.pk).update(state="running", ml_channel_state="RUNNING")
    used |= {"find live": keys.counted(find_live), "stop": keys.counted(stop)}
    assert max(used.values()) <= MOST_KEYS, used
    assert used == KEYS
    _who_stopped_it(page, keys)
    # What the keys are is a key away, and whoever presses keys by accident turns them off.
    page.keyboard.press("?")
    expect(page.locator("#sh-keys")).to_contain_text("Search everything")
    page.locator("#sh-keys input").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    page.wait_for_timeout(300)
    assert "/control/" in page.url


def _ask_for_keys(page: Page) -> None:
    """The list of keys names the buttons, without the names of their icons."""
    page.keyboard.press("?")
    expect(page.locator("#sh-keys dl")).to_contain_text("Play")
    expect(page.locator("#sh-keys dl")).not_to_contain_text("_")


def _who_stopped_it(page: Page, keys: Keyboard) -> None:
    """From the dashboard in one page and few keys; what costs money now is on the dashboard itself."""
    page.goto("/admin/")
    money = page.locator(".sh-tile", has_text="Costs now")
    expect(money).to_be_visible()
    expect(money.locator(".sh-tile-value")).not_to_have_text("nothing")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    before = keys.pressed
    keys.press("/")
    expect(page.locator("#search-input-command")).to_be_focused()
    keys.press(*"budg")
    page.locator("#command-results a").first.wait_for()
    keys.press("Enter")
    stopped = page.locator("#timeline li", has_text="stopping").first
    expect(stopped.locator(".sh-meta")).to_contain_text("staff:operator")
    assert (keys.pressed - before, len(loads)) == (6, 1)
    room_of(page, Breakout.objects.get(name="Budget hearing"))


def test_a_page_that_is_shown_late_still_gives_its_button_the_focus(log_in: Open) -> None:
    """Unfold hides a page until its scripts run; a slow machine paints before that."""
    all_well()
    channel = rows.channel("idle", name="North wing", distribution=rows.distribution(), ml_channel_id="77")
    show = rows.breakout("idle", channel, name="Budget hearing")
    page = log_in("operator")
    room_of(page, show)
    page.route("**/alpine.js", _after_half_a_second)
    page.keyboard.press("s")
    expect(page.locator(".sh-confirm button[type=submit]")).to_be_focused()


def _after_half_a_second(route: Route) -> None:
    time.sleep(0.5)
    route.continue_()


def test_a_lost_connection_is_said_with_its_time_and_buttons_do_nothing(log_in: Open) -> None:
    all_well()
    show = live_show(1, minutes=5)
    page = log_in("operator")
    room_of(page, show)
    expect(page.locator("#sh-cut")).to_have_count(0)
    page.context.set_offline(True)
    cut = page.locator("#sh-cut")
    expect(cut).to_contain_text("No connection to StreamHub since")
    expect(cut).to_contain_text("What you see is from then")
    page.keyboard.press("x")
    expect(cut).to_contain_text("Nothing was sent")
    page.locator("#do-extend").click()
    expect(page.locator(".sh-room")).to_be_visible()
    Breakout.objects.filter(pk=show.pk).update(state="stopping")
    page.context.set_offline(False)
    expect(page.locator(".sh-room .sh-sub .sh-badge").first).to_contain_text("stopping", timeout=15_000)
    expect(cut).to_have_count(0)
    page.locator("#do-stop").click()
    expect(page.locator(".sh-confirm")).to_be_visible()


def test_shows_come_and_go_on_an_open_page_and_the_focus_stays(log_in: Open) -> None:
    all_well()
    first, second = live_show(1, minutes=9), live_show(2, minutes=5)
    page = log_in("operator")
    page.goto("/admin/live/")
    names = page.locator(".sh-show-name")
    expect(names).to_have_text([first.name, second.name])
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    third = live_show(3, minutes=12)
    assert second.channel is not None
    unplugged(second.channel, timezone.now() - timedelta(minutes=1))
    Breakout.objects.filter(pk=first.pk).update(state="completed")
    expect(names).to_have_text([second.name, third.name], timeout=15_000)
    expect(names.nth(0)).to_be_focused()
    expect(page.locator(".sh-show-bad")).to_contain_text("Nothing arrives at the first URL")


def test_rows_of_a_list_come_and_go_and_what_is_checked_stays_checked(log_in: Open) -> None:
    all_well()
    moving, resting = rows.channel("provisioning", name="North"), rows.channel("idle", name="South")
    page = log_in("operator")
    page.goto("/admin/channels_app/channel/")
    box = page.locator(f"tbody:has(#state-channel-{moving.pk}) input.action-select")
    box.check()
    Channel.objects.filter(pk=moving.pk).update(state="idle")
    Channel.objects.filter(pk=resting.pk).delete()
    newest = rows.channel("pending", name="East")
    expect(page.locator(f"#state-channel-{moving.pk}")).to_contain_text("idle", timeout=15_000)
    expect(page.locator(f"#state-channel-{resting.pk}")).to_have_count(0)
    expect(page.locator("#result_list tbody").first).to_contain_text("East")
    expect(box).to_be_checked()
    page.locator(f"tbody:has(#state-channel-{newest.pk}) input.action-select").check()
    expect(page.locator(".action-counter")).to_contain_text("2 of")


@SCHEMES
def test_pages_of_shows_on_air_fit_and_are_accessible(log_in: Open, shoot: Shoot, scheme: Any) -> None:
    all_well()
    shows = [live_show(n, viewers=40 * n + 3, minutes=20) for n in range(6)]
    assert shows[2].channel is not None
    unplugged(shows[2].channel, timezone.now() - timedelta(minutes=2))
    Channel.objects.filter(pk=shows[4].channel_id).update(**rows.ERROR, error_at=timezone.now())
    soon = timezone.now() + timedelta(minutes=20)
    planned = rows.breakout("idle", shows[0].channel, name="Closing talk", starts_at=soon)
    evaluation.evaluate()
    gallery = Gallery(log_in("operator", scheme=scheme), shoot, scheme)
    control = "channels_app/breakout/{}/control/".format
    for name, path in {
        "live-now": "live/",
        "control-room": control(shows[0].pk),
        "control-room-no-input": control(shows[2].pk),
        "control-room-planned": control(planned.pk),
        "dashboard-live": "",
        "stop-live": f"channels_app/breakout/{shows[0].pk}/do/stop/",
    }.items():
        gallery.visit(name, path)
    gallery.page.keyboard.press("Escape")
    gallery.visit("keys", control(shows[0].pk), _ask_for_keys)
    assert_nothing_wrong(gallery)


def test_the_control_room_is_complete_without_scripts(browser: Any, live_server: Any, log_in: Open) -> None:
    all_well()
    show = live_show(1, minutes=5)
    state = log_in("operator").context.storage_state()
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url, storage_state=state)
    page = context.new_page()
    room_of(page, show)
    page.get_by_role("link", name="Stop", exact=True).click()
    page.fill("#typed", "stop")
    page.get_by_role("button", name="Yes, stop").click()
    expect(page.locator(".sh-room .sh-sub .sh-badge").first).to_contain_text("stopping")
    context.close()
