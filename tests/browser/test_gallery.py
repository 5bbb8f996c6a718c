"""Screenshots of all pages, light and dark, wide and narrow: each fits, axe-core reports nothing severe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django_celery_beat.models import PeriodicTask
from playwright.sync_api import Browser, Page

from streamhub.alerts import evaluation
from streamhub.alerts.models import open_alarms
from streamhub.console import dashboard
from tests.browser.clicking import follow
from tests.browser.gallery import SCHEMES, Gallery, Shoot, Step, assert_nothing_wrong
from tests.browser.staff import WIDE, Open, Staff
from tests.scenarios.one_of_everything import OneOfEverything
from tests.scenarios.world import WorldUnderTest

# All pages, one after the other: minutes on a busy machine.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

CHANNEL, BREAKOUT = "channels_app/channel", "channels_app/breakout"
DISTRIBUTION, TASK = "distributions/distribution", "django_celery_beat/periodictask"


def pages(site: OneOfEverything) -> dict[str, str]:
    """Paths of all pages of the console, by the name of their screenshot."""
    task = PeriodicTask.objects.get(name="sweep")
    own = PeriodicTask.objects.create(name="another sweep", task=task.task, interval=task.interval)
    operators = Group.objects.get(name="operator")
    evaluation.evaluate()
    alarm = open_alarms().earliest("pk")
    return {
        "dashboard": "",
        "costs": "billing/costs/",
        "aws-bill": "billing/aws-bill/",
        "prices": "billing/prices/",
        "prices-add": "billing/prices/add/",
        "prices-import": "billing/prices/import/",
        "channels": f"{CHANNEL}/",
        "channels-failed": f"{CHANNEL}/?view=failed",
        "channels-none": f"{CHANNEL}/?q=nothing+like+this",
        "channel-on-air": f"{CHANNEL}/{site.on_air.pk}/change/",
        "channel-idle": f"{CHANNEL}/{site.idle.pk}/change/",
        "channel-waiting": f"{CHANNEL}/{site.waiting.pk}/change/",
        "channel-failed": f"{CHANNEL}/{site.broken.pk}/change/",
        "channel-pull": f"{CHANNEL}/{site.fetching.pk}/change/",
        "channel-add": f"{CHANNEL}/add/",
        "channel-delete": f"{CHANNEL}/{site.idle.pk}/do/delete/",
        "channel-delete-refused": f"{CHANNEL}/{site.on_air.pk}/do/delete/",
        "breakouts": f"{BREAKOUT}/",
        "breakouts-live": f"{BREAKOUT}/?view=live",
        "breakout-on-air": f"{BREAKOUT}/{site.live.pk}/change/",
        "breakout-planned": f"{BREAKOUT}/{site.planned.pk}/change/",
        "breakout-final": f"{BREAKOUT}/{site.past.pk}/change/",
        "breakout-failed": f"{BREAKOUT}/{site.failed.pk}/change/",
        "breakout-add": f"{BREAKOUT}/add/?channel={site.idle.pk}",
        "breakout-stop": f"{BREAKOUT}/{site.live.pk}/do/stop/",
        "breakout-start": f"{BREAKOUT}/{site.planned.pk}/do/start/",
        "distributions": f"{DISTRIBUTION}/",
        "distribution": f"{DISTRIBUTION}/{site.on_air.distribution_id}/change/",
        "distribution-stale": f"{DISTRIBUTION}/{site.stale.pk}/change/",
        "distribution-failed": f"{DISTRIBUTION}/{site.refused.pk}/change/",
        "distribution-missing": f"{DISTRIBUTION}/{site.missing.pk}/change/",
        "distribution-detach": f"{DISTRIBUTION}/{site.idle.distribution_id}/do/detach/",
        "configuration": f"{DISTRIBUTION}/{site.deploying.pk}/configuration/",
        "configuration-unread": f"{DISTRIBUTION}/{site.refused.pk}/configuration/",
        "mediamanager": "mediamanager/",
        "security-groups": "channels_app/securitygroup/",
        "security-group": f"channels_app/securitygroup/{site.group.pk}/change/",
        "transitions": "lifecycle/transition/",
        "timeline": f"lifecycle/transition/?resource_type=channel&resource_id={site.on_air.pk}",
        "ledger": "billing/ledgerminute/",
        "conservation": "billing/conservation/",
        "clock-offsets": "lifecycle/clockoffset/",
        "jobs": "lifecycle/job/",
        "health": "health/",
        "quotas": "quotas/",
        "reaper": "distributions/reaper/",
        "distribution-price": f"{DISTRIBUTION}/{site.idle.distribution_id}/do/price/",
        "alarms": "alerts/alarm/",
        "alarm": f"alerts/alarm/{alarm.pk}/change/",
        "alarm-acknowledge": f"alerts/alarm/{alarm.pk}/do/acknowledge/",
        "alarm-silence": f"alerts/alarm/{alarm.pk}/do/silence/",
        "heartbeats": "lifecycle/heartbeat/",
        "tokens": "access/apitoken/",
        "token": f"access/apitoken/{site.token.pk}/change/",
        "token-add": "access/apitoken/add/",
        "token-revoke": f"access/apitoken/{site.token.pk}/do/revoke/",
        "users": "auth/user/",
        "user": f"auth/user/{site.anna.pk}/change/",
        "user-add": "auth/user/add/",
        "roles": "auth/group/",
        "role": f"auth/group/{operators.pk}/change/",
        "schedule": f"{TASK}/",
        "schedule-task": f"{TASK}/{task.pk}/change/",
        "schedule-add": f"{TASK}/add/",
        "schedule-delete": f"{TASK}/{own.pk}/delete/",
        "intervals": "django_celery_beat/intervalschedule/",
        "password": "password_change/",
    }


def _submit_invalid_form(page: Page) -> None:
    page.fill("#id_name", "Main stage")
    page.fill("#id_allowed_cidrs", "0.0.0.0/0")
    page.get_by_role("button", name="Create").click()
    page.locator(".sh-form [role=alert]").first.wait_for()


def _choose_all(verb: str, shows: str = ".sh-items") -> Step:
    def choose(page: Page) -> None:
        page.check("#action-toggle")
        page.select_option("select[name=action]", verb)
        page.locator("button[name=index]").click()
        page.locator(shows).wait_for()

    return choose


def _search(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#search-input-command").press_sequentially("keynote")
    page.locator("#command-results a").first.wait_for()


def _filters(page: Page) -> None:
    page.locator("a", has_text="Filters").click()
    page.locator("#changelist-filter").wait_for()


def _save_view(name: str) -> Step:
    def save(page: Page) -> None:
        page.locator("#own-views > summary").click()
        page.fill("#own-view-name", name)
        follow(page, page.locator("#own-views button[type=submit]").first)

    return save


@SCHEMES
def test_every_page_fits_and_is_accessible(
    log_in: Open, shoot: Shoot, scheme: str, create_mediamanager: Callable[[], None]
) -> None:
    create_mediamanager()
    gallery = Gallery(log_in("superuser", scheme=scheme), shoot, scheme)
    for name, path in pages(OneOfEverything()).items():
        gallery.visit(name, path)
    assert_nothing_wrong(gallery)


@SCHEMES
def test_pages_after_an_action_fit_and_are_accessible(log_in: Open, shoot: Shoot, scheme: str) -> None:
    gallery = Gallery(log_in("superuser", scheme=scheme), shoot, scheme)
    OneOfEverything()
    gallery.visit("channel-complaint", f"{CHANNEL}/add/", _submit_invalid_form)
    gallery.visit("bulk-confirm", f"{DISTRIBUTION}/", _choose_all("verb_retry"))
    gallery.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    gallery.page.locator("button[type=submit].sh-btn").click()
    gallery.page.locator(".sh-item-yes").first.wait_for()
    gallery.capture("bulk-results")
    gallery.visit("schedule-switch-off", f"{TASK}/", _choose_all("switch_off", ".sh-consequences"))
    gallery.visit("search", "", _search)
    gallery.visit("filters", f"{BREAKOUT}/", _filters)
    gallery.visit("view-saved", f"{BREAKOUT}/?view=live", _save_view("mine"))
    gallery.visit("view-refused", f"{BREAKOUT}/?view=soon", _save_view("my\u200bview"))
    assert_nothing_wrong(gallery)


@SCHEMES
def test_pages_of_other_users_fit_and_are_accessible(
    browser: Browser,
    live_server: Any,
    world: WorldUnderTest,
    log_in: Open,
    shoot: Shoot,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    operator = Gallery(log_in("operator", scheme=scheme), shoot, scheme)
    site = OneOfEverything()
    operator.visit("operator-breakout", f"{BREAKOUT}/{site.live.pk}/change/")
    operator.visit("error-403", "access/apitoken/", status=403)
    operator.visit("error-404", "no/such/page/", status=404)
    viewer = Gallery(log_in("viewer", scheme=scheme), shoot, scheme)
    viewer.visit("viewer-dashboard", "")
    viewer.visit("viewer-breakout", f"{BREAKOUT}/{site.live.pk}/change/")
    anonymous = Gallery(
        Staff(browser, live_server.url, world.control.url).anonymous_page(scheme), shoot, scheme
    )
    anonymous.visit("login", "login/")
    anonymous.page.fill("#id_username", "anna")
    anonymous.page.fill("#id_password", "wrong")
    anonymous.page.click("button[type=submit]")
    anonymous.capture("login-refused")
    monkeypatch.setattr(dashboard, "build", lambda user: 1 / 0)
    operator.visit("error-500", "", status=500)
    assert_nothing_wrong(operator, viewer, anonymous)
