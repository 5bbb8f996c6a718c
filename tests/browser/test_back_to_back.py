"""Take over, Extend, Keep warm until and Schedule, as an operator presses them; every page in every size."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from channels_app import services
from channels_app.models import Breakout
from channels_app.tasks import run_schedule
from streamhub.clock import database_now
from tests.browser.clicking import follow
from tests.browser.gallery import SCHEMES, Gallery, Shoot, assert_nothing_wrong
from tests.browser.staff import Open
from tests.scenarios import stage
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser


def path(kind: str, pk: int, verb: str = "") -> str:
    name = f"admin:channels_app_{kind}_{'do' if verb else 'change'}"
    return reverse(name, args=[pk, verb] if verb else [pk]).removeprefix("/admin/")


def two_talks(world: WorldUnderTest) -> tuple[Breakout, Breakout]:
    """A talk on air near its planned end, and the next one on the same channel."""
    stage.with_channel(world)
    now = database_now()
    first, second = (
        services.breakout_create(
            stage.channel(), name, starts_at=now + timedelta(minutes=ahead), duration_minutes=30, who=TESTER
        )
        for name, ahead in (("Opening", 1), ("Keynote", 32))
    )
    services.breakout_start(first, who=TESTER)
    world.settle()
    Breakout.objects.filter(pk=first.pk).update(
        starts_at=now - timedelta(minutes=27), session_started_at=now - timedelta(minutes=27)
    )
    return first, second


@SCHEMES
def test_the_pages(world: WorldUnderTest, log_in: Open, shoot: Shoot, scheme: str) -> None:
    first, second = two_talks(world)
    services.breakout_schedule(first, {"end_warning_minutes": 5}, who=TESTER)
    services.channel_schedule(stage.channel(), {"preflight_minutes": 60}, who=TESTER)
    run_schedule()
    gallery = Gallery(log_in("operator", scheme=scheme), shoot, scheme)
    channel = stage.channel()
    gallery.visit("breakout-near-its-end", path("breakout", first.pk))
    gallery.visit("take-over", path("breakout", second.pk, "take-over"))
    gallery.visit("extend", path("breakout", first.pk, "extend"))
    gallery.visit("schedule-of-breakout", path("breakout", second.pk, "schedule"))
    gallery.visit("schedule-of-channel", path("channel", channel.pk, "schedule"))
    gallery.visit("keep-warm", path("channel", channel.pk, "warm"))
    gallery.visit("channel-with-schedule", path("channel", channel.pk))
    assert_nothing_wrong(gallery)


def test_the_operator_lets_the_next_talk_take_over(world: WorldUnderTest, log_in: Open) -> None:
    first, second = two_talks(world)
    page = log_in("operator")
    page.goto(f"/admin/{path('breakout', first.pk, 'extend')}")
    page.fill("input[name=minutes]", "10")
    press(page, "Yes, extend")
    first.refresh_from_db()
    assert first.duration_minutes == 40
    page.goto(f"/admin/{path('breakout', second.pk, 'schedule')}")
    page.fill("input[name=end_warning_minutes]", "5")
    page.select_option("select[name=auto_stop]", "yes")
    press(page, "Yes, schedule")
    page.goto(f"/admin/{path('breakout', second.pk, 'take-over')}")
    press(page, "Yes, take over")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("completed", "running")
    assert second.schedule == {"end_warning_minutes": 5, "auto_stop": True}
    assert stage.medialive_state(world) == "RUNNING"


def press(page: Page, label: str) -> None:
    follow(page, page.get_by_role("button", name=label))
