"""The pages that the operator has open in Chromium, what they say, and what they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.night.house import PASSWORD
from tests.scenarios.chromium import launched

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# What the page says now. The log is left out: it also says what is over.
SAYS = """() => {
  const log = document.querySelector("#log");
  return document.body.innerText.replace(log ? log.innerText : "\\0", "");
}"""


class Desk:
    """A browser with open pages, by name. Nobody reloads them: they refresh themselves."""

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self._browser, self._url, self._folder = browser, url, folder
        self._context: BrowserContext = browser.new_context(
            viewport={"width": WIDE["width"], "height": WIDE["height"]},
            base_url=url,
            timezone_id="Europe/Berlin",
        )
        self.pages: dict[str, Page] = {}
        page = self._context.new_page()
        page.goto("/admin/")
        page.fill("#id_username", "admin")
        page.fill("#id_password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(re.compile(r"/admin/$"))
        page.close()

    def open(self, name: str, path: str) -> Page:
        """Open a page, or have the one of this name show another."""
        page = self.pages.get(name) or self._context.new_page()
        self.pages[name] = page
        page.goto(path)
        return page

    def says(self, name: str) -> str:
        return str(self.pages[name].evaluate(SAYS))

    def shoot(self, name: str, picture: str) -> None:
        """A screenshot of the page as it is."""
        self.pages[name].screenshot(path=self._folder / f"{picture}.png", full_page=True)

    def shoot_other_eyes(self, name: str, picture: str) -> None:
        """The page in the dark, and on a phone."""
        page = self.pages[name]
        page.emulate_media(color_scheme="dark")
        self.shoot(name, f"{picture}-dark")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.wait_for_timeout(300)
        self.shoot(name, f"{picture}-dark-phone")
        page.emulate_media(color_scheme="light")
        self.shoot(name, f"{picture}-phone")
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]


@contextmanager
def desk(url: str, folder: Path) -> Iterator[Desk]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        try:
            yield Desk(browser, url, folder)
        finally:
            browser.close()
