"""What a tired operator relies on in Chromium: times of their own zone, and what they typed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, expect

from channels_app.models import Breakout, Channel
from tests.browser.clicking import follow
from tests.browser.door import PASSWORD, sign_in
from tests.browser.staff import PHONE, Open
from tests.scenarios import rows
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

BERLIN = ZoneInfo("Europe/Berlin")  # where the browsers of these tests are
# The left edge of a bullet, and that of the text that it belongs to.
HANGS_OUT = """list => {
    const holder = list.closest("li").getBoundingClientRect().left;
    return list.getBoundingClientRect().left + parseFloat(getComputedStyle(list).paddingLeft) < holder + 16;
}"""


def _on_air(name: str, end: datetime) -> None:
    row = rows.breakout("running", rows.channel("running", name=f"Room of {name}"), name=name)
    begun = end - timedelta(hours=1)
    Breakout.objects.filter(pk=row.pk).update(session_started_at=begun, starts_at=begun, duration_minutes=60)


def _local(moment: datetime) -> str:
    """As the console shows it in the browser's zone: with the day if that is another one."""
    here, today = moment.astimezone(BERLIN), timezone.now().astimezone(BERLIN).date()
    day = "" if here.date() == today else f"{here:%Y-%m-%d} "
    return f"{day}{here:%H:%M} {here:%Z}"


def _stop_all(page: Page) -> None:
    page.goto("/admin/channels_app/breakout/")
    for box in page.locator("input.action-select").all():
        box.check()
    page.select_option("select[name=action]", "verb_stop")
    follow(page, page.locator("button[name=index]"))


def test_a_confirmation_says_times_in_the_persons_zone_and_in_utc(log_in: Open) -> None:
    end = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=12)
    for name in ("Keynote", "Panel"):
        _on_air(name, end)
    page = log_in("operator")
    _stop_all(page)
    said = f"planned to end {_local(end)} ({end:%Y-%m-%d %H:%M} UTC), 12 min ago"
    expect(page.locator(".sh-items > li").first).to_contain_text(said)
    for size in (None, PHONE):
        if size:
            page.set_viewport_size(size)  # type: ignore[arg-type]
        lists = page.locator(".sh-items .sh-consequences")
        assert [one.evaluate(HANGS_OUT) for one in lists.all()] == [False, False]


def test_what_was_typed_comes_back_after_signing_in_again(
    page: Page, live_server: Any, world: WorldUnderTest
) -> None:
    User.objects.create_superuser("anna", password=PASSWORD)
    form = f"{live_server.url}/admin/channels_app/channel/add/"
    page.goto(form)
    sign_in(page)
    page.wait_for_url(form)
    page.fill("#id_name", "Main stage")
    page.select_option("#id_input_type", "RTMP_PULL")
    page.fill("#id_source_urls", "rtmp://source.example/live/stream-key")
    page.fill("#id_source_password_param", "/streamhub/stage")
    Session.objects.all().delete()
    create = page.get_by_role("button", name="Create")
    follow(page, create)
    expect(page.get_by_role("status")).to_contain_text("what was typed comes back")
    assert "stream-key" not in page.evaluate("sessionStorage.getItem('sh-kept')")
    sign_in(page)
    page.wait_for_url(form)
    back = page.locator("#sh-main .sh-note")
    expect(back).to_contain_text("What was typed is back")
    expect(page.locator("#id_name")).to_have_value("Main stage")
    expect(page.locator("#id_input_type")).to_have_value("RTMP_PULL")
    expect(page.locator("#id_source_urls")).to_have_value("")
    expect(page.locator("#id_source_password_param")).to_have_value("")
    # Signed in again in another tab: the form's token is another one now.
    page.context.add_cookies([{"name": "csrftoken", "value": "o" * 32, "url": live_server.url}])
    follow(page, create)
    follow(page, page.get_by_role("link", name="Back to the form"))
    expect(back).to_contain_text("What was typed is back")
    page.select_option("#id_input_type", "RTMP_PUSH")
    page.fill("#id_allowed_cidrs", "203.0.113.7/32")
    follow(page, create)
    assert Channel.objects.get().name == "Main stage"
    assert page.evaluate("sessionStorage.length") == 0


def test_a_table_of_costs_is_read_on_a_phone_without_moving_it(log_in: Open) -> None:
    on_aws: Any = {"ml_channel_id": "1", "ml_input_id": "2"}
    rows.channel("idle", name="Studio", **on_aws)
    rows.channel("running", name="Hauptbuehne_Erdgeschoss_Livestream1", ml_channel_state="RUNNING", **on_aws)
    page = log_in("engineer", viewport=PHONE)
    page.goto("/admin/billing/costs/")
    frame = page.locator(".sh-scroll.sh-whole").first
    expect(frame.locator(".sh-in-lines")).to_be_visible()
    assert frame.evaluate("frame => frame.scrollWidth <= frame.clientWidth")
    cell = frame.locator("td[data-sh-column='Of it encoder']")
    assert len({box["x"] + box["width"] for each in cell.all() if (box := each.bounding_box())}) == 1
