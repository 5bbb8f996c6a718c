"""Chromium, a live server, and the product working in this process beside it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, Page, sync_playwright

from streamhub.console import roles
from tests.world import WorldUnderTest

# Playwright keeps an event loop in this thread, in which Django would refuse to touch the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

SCREENSHOTS = Path(settings.VAR_DIR) / "screenshots"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PASSWORD = "correct horse"

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[WorldUnderTest]:
    """On committed rows, which the live server's threads see too."""
    yield from WorldUnderTest.running(settings)


@pytest.fixture
def log_in(browser: Browser, live_server: Any, world: WorldUnderTest) -> Iterator[Open]:
    """`log_in("operator")`: a page of somebody with that role, on the dashboard. Errors fail the test."""
    roles.seed()
    contexts, complaints = [], []

    def page(role: str, *, viewport: Any = WIDE, scheme: Any = "light") -> Page:
        user = User.objects.filter(username=role).first()
        if user is None:
            user = User.objects.create_user(role, password=PASSWORD, is_staff=True)
            user.groups.add(Group.objects.get(name=role))
        context = browser.new_context(
            viewport=viewport, color_scheme=scheme, timezone_id="Europe/Berlin", base_url=live_server.url
        )
        contexts.append(context)
        found = context.new_page()
        found.on("pageerror", lambda error: complaints.append(str(error)))
        found.on("request", lambda request: _only_here(request.url, live_server.url, complaints))
        found.goto("/admin/")
        found.fill("#id_username", role)
        found.fill("#id_password", PASSWORD)
        found.click("button[type=submit]")
        found.wait_for_url(re.compile(r"/admin/$"))
        return found

    yield page
    for context in contexts:
        context.close()
    assert complaints == []


def _only_here(url: str, here: str, complaints: list[str]) -> None:
    if not url.startswith((here, "data:", "blob:")):
        complaints.append(f"{url} is not on this server")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of nobody in particular."""
    context = browser.new_context(viewport=WIDE)
    yield context.new_page()
    context.close()


@pytest.fixture
def screenshots() -> Path:
    """The folder of the screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Save what the page shows; complain if it is wider than the window."""

    def save(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        size = page.viewport_size or WIDE
        page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name

    return save
