"""A show that failed: when it was on air, and that Stop ends it whatever its channel waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from channels_app import services
from channels_app.models import Attachment, Breakout, Channel
from channels_app.services.calendar import calendar_page
from streamhub.clock import database_now
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

NIGHT = timedelta(hours=13)


def lose_encoder(world: WorldUnderTest) -> None:
    """Somebody deletes the MediaLive channel, and nothing can be created in its place."""
    Channel.objects.update(ml_channel_gone=True, ml_channel_state="DELETED", not_before=Now())
    world.control.fault("medialive:CreateChannel", "access_denied", times=None)
    work(world)
    assert (scene.channel().state, scene.breakout().state) == ("failed", "failed")


def work(world: WorldUnderTest, rounds: int = 5) -> None:
    for _ in range(rounds):
        world.step_all()
        world.observe_waiting()


def a_night_passes() -> None:
    """As long ago are the times of the show by now."""
    columns = ("session_started_at", "session_ended_at", "state_since")
    Breakout.objects.update(**{column: F(column) - NIGHT for column in columns})
    Attachment.objects.update(started_at=F("started_at") - NIGHT, ended_at=F("ended_at") - NIGHT)


def held(day: datetime) -> tuple[datetime, datetime]:
    page = calendar_page(day - timedelta(days=2), day + timedelta(days=2), day, first=0, most=9)
    (show,) = page.shows
    return show.begins, show.ends


def test_a_show_that_fails_ends_then_and_not_when_it_is_stopped(world: WorldUnderTest) -> None:
    scene.with_show(world)
    lose_encoder(world)
    failed = scene.breakout()
    assert failed.session_started_at is not None
    assert failed.session_ended_at == failed.state_since
    a_night_passes()
    services.breakout_stop(scene.breakout(), who=TESTER)
    work(world)
    row = scene.breakout()
    assert row.state == "completed"
    assert row.session_ended_at == failed.state_since - NIGHT
    begins, ends = held(database_now())
    assert ends - begins <= timedelta(minutes=2)


def test_a_failed_show_without_a_known_end_ended_when_it_failed(world: WorldUnderTest) -> None:
    scene.with_show(world)
    lose_encoder(world)
    a_night_passes()
    Breakout.objects.update(session_ended_at=None)
    failed_at = scene.breakout().state_since
    services.breakout_stop(scene.breakout(), who=TESTER)
    assert scene.breakout().session_ended_at == failed_at


def test_a_show_that_never_ran_keeps_its_planned_time_in_the_calendar(world: WorldUnderTest) -> None:
    scene.with_breakout(world)
    start = database_now() + timedelta(hours=5)
    Breakout.objects.update(starts_at=start, duration_minutes=30)
    scene.start(world)
    lose_encoder(world)
    row = scene.breakout()
    assert (row.session_started_at, row.session_ended_at) == (None, None)
    begins, ends = held(database_now())
    assert begins <= start <= ends
    services.breakout_stop(row, who=TESTER)
    assert scene.breakout().session_ended_at == row.state_since


@pytest.mark.parametrize("asked", ["starting", "failed"])
def test_stop_ends_a_show_whose_encoder_cannot_be_created(world: WorldUnderTest, asked: str) -> None:
    scene.with_show(world)
    lose_encoder(world)
    if asked == "starting":
        services.breakout_retry(scene.breakout(), who=TESTER)
    else:
        services.channel_retry(scene.channel(), who=TESTER)
    work(world)
    assert (scene.channel().state, scene.breakout().state) == ("provisioning", asked)
    services.breakout_stop(scene.breakout(), who=TESTER)
    assert scene.breakout().state == "completed"
    assert not Attachment.objects.filter(ended_at=None).exists()
    assert services.channel_delete(scene.channel(), who=TESTER).desired == "deleted"


def test_stop_ends_a_show_whose_endpoint_cannot_be_created(world: WorldUnderTest) -> None:
    """MediaLive's channel is there and idle: a worker sees that, and ends it without the endpoint."""
    scene.with_breakout(world)
    Channel.objects.update(mp_endpoint_gone=True, not_before=Now())
    world.control.fault("mediapackage:CreateOriginEndpoint", "access_denied", times=None)
    work(world)
    assert scene.channel().state == "failed"
    services.channel_retry(scene.channel(), who=TESTER)
    Channel.objects.update(state="idle")
    services.breakout_start(scene.breakout(), who=TESTER)
    Channel.objects.update(state="provisioning")
    work(world)
    assert (scene.channel().state, scene.breakout().state) == ("provisioning", "starting")
    services.breakout_stop(scene.breakout(), who=TESTER)
    work(world)
    assert scene.breakout().state == "completed"


def test_stop_ends_a_show_whose_channel_cannot_be_tagged(world: WorldUnderTest) -> None:
    scene.with_breakout(world)
    world.control.fault("medialive:StartChannel", "access_denied", times=None)
    world.control.fault("medialive:CreateTags", "access_denied", times=None)
    scene.start(world)
    work(world)
    services.channel_tags_change(scene.channel(), {"team": "others"}, who=TESTER)
    work(world)
    assert (scene.channel().state, scene.breakout().state) == ("idle", "starting")
    services.breakout_stop(scene.breakout(), who=TESTER)
    work(world)
    assert scene.breakout().state == "completed"


def test_an_encoder_that_still_runs_is_stopped_before_its_show_ends(world: WorldUnderTest) -> None:
    scene.with_show(world)
    Channel.objects.update(mp_endpoint_gone=True, not_before=Now())
    world.control.fault("mediapackage:CreateOriginEndpoint", "access_denied", times=None)
    work(world, 2)
    assert (scene.channel().state, scene.breakout().state) == ("failed", "running")
    services.channel_retry(scene.channel(), who=TESTER)
    world.control.fault("medialive:StopChannel", "access_denied", times=None)
    services.breakout_stop(scene.breakout(), who=TESTER)
    work(world)
    assert scene.breakout().state == "stopping"
    world.control.clear_faults()
    world.settle(until=lambda: scene.state_is("completed"))
    assert scene.medialive_state(world) == "IDLE"
