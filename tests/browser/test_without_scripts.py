"""The console in a browser that runs no JavaScript: log in, find, start, stop, delete, log out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from channels_app.models import Breakout, Channel
from tests.browser.clicking import confirm, create_channel, follow
from tests.browser.staff import PHONE, Open
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]


def test_a_show_is_found_started_and_stopped_and_its_channel_deleted_without_scripts(
    log_in: Open, world: WorldUnderTest, shoot: Shoot
) -> None:
    page = log_in("operator", scripts=False)
    shoot(page, "without-scripts-dashboard")
    create_channel(page)
    world.settle()
    page.reload()
    page.get_by_role("link", name="New breakout").click()
    page.fill("#id_name", "Opening keynote")
    follow(page, page.get_by_role("button", name="Create"))

    page.get_by_role("link", name="Name, id, URL").click()
    page.fill("input[type=search]", "keynote")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Opening keynote").wait_for()
    shoot(page, "without-scripts-found")
    page.get_by_role("link", name="Opening keynote").click()

    confirm(page, "Start")
    world.settle(lambda: Channel.objects.get().state == "running")
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator(".sh-sub .sh-badge")).to_contain_text("running")
    shoot(page, "without-scripts-on-air")
    follow(page, page.get_by_role("link", name="Stop", exact=True))
    shoot(page, "without-scripts-stop")
    page.fill("#typed", "stop")
    page.get_by_role("button", name="Yes, stop").click()
    world.settle()
    assert Breakout.objects.get().state == "completed"

    page.goto(f"/admin/channels_app/channel/{Channel.objects.get().pk}/change/")
    page.get_by_role("link", name="Delete", exact=True).click()
    page.get_by_role("button", name="Yes, delete").click()
    world.settle()
    assert not Channel.objects.exists()
    page.locator("#user-menu summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading")).to_contain_text("logged out")


def test_a_phone_without_scripts_reaches_every_page(
    log_in: Open, world: WorldUnderTest, shoot: Shoot
) -> None:
    page = log_in("operator", scripts=False, viewport=PHONE)
    page.get_by_role("link", name="Menu", exact=True).click()
    page.locator("#nav-sidebar a[href='/admin/channels_app/channel/']").press("Enter")
    expect(page.get_by_title("Add channel").first).to_be_visible()
    shoot(page, "without-scripts-phone")
