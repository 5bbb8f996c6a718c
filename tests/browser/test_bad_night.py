"""A bad night in Chromium: six troubles, and how long each takes until an open page is red.

StreamHub's steps and its observation are real, and AWS is the embedded one; the test only lets AWS's time
pass and the jobs run, as beat would. What is measured is how long the page takes once StreamHub knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from channels_app import services
from channels_app.tasks import watch_inputs
from streamhub.lifecycle.models import Heartbeat, Listing
from tests.browser.staff import Open
from tests.scenarios import stage
from tests.scenarios.actors import TESTER
from tests.scenarios.well import all_well
from tests.scenarios.world import WorldUnderTest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

Shoot = Callable[[Page, str], None]
# Seconds after StreamHub knows: the longest interval of a refresh, on a busy machine.
SEEN_WITHIN = 20
NO_INPUT = "Nothing arrives at the first URL"


@dataclass
class Night:
    """A page that stays open, and what it took until it was red."""

    page: Page
    shoot: Shoot
    took: dict[str, float]

    def red(self, name: str, cause: Callable[[], object], where: Locator, text: str, within: float) -> None:
        """The page is not red before, the cause makes it so without a reload; a screenshot of each."""
        expect(where).not_to_contain_text(text, timeout=within * 1000)
        self.shoot(self.page, f"night-{name}-before")
        began = time.monotonic()
        cause()
        expect(where).to_contain_text(text, timeout=within * 1000)
        self.took[name] = time.monotonic() - began
        self.shoot(self.page, f"night-{name}-after")


def test_six_troubles_are_red_on_an_open_page(log_in: Open, world: WorldUnderTest, shoot: Shoot) -> None:
    stage.with_show(world)
    all_well()
    page = log_in("operator")
    page.goto("/admin/live/")
    night = Night(page, shoot, {})
    shows, banner = page.locator("#list-rows"), page.locator("#banner")
    first, control = stage.channel(), world.control

    def looked() -> None:
        control.advance(60)
        watch_inputs()

    def unplugged() -> None:
        control.console("medialive", "unplug", id=first.ml_input_id)
        looked()

    def wrong_url() -> None:
        control.console("medialive", "push", url=first.input_urls[1])
        looked()

    def plugged() -> None:
        control.console("medialive", "plug", id=first.ml_input_id)
        looked()

    plugged()
    night.red("encoder-unplugged", unplugged, shows, NO_INPUT, SEEN_WITHIN)
    plugged()
    night.red("wrong-url", wrong_url, shows, NO_INPUT, SEEN_WITHIN)
    plugged()

    def deleted() -> None:
        lost = stage.channel().distribution_id
        control.console("cloudfront", "delete", Id=gone, force=True)
        world.settle(lambda: stage.channel().distribution_id not in (lost, None), strict=False)

    gone = stage.distribution().aws_distribution_id
    log = page.locator("#log")
    page.goto(f"/admin/channels_app/breakout/{stage.breakout().pk}/control/")
    night.red("distribution-deleted", deleted, log, f"{gone} is gone from CloudFront", SEEN_WITHIN)

    page.goto("/admin/live/")
    refused = control.fault("medialive:StartChannel", "access_denied", times=None)
    services.breakout_stop(stage.breakout(), who=TESTER)
    world.settle(lambda: stage.channel().state == "idle")
    late = services.breakout_create(stage.channel(), "Late show", who=TESTER)

    def start_refused() -> None:
        services.breakout_start(late, who=TESTER)
        world.settle(lambda: bool(stage.channel().error_code), rounds=20)

    night.red(
        "start-refused",
        start_refused,
        shows,
        "not authorized to perform: medialive:StartChannel",
        SEEN_WITHIN,
    )
    control.clear_faults(refused)

    def throttled() -> None:
        """What the observation keeps of a list that AWS has throttled for minutes."""
        error = "medialive:ListChannels: ThrottlingException: Rate exceeded."
        unread = {"unread_since": timezone.now() - timedelta(minutes=4), "unread_error": error}
        Listing.objects.update_or_create(key="ml_channel", defaults=unread)

    night.red("aws-throttled", throttled, banner, "Rate exceeded", SEEN_WITHIN)

    # Nobody beats here, and the shows before took longer than a worker may be silent.
    Heartbeat.objects.filter(name="worker").update(beat_at=timezone.now())

    def worker_dead() -> None:
        Heartbeat.objects.filter(name="worker").update(beat_at=timezone.now() - timedelta(minutes=4))

    night.red("worker-dead", worker_dead, banner, "No worker is alive", SEEN_WITHIN)
    print(night.took)
    assert max(night.took.values()) < SEEN_WITHIN, night.took
