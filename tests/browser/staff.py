"""People at their browsers: logged in with a role, complaining of script errors and of foreign hosts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "correct horse"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
Open = Callable[..., Page]


class Staff:
    """Whoever works with the console at `url`. What went wrong in their browsers is in `complaints`."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def page(self, name: str, *, viewport: Any = WIDE, scheme: Any = "light") -> Page:
        """A new window of the user `name`, on the dashboard."""
        found = self.stranger(scheme, viewport=viewport)
        found.fill("#id_username", name)
        found.fill("#id_password", PASSWORD)
        found.click("button[type=submit]")
        found.wait_for_url(re.compile(r"/admin/$"))
        return found

    def stranger(self, scheme: Any = "light", *, viewport: Any = WIDE) -> Page:
        """A new window of somebody who has not logged in, at the login."""
        context = self._browser.new_context(
            viewport=viewport, color_scheme=scheme, timezone_id="Europe/Berlin", base_url=self.url
        )
        self._contexts.append(context)
        found = context.new_page()
        found.on("pageerror", lambda error: self.complaints.append(str(error)))
        found.on("request", lambda request: self._only_here(request.url))
        found.goto("/admin/")
        return found

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _only_here(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.complaints.append(f"{url} is not on this server")
