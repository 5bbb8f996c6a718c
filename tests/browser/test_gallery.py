"""Every page, light and dark, wide and narrow: photographed, fitting, nothing grave for axe-core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django_celery_beat.models import PeriodicTask
from playwright.sync_api import Browser, Page

from streamhub.console import dashboard
from tests.browser.accessibility import findings, load_axe
from tests.browser.staff import PHONE, WIDE, Open, Staff
from tests.scenarios.evening import Evening

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

Shoot = Callable[[Page, str], None]
Step = Callable[[Page], Any]

CHANNEL, BREAKOUT = "channels_app/channel", "channels_app/breakout"
DISTRIBUTION, TASK = "distributions/distribution", "django_celery_beat/periodictask"


class Gallery:
    """A person with a camera: each page once, in both sizes."""

    def __init__(self, page: Page, shoot: Shoot, scheme: str) -> None:
        self.page, self.scheme, self._shoot = page, scheme, shoot
        self.graves: list[str] = []
        self.unlike: list[str] = []

    def visit(self, name: str, path: str, step: Step | None = None, status: int = 200) -> None:
        """Open the page, take the step on it if there is one, look at it wide and narrow."""
        self.page.set_viewport_size(WIDE)
        answer = self.page.goto(f"/admin/{path}")
        if answer is None or answer.status != status:
            self.unlike.append(f"{name}: {answer and answer.status}")
        if step is not None:
            step(self.page)
        self.badge(name)

    def badge(self, name: str) -> None:
        self.page.evaluate("document.fonts.ready")
        load_axe(self.page)
        for size in (WIDE, PHONE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self._shoot(self.page, f"{name}-{self.scheme}")
            self.graves += [f"{name} {size['width']}: {finding}" for finding in findings(self.page)]


def pages(house: Evening) -> dict[str, str]:
    """Every page of the console that a GET shows, by the name of its photograph."""
    task = PeriodicTask.objects.get(name="sweep")
    operators = Group.objects.get(name="operator")
    return {
        "dashboard": "",
        "channels": f"{CHANNEL}/",
        "channels-failed": f"{CHANNEL}/?view=failed",
        "channels-none": f"{CHANNEL}/?q=nothing+like+this",
        "channel-on-air": f"{CHANNEL}/{house.on_air.pk}/change/",
        "channel-idle": f"{CHANNEL}/{house.idle.pk}/change/",
        "channel-waiting": f"{CHANNEL}/{house.waiting.pk}/change/",
        "channel-failed": f"{CHANNEL}/{house.broken.pk}/change/",
        "channel-pull": f"{CHANNEL}/{house.fetching.pk}/change/",
        "channel-add": f"{CHANNEL}/add/",
        "channel-delete": f"{CHANNEL}/{house.idle.pk}/do/delete/",
        "channel-delete-refused": f"{CHANNEL}/{house.on_air.pk}/do/delete/",
        "breakouts": f"{BREAKOUT}/",
        "breakouts-live": f"{BREAKOUT}/?view=live",
        "breakout-on-air": f"{BREAKOUT}/{house.live.pk}/change/",
        "breakout-planned": f"{BREAKOUT}/{house.planned.pk}/change/",
        "breakout-final": f"{BREAKOUT}/{house.past.pk}/change/",
        "breakout-failed": f"{BREAKOUT}/{house.failed.pk}/change/",
        "breakout-add": f"{BREAKOUT}/add/?channel={house.idle.pk}",
        "breakout-stop": f"{BREAKOUT}/{house.live.pk}/do/stop/",
        "breakout-start": f"{BREAKOUT}/{house.planned.pk}/do/start/",
        "distributions": f"{DISTRIBUTION}/",
        "distribution": f"{DISTRIBUTION}/{house.on_air.distribution_id}/change/",
        "distribution-stale": f"{DISTRIBUTION}/{house.stale.pk}/change/",
        "distribution-failed": f"{DISTRIBUTION}/{house.refused.pk}/change/",
        "distribution-missing": f"{DISTRIBUTION}/{house.missing.pk}/change/",
        "distribution-detach": f"{DISTRIBUTION}/{house.idle.distribution_id}/do/detach/",
        "configuration": f"{DISTRIBUTION}/{house.deploying.pk}/configuration/",
        "configuration-unread": f"{DISTRIBUTION}/{house.refused.pk}/configuration/",
        "mediamanager": "mediamanager/",
        "security-groups": "channels_app/securitygroup/",
        "security-group": f"channels_app/securitygroup/{house.group.pk}/change/",
        "transitions": "lifecycle/transition/",
        "timeline": f"lifecycle/transition/?resource_type=channel&resource_id={house.on_air.pk}",
        "ledger": "billing/ledgerminute/",
        "jobs": "lifecycle/job/",
        "heartbeats": "lifecycle/heartbeat/",
        "tokens": "access/apitoken/",
        "token": f"access/apitoken/{house.token.pk}/change/",
        "token-add": "access/apitoken/add/",
        "token-revoke": f"access/apitoken/{house.token.pk}/do/revoke/",
        "users": "auth/user/",
        "user": f"auth/user/{house.anna.pk}/change/",
        "user-add": "auth/user/add/",
        "roles": "auth/group/",
        "role": f"auth/group/{operators.pk}/change/",
        "schedule": f"{TASK}/",
        "schedule-task": f"{TASK}/{task.pk}/change/",
        "schedule-add": f"{TASK}/add/",
        "schedule-delete": f"{TASK}/{task.pk}/delete/",
        "intervals": "django_celery_beat/intervalschedule/",
        "password": "password_change/",
    }


def _complain(page: Page) -> None:
    page.fill("#id_name", "Main stage")
    page.fill("#id_allowed_cidrs", "0.0.0.0/0")
    page.get_by_role("button", name="Create").click()
    page.locator(".sh-form [role=alert]").first.wait_for()


def _choose_all(verb: str) -> Step:
    def choose(page: Page) -> None:
        page.check("#action-toggle")
        page.select_option("select[name=action]", verb)
        page.locator("button[name=index]").click()
        page.locator(".sh-items").wait_for()

    return choose


def _search(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#search-input-command").press_sequentially("keynote")
    page.locator("#command-results a").first.wait_for()


def _filters(page: Page) -> None:
    page.locator("a", has_text="Filters").click()
    page.locator("#changelist-filter").wait_for()


SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


def nothing_grave(*galleries: Gallery) -> None:
    """Every page answered as it should, and axe-core found nothing critical or serious on it."""
    found = [each for gallery in galleries for each in (*gallery.unlike, *gallery.graves)]
    assert found == [], "\n".join(found)


@SCHEMES
def test_every_page(log_in: Open, shoot: Shoot, scheme: str, have_mediamanager: Callable[[], None]) -> None:
    have_mediamanager()
    gallery = Gallery(log_in("superuser", scheme=scheme), shoot, scheme)
    for name, path in pages(Evening()).items():
        gallery.visit(name, path)
    nothing_grave(gallery)


@SCHEMES
def test_what_pages_show_when_one_clicks(log_in: Open, shoot: Shoot, scheme: str) -> None:
    gallery = Gallery(log_in("superuser", scheme=scheme), shoot, scheme)
    Evening()
    gallery.visit("channel-complaint", f"{CHANNEL}/add/", _complain)
    gallery.visit("bulk-confirm", f"{DISTRIBUTION}/", _choose_all("verb_retry"))
    gallery.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    gallery.page.locator("button[type=submit].sh-btn").click()
    gallery.page.locator(".sh-item-yes").first.wait_for()
    gallery.look("bulk-results")
    gallery.visit("search", "", _search)
    gallery.visit("filters", f"{BREAKOUT}/", _filters)
    nothing_grave(gallery)


@SCHEMES
def test_what_others_see(
    browser: Browser,
    live_server: Any,
    log_in: Open,
    shoot: Shoot,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    operator = Gallery(log_in("operator", scheme=scheme), shoot, scheme)
    house = Evening()
    operator.visit("operator-breakout", f"{BREAKOUT}/{house.live.pk}/change/")
    operator.visit("error-403", "access/apitoken/", status=403)
    operator.visit("error-404", "no/such/page/", status=404)
    viewer = Gallery(log_in("viewer", scheme=scheme), shoot, scheme)
    viewer.visit("viewer-dashboard", "")
    viewer.visit("viewer-breakout", f"{BREAKOUT}/{house.live.pk}/change/")
    nobody = Gallery(Staff(browser, live_server.url).stranger(scheme), shoot, scheme)
    nobody.visit("login", "login/")
    nobody.page.fill("#id_username", "anna")
    nobody.page.fill("#id_password", "wrong")
    nobody.page.click("button[type=submit]")
    nobody.look("login-refused")
    monkeypatch.setattr(dashboard, "build", lambda user: 1 / 0)
    operator.visit("error-500", "", status=500)
    nothing_grave(operator, viewer, nobody)
