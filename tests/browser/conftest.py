"""Chromium, a live server, and the product's worker running in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, Page, expect, sync_playwright

from distributions import mediamanager
from distributions.models import Distribution
from streamhub.console import roles
from tests.browser.staff import PASSWORD, WIDE, Open, Staff
from tests.scenarios.chromium import NotInstalled, launched
from tests.scenarios.processes import unavailable
from tests.scenarios.world import WorldUnderTest

# Playwright runs an event loop in this thread; without this, Django refuses database access there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# How long what is expected may take on a busy machine: tests say what comes, and in which order.
expect.set_options(timeout=15_000)

# Nobody looks at those of a continuous integration, and they take a quarter of the suite's time.
WANTED = os.environ.get("SCREENSHOTS", "on") != "off"
# Screenshots must outlive the suite's temporary folder.
_VAR = Path(settings.VAR_DIR)
SCREENSHOTS = (
    settings.BASE_DIR / "var" if _VAR.name.startswith("streamhub-tests-") else _VAR
) / "screenshots"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The day with all processes comes first: it mostly waits, and pytest-django puts it last."""
    items.sort(key=lambda item: item.path.name != "test_day.py")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            chromium = launched(playwright)
        except NotInstalled as missing:
            unavailable("The browser", missing)
        yield chromium
        chromium.close()


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[WorldUnderTest]:
    """A world with committed rows, which the live server's threads can see."""
    yield from WorldUnderTest.running(settings)


@pytest.fixture
def log_in(browser: Browser, live_server: Any, world: WorldUnderTest) -> Iterator[Open]:
    """`log_in("operator")`: a page of a user with that role (or a "superuser"), on the dashboard.

    Errors in the browser fail the test.
    """
    roles.seed()
    staff = Staff(browser, live_server.url, world.control.url)

    def page(role: str, **window: Any) -> Page:
        user = User.objects.filter(username=role).first()
        if user is None:
            is_superuser = role == "superuser"
            user = User.objects.create_user(role, password=PASSWORD, is_staff=True, is_superuser=is_superuser)
            user.groups.set(Group.objects.filter(name=role))
        return staff.page(role, **window)

    yield page
    staff.close()
    assert staff.problems == []


@pytest.fixture
def create_mediamanager(world: WorldUnderTest) -> Callable[[], None]:
    """Create the MediaManager distribution in the embedded AWS and let StreamHub read it."""

    def create() -> None:
        world.control.console(
            "cloudfront",
            "create_mediamanager",
            Id=settings.MEDIAMANAGER_DISTRIBUTION_ID,
            recording_bucket=settings.RECORDING_BUCKET,
            media_bucket=settings.MEDIA_BUCKET,
        )
        mediamanager.mediamanager_register()
        world.settle(lambda: Distribution.objects.get(protected=True).config is not None)

    return create


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without a logged-in user."""
    context = browser.new_context(viewport=WIDE)
    yield context.new_page()
    context.close()


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Save a screenshot, unless `SCREENSHOTS=off`; fail if the page is wider than the window."""

    def save(page: Page, name: str) -> None:
        size = page.viewport_size or WIDE
        page.wait_for_load_state()  # what a click has opened is empty at first
        if WANTED:
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"{name}-{size['width']}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name

    return save
