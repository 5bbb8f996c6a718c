"""Users with a browser. Script errors and requests to other hosts are recorded as problems."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "correct horse"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
Open = Callable[..., Page]


class Staff:
    """The users of the console at `url`. `problems` has what went wrong in their browsers.

    They also get streams from the embedded AWS at `aws_url`. `here`: the console runs in this process, so
    they sign in without a browser; tests of the sign-in pages open `anonymous_page`.
    """

    def __init__(self, browser: Browser, url: str, aws_url: str, *, here: bool = True) -> None:
        self.url = url
        self._here = here
        self._known: tuple[str, ...] = (url, f"{aws_url}/_players/", "data:", "blob:")
        self.problems: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def page(self, name: str, *, viewport: Any = WIDE, scheme: Any = "light", scripts: bool = True) -> Page:
        """A new window of the user `name`, on the dashboard."""
        if self._here:
            page = self._new_page(scheme, viewport=viewport, scripts=scripts)
            page.context.add_cookies([_signed_in(name, self.url)])
            page.goto("/admin/")
            return page
        page = self.anonymous_page(scheme, viewport=viewport, scripts=scripts)
        page.fill("#id_username", name)
        page.fill("#id_password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(re.compile(r"/admin/$"))
        return page

    def anonymous_page(self, scheme: Any = "light", *, viewport: Any = WIDE, scripts: bool = True) -> Page:
        """A new window at the login page. Without `scripts` the browser runs no JavaScript."""
        page = self._new_page(scheme, viewport=viewport, scripts=scripts)
        page.goto("/admin/")
        return page

    def _new_page(self, scheme: Any, *, viewport: Any, scripts: bool) -> Page:
        context = self._browser.new_context(
            viewport=viewport,
            color_scheme=scheme,
            timezone_id="Europe/Berlin",
            base_url=self.url,
            java_script_enabled=scripts,
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._check_policy(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self._check_host(request.url))
        return page

    def also_reaches(self, url: str) -> None:
        """Requests to this address are expected too, such as a provider's."""
        self._known = (*self._known, url)

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _check_policy(self, text: str) -> None:
        """Chromium tells the console what the content security policy refused."""
        if "Content Security Policy" in text:
            self.problems.append(text)

    def _check_host(self, url: str) -> None:
        if not url.startswith(self._known):
            self.problems.append(f"{url} is not on this server")


def _signed_in(name: str, url: str) -> Any:
    """The cookie of a session of the user `name`, who gave the password at the login page."""
    client = Client(headers={"host": urlsplit(url).netloc})
    answer = client.post("/admin/login/?next=/admin/", {"username": name, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    return {"name": cookie.key, "value": cookie.value, "url": url}
