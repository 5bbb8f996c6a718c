"""What StreamHub cannot see appears by itself on an open page, and every such page fits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from playwright.sync_api import expect

from channels_app.models import Channel
from streamhub.access.actors import system_actor
from streamhub.alerts import evaluation, services
from streamhub.alerts.models import open_alarms
from streamhub.lifecycle.models import Heartbeat, Listing
from tests.browser.gallery import SCHEMES, Gallery, Shoot, assert_nothing_wrong
from tests.browser.staff import PHONE, Open
from tests.scenarios import rows
from tests.scenarios.one_of_everything import OneOfEverything
from tests.scenarios.well import all_well

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

WORKER = "No worker is alive"


def blind() -> None:
    """Worker dead, MediaLive throttled, the reaper switched off."""
    ago = timezone.now() - timedelta(minutes=4)
    Heartbeat.objects.filter(name="worker").update(beat_at=ago)
    PeriodicTask.objects.filter(name="delete_stale_distributions").update(enabled=False)
    error = "medialive:ListChannels: ThrottlingException: Rate exceeded. AWS request 0f9b3c1e-7d4a-4b0e-9f38"
    hint = "StreamHub keeps trying. If this lasts, look at AWS's health dashboard."
    Listing.objects.update_or_create(
        key="ml_channel", defaults={"unread_since": ago, "unread_error": error, "unread_hint": hint}
    )


CUT = "link => link.scrollWidth > link.clientWidth && getComputedStyle(link).overflow === 'hidden'"


def test_a_dead_worker_appears_on_an_open_page_and_goes_when_it_is_back(log_in: Open) -> None:
    all_well()
    page = log_in("operator")
    page.goto("/admin/channels_app/channel/add/")
    expect(page.locator("#banner")).not_to_contain_text(WORKER)
    Heartbeat.objects.filter(name="worker").update(beat_at=timezone.now() - timedelta(minutes=4))
    expect(page.locator("#banner")).to_contain_text(WORKER, timeout=30_000)
    expect(page.locator("#banner")).to_contain_text("Start or restart the workers")
    all_well()
    expect(page.locator("#banner")).not_to_contain_text(WORKER, timeout=30_000)


def test_on_a_phone_several_kinds_of_blindness_leave_room_for_the_page(log_in: Open) -> None:
    """What to do about each is on *Health*; about a single one it is said at once."""
    all_well()
    Heartbeat.objects.filter(name="worker").update(beat_at=timezone.now() - timedelta(minutes=4))
    page = log_in("operator")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto("/admin/live/")
    hint = page.locator("#banner", has_text=WORKER).get_by_text("Start or restart the workers")
    expect(hint).to_be_visible()
    blind()
    page.reload()
    expect(page.locator("#banner")).to_contain_text(WORKER)
    expect(hint).to_be_hidden()
    page.goto("/admin/health/")
    expect(page.locator("main").get_by_text("Start or restart the workers").last).to_be_visible()


def test_an_operator_acknowledges_from_the_dashboard(log_in: Open) -> None:
    all_well()
    rows.channel("starting", name="Grand hall", **rows.ERROR, error_at=timezone.now())
    evaluation.evaluate()
    page = log_in("operator")
    page.get_by_role("link", name="Acknowledge the alarm about Grand hall").click()
    page.fill("#id_note", "AWS support is on it")
    page.get_by_role("button", name="Yes, acknowledge").click()
    page.goto("/admin/")
    expect(page.locator(".sh-alarms")).to_contain_text("AWS support is on it")
    page.goto("/admin/alerts/alarm/")
    # The sentence of an alarm is read whole in the list: it is no name, which would be cut.
    assert page.locator(".field-title a").evaluate_all("links => links.filter(" + CUT + ").length") == 0


@SCHEMES
def test_pages_of_a_blind_installation_fit_and_are_accessible(
    log_in: Open, shoot: Shoot, scheme: Any
) -> None:
    gallery = Gallery(log_in("superuser", scheme=scheme), shoot, scheme)
    site = OneOfEverything()
    since = timezone.now() - timedelta(minutes=6)
    Channel.objects.filter(pk=site.stopping.pk).update(**rows.ERROR, error_at=since)
    blind()
    evaluation.evaluate()
    reaper, channel = (
        open_alarms().get(rule="job_off"),
        open_alarms().filter(rule="channel_error").earliest("pk"),
    )
    who = system_actor("anna")
    services.alarm_acknowledge(reaper, who=who, note="Off on purpose until the quota is raised.")
    services.alarm_take(channel, who=who)
    for name, path in {
        "blind-dashboard": "",
        "blind-health": "health/",
        "blind-alarms": "alerts/alarm/?view=open",
        "blind-alarm": f"alerts/alarm/{reaper.pk}/change/",
        "blind-breakout": f"channels_app/breakout/{site.ending.pk}/change/",
        "blind-channels": "channels_app/channel/",
        "blind-form": "channels_app/channel/add/",
    }.items():
        gallery.visit(name, path)
    Heartbeat.objects.update(beat_at=timezone.now())
    PeriodicTask.objects.update(enabled=True)
    Listing.objects.update(unread_since=None)
    gallery.visit("trouble-breakouts", "channels_app/breakout/?view=live")
    gallery.visit("trouble-dashboard", "")
    assert_nothing_wrong(gallery)
