"""The console in Chromium, as an operator and as a viewer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from channels_app.models import Channel
from distributions.models import Distribution
from streamhub.lifecycle.models import Job
from tests.browser.accessibility import severe_violations
from tests.browser.clicking import confirm, create_channel
from tests.browser.staff import PHONE, WIDE, Open
from tests.scenarios import rows
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]


def test_a_channels_page_follows_its_creation_and_deletion_without_reloading(
    log_in: Open, world: WorldUnderTest, shoot: Shoot
) -> None:
    page = log_in("operator")
    create_channel(page)
    expect(page.locator(".sh-sub .sh-badge")).to_contain_text("pending")
    page.evaluate("window.notReloaded = true")
    world.settle()
    expect(page.locator(".sh-sub .sh-badge")).to_contain_text("idle", timeout=15_000)
    expect(page.locator("#live")).to_contain_text("rtmp://")
    assert page.evaluate("window.notReloaded")
    shoot(page, "channel")

    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.locator(".sh-confirm")).to_contain_text("Main stage")
    expect(page.locator(".sh-confirm")).to_contain_text("The reaper deletes it later")
    shoot(page, "confirm-delete")
    assert Channel.objects.get().desired == "idle"
    page.get_by_role("button", name="Yes, delete").click()
    expect(page.locator(".sh-sub .sh-badge")).to_contain_text("deleting")
    world.settle()
    expect(page.locator(".sh-gone")).to_contain_text("was deleted", timeout=15_000)
    shoot(page, "gone")
    world.reap()
    world.settle()
    assert not Distribution.objects.exists()


def test_an_operator_runs_a_breakout(log_in: Open, world: WorldUnderTest, shoot: Shoot) -> None:
    page = log_in("operator")
    create_channel(page)
    world.settle()
    page.get_by_role("link", name="New breakout").click()
    page.fill("#id_name", "Opening keynote")
    page.get_by_role("button", name="Create").click()
    confirm(page, "Prepare")
    confirm(page, "Start")
    expect(page.locator(".sh-sub .sh-badge")).to_contain_text("starting")
    world.settle(lambda: Channel.objects.get().state == "running")
    expect(page.locator(".sh-sub .sh-badge")).to_contain_text("running", timeout=15_000)
    confirm(page, "Raise curtain")
    expect(page.locator("#live")).to_contain_text("cloudfront.net/out/v1/")
    shoot(page, "on-air")
    page.goto("/admin/")
    expect(page.locator(".sh-tile", has_text="Live now")).to_contain_text("1")
    shoot(page, "dashboard-on-air")
    page.locator(".sh-lists").get_by_role("link", name="Opening keynote").click()
    confirm(page, "Lower curtain")
    confirm(page, "Stop")
    world.settle()
    expect(page.locator(".sh-sub .sh-badge")).to_contain_text("completed", timeout=15_000)


def test_a_list_refreshes_its_states(log_in: Open, shoot: Shoot) -> None:
    row = rows.channel("provisioning")
    page = log_in("operator")
    page.goto("/admin/channels_app/channel/")
    cell = page.locator(f"#state-channel-{row.pk}")
    expect(cell).to_contain_text("provisioning")
    Channel.objects.filter(pk=row.pk).update(state="idle")
    expect(cell).to_contain_text("idle", timeout=10_000)
    shoot(page, "channels")


def test_a_form_shows_errors_at_the_field(log_in: Open, shoot: Shoot) -> None:
    page = log_in("operator")
    page.goto("/admin/channels_app/channel/add/")
    page.fill("#id_name", "Main stage")
    page.fill("#id_allowed_cidrs", "0.0.0.0/0")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-form")).to_contain_text("would open the input to the whole world")
    assert page.input_value("#id_name") == "Main stage"
    shoot(page, "form-complaint")


def test_a_refused_form_leads_to_its_first_problem_also_where_it_is_a_choice(log_in: Open) -> None:
    page = log_in("operator")
    page.goto("/admin/channels_app/breakout/add/")
    page.fill("#id_name", "Keynote")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-problems")).to_be_visible()
    expect(page.locator(".select2-selection").first).to_be_focused()


def test_a_warning_below_a_long_form_is_seen_at_once(log_in: Open) -> None:
    """The page opened at its top, as if nothing had happened, with the warning below the window."""
    begins = timezone.now() + timedelta(hours=3)
    row = rows.breakout("idle", starts_at=begins, duration_minutes=60)
    page = log_in("operator", viewport={"width": 1440, "height": 700})
    page.goto(f"/admin/channels_app/breakout/add/?channel={row.channel_id}")
    page.fill("#id_name", "Keynote")
    page.fill("#id_starts_at", f"{begins:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-warnings")).to_be_in_viewport()
    expect(page.locator(".sh-warnings")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Create all the same")).to_be_focused()


def test_a_bulk_action_shows_the_result_for_each_object(log_in: Open, shoot: Shoot) -> None:
    rows.distribution(), rows.distribution("failed", **rows.ERROR)
    page = log_in("operator")
    page.goto("/admin/distributions/distribution/")
    for box in page.locator("input.action-select").all():
        box.check()
    page.select_option("select[name=action]", "verb_retry")
    page.locator("button[name=index]").click()
    expect(page.locator(".sh-items")).to_contain_text("stays as it is")
    shoot(page, "bulk-confirm")
    page.get_by_role("button", name="Yes, retry 1 of 2").click()
    expect(page.locator(".sh-items")).to_contain_text("done: StreamHub is trying again.")
    shoot(page, "bulk-results")


def test_a_failure_shows_its_reason_and_offers_retry(log_in: Open, shoot: Shoot) -> None:
    row = rows.channel("failed", failed_step="create the MediaLive channel", **rows.ERROR)
    page = log_in("operator")
    page.goto(f"/admin/channels_app/channel/{row.pk}/change/")
    expect(page.locator(".sh-error")).to_contain_text("could not create the MediaLive channel")
    shoot(page, "failed")
    confirm(page, "Retry")
    expect(page.locator(".sh-error")).to_have_count(0)


def test_a_viewer_sees_the_same_pages_without_verbs(log_in: Open, shoot: Shoot) -> None:
    channel = rows.channel("running", distribution=rows.distribution())
    keynote = rows.breakout("running", channel)
    page = log_in("viewer")
    for path in (
        f"channels_app/channel/{channel.pk}",
        f"channels_app/breakout/{keynote.pk}",
        f"distributions/distribution/{channel.distribution_id}",
    ):
        page.goto(f"/admin/{path}/change/")
        expect(page.locator(".sh-title h2")).to_be_visible()
        expect(page.locator("a[href*='/do/']")).to_have_count(0)
        expect(page.locator(".sh-off")).to_have_count(0)
    shoot(page, "viewer")


def test_polling_stops_at_a_login_page(log_in: Open) -> None:
    row = rows.channel("provisioning")
    page = log_in("operator")
    page.goto(f"/admin/channels_app/channel/{row.pk}/change/")
    page.context.clear_cookies()
    expect(page.locator("[data-sh-updated]")).to_contain_text("signed out", timeout=10_000)
    expect(page.locator(".sh-title h2")).to_be_visible()


def test_axe_reports_known_violations(page: Page) -> None:
    page.set_content("<html><body><img src='x'><p style='color:#bbb;background:#fff'>pale</p></body></html>")
    rules = " ".join(severe_violations(page))
    assert "image-alt" in rules
    assert "color-contrast" in rules


def test_what_lies_over_the_page_takes_the_focus_keeps_it_and_gives_it_back(log_in: Open) -> None:
    page = log_in("operator")
    page.goto("/admin/channels_app/channel/")
    focus_in = "selector => document.querySelector(selector).contains(document.activeElement)"

    def stays_in(selector: str) -> None:
        page.wait_for_function(focus_in, arg=selector)
        for key in ("Shift+Tab", *["Tab"] * 4):
            page.keyboard.press(key)
            assert page.evaluate(focus_in, selector), f"{key} left {selector}"

    filters = page.get_by_role("button", name="Filters")
    filters.press("Enter")
    stays_in("#changelist-filter")
    page.keyboard.press("Escape")
    expect(filters).to_be_focused()
    find = page.locator(".sh-find")
    find.press("Enter")
    expect(page.locator("#search-input-command")).to_be_focused()
    stays_in("[role=dialog][aria-label=Search]")
    page.locator("#search-input-command").press("Escape")
    expect(find).to_be_focused()

    page.set_viewport_size(PHONE)
    menu = page.get_by_role("button", name="Menu", exact=True)
    menu.press("Enter")
    stays_in("#nav-sidebar")
    page.keyboard.press("Escape")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    expect(menu).to_be_focused()


def test_the_focus_leaves_the_menu_of_a_window_that_becomes_wide(log_in: Open) -> None:
    page = log_in("operator", viewport=PHONE)
    page.get_by_role("button", name="Menu", exact=True).press("Enter")
    inside = "document.querySelector('#nav-sidebar').contains(document.activeElement)"
    page.wait_for_function(inside)
    page.set_viewport_size(WIDE)
    links = "[...document.querySelectorAll('a[href]')].filter((each) => each.checkVisibility()"
    page.evaluate(f"{links} && !each.closest('#nav-sidebar')).at(-2).focus()")
    page.keyboard.press("Tab")
    assert not page.evaluate(inside)


# What a person types at once after the click, before the browser has shown the field.
AT_ONCE = """() => {
  document.querySelector('.sh-find').click();
  for (const key of 'hall') {
    const event = new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true});
    document.activeElement.dispatchEvent(event);
  }
}"""


def test_what_is_typed_before_the_search_is_shown_is_searched_and_presses_no_key(log_in: Open) -> None:
    rows.channel("idle", name="Great hall")
    page = log_in("operator")
    page.evaluate(AT_ONCE)
    expect(page.locator("#search-input-command")).to_have_value("hall")
    expect(page.locator("#search-input-command")).to_be_focused()
    page.keyboard.type("x")
    expect(page.locator("#search-input-command")).to_have_value("hallx")
    page.keyboard.press("Backspace")
    expect(page.locator("#command-results a").first).to_contain_text("Great hall")
    assert page.url.endswith("/admin/")


def test_a_field_that_is_written_in_keeps_what_is_typed(log_in: Open) -> None:
    """Unfold opens no search from there; what was prepared for one takes nothing away."""
    page = log_in("operator")
    page.goto("/admin/channels_app/channel/add/")
    page.locator("#id_name").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("hall")
    expect(page.locator("#id_name")).to_have_value("hall")


def test_a_sentence_of_the_jobs_page_has_no_gaps_around_its_times(log_in: Open) -> None:
    """As boxes with gaps between them, "10:19 CET, took 2 s" had a gap before its comma."""
    began = timezone.now() - timedelta(minutes=1)
    Job.objects.create(name="sweep", started_at=began, finished_at=began + timedelta(seconds=2))
    page = log_in("operator")
    page.goto("/admin/lifecycle/job/")
    times = page.locator("#job-sweep time")
    gap = times.first.evaluate(
        """time => {
            const after = document.createRange();
            after.selectNode(time.nextSibling);
            return after.getClientRects()[0].left - time.getBoundingClientRect().right;
        }"""
    )
    assert gap < 2
