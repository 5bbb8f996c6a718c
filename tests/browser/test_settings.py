"""What is outdated, and *Apply settings*, in Chromium, light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from channels_app.models import Channel
from distributions.models import Distribution
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, WIDE, Open
from tests.scenarios import stage as scene
from tests.scenarios.closed_origin import want_closed
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")], ids=["wide", "dark", "phone"]
)
def test_an_outdated_channel_is_seen_and_brought_up_to_date(
    log_in: Open, world: WorldUnderTest, settings: Any, shoot: Shoot, size: Any, scheme: str
) -> None:
    scene.with_channel(world)
    want_closed(world, settings)
    settings.CLOUDFRONT_PRICE_CLASS = "PriceClass_All"
    page = log_in("operator", viewport=size, scheme=scheme)
    channel = Channel.objects.get().pk
    for name, path in {
        "settings-dashboard": "",
        "settings-list": "channels_app/channel/?view=outdated",
        "settings-channel": f"channels_app/channel/{channel}/change/",
        "settings-apply": f"channels_app/channel/{channel}/do/apply-settings/",
    }.items():
        page.goto(f"/admin/{path}")
        page.wait_for_load_state("networkidle")
        assert severe_violations(page) == [], name
        shoot(page, f"{name}-{scheme}")
    expect(page.get_by_text("To be applied: closed origin, price class.")).to_be_visible()
    page.get_by_role("button", name="Apply settings").click()
    expect(page.get_by_text("it is being brought up to date").first).to_be_visible()
    world.settle()
    page.reload()
    expect(page.get_by_text("closed: it answers only CloudFront").first).to_be_visible()
    expect(page.get_by_text("up to date", exact=True).first).to_be_visible()
    shoot(page, f"settings-closed-{scheme}")
    assert Distribution.objects.get().origin_header_version
