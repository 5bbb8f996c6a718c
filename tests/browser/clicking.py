"""What an operator clicks: a new channel, a verb with its confirmation, and what leads to another page."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def create_channel(page: Page, name: str = "Main stage") -> None:
    page.goto("/admin/channels_app/channel/")
    page.locator("a[href$='/channel/add/']").first.click()
    page.fill("#id_name", name)
    page.fill("#id_allowed_cidrs", "203.0.113.7/32")
    page.fill("#id_tags", "team=events")
    page.get_by_role("button", name="Create").click()
    expect(page.locator(".sh-title h2")).to_contain_text(name)


def follow(page: Page, target: Locator) -> None:
    """Click on what leads to another page, and wait until that page is there.

    A click alone returns while the old page still shows, and what looks at the page next finds that one, or
    neither.
    """
    with page.expect_navigation():
        target.click()


def confirm(page: Page, label: str) -> None:
    page.get_by_role("link", name=label, exact=True).first.click()
    if label == "Stop":
        page.fill("#typed", "stop")
    page.get_by_role("button", name=f"Yes, {label.lower()}").click()
