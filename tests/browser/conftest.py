"""Chromium, a live server, and the product working in this process beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, Page, sync_playwright

from distributions import mediamanager
from distributions.models import Distribution
from streamhub.console import roles
from tests.browser.staff import PASSWORD, WIDE, Open, Staff
from tests.scenarios.world import WorldUnderTest

# Playwright keeps an event loop in this thread, in which Django would refuse to touch the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# The suite's own scratch folder goes; screenshots are there to be looked at.
_VAR = Path(settings.VAR_DIR)
SCREENSHOTS = (
    settings.BASE_DIR / "var" if _VAR.name.startswith("streamhub-tests-") else _VAR
) / "screenshots"


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
    """`log_in("operator")`: a page of somebody with that role (or a "superuser"), on the dashboard.

    Errors in the browser fail the test.
    """
    roles.seed()
    staff = Staff(browser, live_server.url)

    def page(role: str, **window: Any) -> Page:
        user = User.objects.filter(username=role).first()
        if user is None:
            everything = role == "superuser"
            user = User.objects.create_user(role, password=PASSWORD, is_staff=True, is_superuser=everything)
            user.groups.set(Group.objects.filter(name=role))
        return staff.page(role, **window)

    yield page
    staff.close()
    assert staff.complaints == []


@pytest.fixture
def have_mediamanager(world: WorldUnderTest) -> Callable[[], None]:
    """Put the shared distribution into the embedded AWS and let StreamHub read it."""

    def have() -> None:
        world.control.console(
            "cloudfront",
            "create_mediamanager",
            Id=settings.MEDIAMANAGER_DISTRIBUTION_ID,
            recording_bucket=settings.RECORDING_BUCKET,
            media_bucket=settings.MEDIA_BUCKET,
        )
        mediamanager.mediamanager_register()
        world.settle(lambda: Distribution.objects.get(protected=True).config is not None)

    return have


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
