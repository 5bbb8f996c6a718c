"""Cost safety: what is alarming when (a table of values), auto-stop, and a stop that always gets there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_app import cost_alarms, services
from channels_app.cost_alarms import Limits, alarms
from channels_app.models import Breakout, Channel
from channels_app.tasks import cost_safety
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.world import WorldUnderTest

WHO = TESTER
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.get_fixed_timezone(0))
ALLOWED = Limits(idle_running=timedelta(minutes=10), start=timedelta(minutes=15))


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def a_channel(since: float = 60, ml: str = "RUNNING", **fields: Any) -> Channel:
    return Channel(pk=1, name="stage", state="running", state_since=ago(since), ml_channel_state=ml, **fields)


def a_breakout(state: str, since: float, **fields: Any) -> Breakout:
    return Breakout(pk=7, name="keynote", state=state, state_since=ago(since), **fields)


def codes(row: Channel, *breakouts: Breakout) -> list[str]:
    return [alarm.code.value for alarm in alarms(row, breakouts, NOW, ALLOWED)]


# --- a channel that runs for nobody --------------------------------------------------------


@pytest.mark.parametrize("ml", ["STARTING", "RUNNING", "RECOVERING", "STOPPING"])
def test_a_channel_that_runs_without_a_breakout_is_alarming_after_a_while(ml: str) -> None:
    assert codes(a_channel(since=9, ml=ml)) == []
    assert codes(a_channel(since=10, ml=ml)) == ["idle_running"]


@pytest.mark.parametrize("ml", ["", "IDLE", "DELETING", "DELETED", "CREATING"])
def test_a_channel_that_does_not_run_costs_nothing(ml: str) -> None:
    assert codes(a_channel(ml=ml)) == []


def test_a_channel_that_is_gone_does_not_run() -> None:
    assert codes(a_channel(ml_channel_gone=True)) == []


@pytest.mark.parametrize("state", ["starting", "running", "stopping"])
def test_a_live_breakout_is_a_reason_to_run(state: str) -> None:
    assert codes(a_channel(), a_breakout(state, 1)) == []


def test_the_time_counts_from_the_end_of_the_last_breakout() -> None:
    assert codes(a_channel(since=300), a_breakout("completed", 5)) == []
    (alarm,) = alarms(a_channel(since=300), [a_breakout("completed", 12)], NOW, ALLOWED)
    assert (alarm.minutes, alarm.since, alarm.breakout_id) == (12, ago(12), None)


def test_a_channel_that_is_kept_warm_is_alarming_and_says_until_when() -> None:
    (alarm,) = alarms(a_channel(warm_until=NOW + timedelta(hours=1)), [], NOW, ALLOWED)
    assert "kept warm until 2026-03-01 13:00" in alarm.message


# --- breakouts -----------------------------------------------------------------------------


def test_a_breakout_past_its_duration_is_alarming_a_quarter_of_an_hour_later() -> None:
    planned = {"duration_minutes": 60}
    assert codes(a_channel(), a_breakout("running", 80, session_started_at=ago(75), **planned)) == []
    assert codes(a_channel(), a_breakout("running", 80, session_started_at=ago(76), **planned)) == [
        "over_time"
    ]


def test_a_breakout_without_a_duration_is_alarming_after_twelve_hours() -> None:
    assert codes(a_channel(), a_breakout("running", 720, session_started_at=ago(720))) == []
    assert codes(a_channel(), a_breakout("running", 721, session_started_at=ago(721))) == ["over_time"]


@pytest.mark.parametrize(("state", "code"), [("starting", "start_late"), ("stopping", "stop_late")])
def test_a_start_or_a_stop_that_does_not_end_is_alarming(state: str, code: str) -> None:
    assert codes(a_channel(), a_breakout(state, 14)) == []
    assert codes(a_channel(), a_breakout(state, 15)) == [code]


# --- with AWS ------------------------------------------------------------------------------


def keep_warm(world: WorldUnderTest, minutes: int) -> None:
    row = channel()
    row.warm_until = timezone.now() + timedelta(minutes=minutes)
    services.channel_intent(row, warm_until=row.warm_until)
    world.settle()
    assert medialive_state(world) == "RUNNING"


def on_air(world: WorldUnderTest) -> Breakout:
    breakout = services.breakout_create(channel(), "keynote", who=WHO)
    services.breakout_start(breakout, who=WHO)
    world.settle()
    return Breakout.objects.get()


def half_an_hour_passes() -> None:
    earlier = timezone.now() - timedelta(minutes=30)
    Channel.objects.update(state_since=earlier)
    Breakout.objects.update(state_since=earlier, session_started_at=earlier)


def test_a_quiet_house_has_no_alarms(world: WorldUnderTest, stage: Channel) -> None:
    half_an_hour_passes()
    assert cost_alarms.current_alarms() == ()
    cost_safety()
    assert Job.objects.get(name="cost_safety").outcome == "no alarms"


def test_alarms_are_logged_and_stand_on_the_job(
    world: WorldUnderTest, stage: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    keep_warm(world, 120)
    half_an_hour_passes()
    with caplog.at_level(logging.ERROR):
        cost_safety()
    assert "ALARM: idle_running: The channel stage has run without a breakout for 30 minutes" in caplog.text
    assert Job.objects.get(name="cost_safety").outcome == "1 alarm: idle_running stage (30 min)"
    world.settle()
    assert medialive_state(world) == "RUNNING"


def test_auto_stop_stops_what_is_kept_warm_for_nobody(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    settings.AUTO_STOP_IDLE_MINUTES = 20
    keep_warm(world, 120)
    half_an_hour_passes()
    cost_safety()
    assert Job.objects.get(name="cost_safety").outcome.startswith("stopping stage")
    world.settle()
    assert (medialive_state(world), channel().state, channel().warm_until) == ("IDLE", "idle", None)
    assert Transition.objects.filter(why__startswith="auto-stop").count() == 1
    assert cost_alarms.current_alarms() == ()


def test_auto_stop_leaves_a_breakout_alone(world: WorldUnderTest, stage: Channel, settings: Any) -> None:
    settings.AUTO_STOP_IDLE_MINUTES = 1
    on_air(world)
    half_an_hour_passes()
    cost_safety()
    world.settle()
    assert medialive_state(world) == "RUNNING"
    assert not services.channel_stop_unneeded(channel(), who=WHO, why="test", warm=False)


def test_a_channel_is_stopped_once_its_warm_time_is_over(world: WorldUnderTest, stage: Channel) -> None:
    keep_warm(world, 120)
    cost_safety()
    world.settle()
    assert medialive_state(world) == "RUNNING"
    Channel.objects.update(warm_until=timezone.now() - timedelta(seconds=1))
    cost_safety()
    world.settle()
    assert (medialive_state(world), channel().state) == ("IDLE", "idle")


def test_a_start_that_never_runs_and_one_over_time_are_alarming(
    world: WorldUnderTest, stage: Channel
) -> None:
    on_air(world)
    Breakout.objects.update(duration_minutes=10)
    half_an_hour_passes()
    assert [alarm.code for alarm in cost_alarms.current_alarms()] == ["over_time"]
    Breakout.objects.update(state="starting")
    assert [alarm.code for alarm in cost_alarms.current_alarms()] == ["start_late"]


def test_alarms_cost_two_queries_however_much_runs(
    db: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    half_an_hour_ago = timezone.now() - timedelta(minutes=30)
    for n in range(12):
        runs = Channel.objects.create(
            name=f"stage {n}", state="running", state_since=half_an_hour_ago, ml_channel_state="RUNNING"
        )
        state = "completed" if n % 2 else "starting"
        known = {"channel_uid": runs.uid, "channel_name": runs.name, "state_since": half_an_hour_ago}
        Breakout.objects.create(name=f"talk {n}", channel=runs, state=state, **known)
    with django_assert_num_queries(2):
        found = cost_alarms.current_alarms()
    assert sorted(alarm.code for alarm in found) == ["idle_running"] * 6 + ["start_late"] * 6


def test_the_alarms_of_one_channel_are_its_own(world: WorldUnderTest, stage: Channel) -> None:
    on_air(world)
    services.channel_create("hall", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    half_an_hour_passes()
    Breakout.objects.update(state="starting")
    assert [alarm.name for alarm in cost_alarms.alarms_of(stage.pk)] == ["keynote"]
    assert cost_alarms.alarms_of(Channel.objects.get(name="hall").pk) == ()


def test_an_alarm_says_what_aws_answered() -> None:
    row = a_channel(error_code="AccessDeniedException", error_message="not authorized")
    (alarm,) = alarms(row, [], NOW, ALLOWED)
    assert alarm.channel_error == "AccessDeniedException: not authorized"


# --- stop always works ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["error500", "access_denied", "cut_after", "cut_before", "not_found"])
def test_a_stop_is_retried_until_aws_says_stopped(world: WorldUnderTest, stage: Channel, kind: str) -> None:
    breakout = on_air(world)
    world.control.fault("medialive:StopChannel", kind, times=3)
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")


def test_a_failed_channel_that_runs_can_be_stopped(world: WorldUnderTest, stage: Channel) -> None:
    breakout = on_air(world)
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    world.settle()
    assert (channel().state, medialive_state(world)) == ("failed", "RUNNING")
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")
    assert channel().state == "failed"


def test_a_failed_breakout_whose_channel_runs_can_be_stopped(world: WorldUnderTest, stage: Channel) -> None:
    breakout = on_air(world)
    Breakout.objects.update(state="failed")
    services.breakout_stop(breakout, who=WHO)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")


def test_a_channel_running_with_its_breakout_failed_is_stopped_by_the_job(
    world: WorldUnderTest, stage: Channel
) -> None:
    on_air(world)
    Breakout.objects.update(state="failed")
    cost_safety()
    world.settle()
    assert medialive_state(world) == "IDLE"
