"""The inputs of a channel in Chromium: the form follows the type, and only what works can be copied."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from channels_app.models import Channel
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, Open
from tests.scenarios import rows
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]
ADD = "/admin/channels_app/channel/add/"
PUSH, PULL, SECRET = "#id_allowed_cidrs", "#id_source_urls", "#id_source_username"


def test_the_form_shows_the_fields_of_the_chosen_input(log_in: Open, shoot: Shoot) -> None:
    page = log_in("operator")
    page.goto(ADD)
    for kind, shown in (
        ("RTMP_PUSH", [PUSH]),
        ("URL_PULL", [PULL, SECRET]),
        ("SRT_CALLER", [PULL]),
        ("RTP_PUSH", [PUSH]),
        ("MP4_FILE", [PULL, SECRET]),
    ):
        page.select_option("#id_input_type", kind)
        assert [field for field in (PUSH, PULL, SECRET) if page.is_visible(field)] == shown, kind
    shoot(page, "channel-form-file")
    page.fill("#id_name", "Feed")
    page.fill(PULL, "rtmp://127.0.0.1/app/x")
    page.select_option("#id_input_type", "RTMP_PULL")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("form.sh-form")).to_contain_text("not an address on the internet")
    page.select_option("#id_input_type", "RTMP_PUSH")
    assert not page.is_visible(PULL)  # it is left out, and comes back with the choice
    page.select_option("#id_input_type", "RTMP_PULL")
    assert page.input_value(PULL) == "rtmp://127.0.0.1/app/x"
    assert severe_violations(page) == []
    shoot(page, "channel-form-refused")
    assert not Channel.objects.exists()


def test_without_scripts_all_fields_are_there(log_in: Open, browser: Browser) -> None:
    page = log_in("operator")
    state = page.context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=state)
    plain = context.new_page()
    plain.goto(page.url.partition("/admin/")[0] + ADD)
    assert [plain.is_visible(field) for field in (PUSH, PULL, SECRET)] == [True] * 3
    plain.fill("#id_name", "Feed")
    plain.fill(PULL, "https://media.example.com/a.m3u8")
    plain.select_option("#id_input_type", "URL_PULL")
    plain.get_by_role("button", name="Create").click()
    assert Channel.objects.get().source_urls == ["https://media.example.com/a.m3u8"]
    context.close()


def test_the_page_says_which_address_is_used(log_in: Open, world: WorldUnderTest, shoot: Shoot) -> None:
    urls = [
        f"rtmp://198.51.100.{n}:1935/streamhub-0123456789abcdef/{part}" for n, part in ((7, "a"), (8, "b"))
    ]
    row = rows.channel(input_urls=urls, maintenance_window="THURSDAY 04:00", tags={"team": "events"})
    page = log_in("operator")
    page.goto(f"/admin/channels_app/channel/{row.pk}/change/")
    copied = [button.get_attribute("data-sh-copy") for button in page.locator(".sh-ingest .sh-copy").all()]
    assert copied == [urls[0].rpartition("/")[0], "a", urls[0]]
    expect(page.locator(".sh-unused")).to_contain_text("pipeline 1, not used")
    assert severe_violations(page) == []
    shoot(page, "channel-ingest")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    shoot(page, "channel-ingest")
    page.get_by_role("link", name="Edit tags", exact=True).first.click()
    expect(page.locator("#id_tags")).to_have_value("team=events")
    shoot(page, "channel-tags")
    page.fill("#id_tags", "team=news")
    page.get_by_role("button", name="Yes, edit tags").click()
    expect(page.locator("#live")).to_contain_text("news")
