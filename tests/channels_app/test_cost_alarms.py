"""Cost alarms: when each one begins, auto-stop, and stops that are retried until they succeed."""

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
from channels_app.tasks import check_costs, run_schedule
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.world import WorldUnderTest

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.get_fixed_timezone(0))
LIMITS = Limits(idle_running=timedelta(minutes=10), start=timedelta(minutes=15))


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def make_channel(since: float = 60, ml: str = "RUNNING", **fields: Any) -> Channel:
    return Channel(pk=1, name="stage", state="running", state_since=ago(since), ml_channel_state=ml, **fields)


def make_breakout(state: str, since: float, **fields: Any) -> Breakout:
    return Breakout(pk=7, name="keynote", state=state, state_since=ago(since), **fields)


def codes(row: Channel, *breakouts: Breakout) -> list[str]:
    return [alarm.code.value for alarm in alarms(row, breakouts, NOW, LIMITS)]


# --- a channel that runs without a breakout --------------------------------------------------------


@pytest.mark.parametrize("ml", ["STARTING", "RUNNING", "RECOVERING", "STOPPING"])
def test_a_channel_that_runs_without_a_breakout_is_an_alarm_after_ten_minutes(ml: str) -> None:
    assert codes(make_channel(since=9, ml=ml)) == []
    assert codes(make_channel(since=10, ml=ml)) == ["idle_running"]


@pytest.mark.parametrize("ml", ["", "IDLE", "DELETING", "DELETED", "CREATING"])
def test_a_channel_that_does_not_run_is_no_alarm(ml: str) -> None:
    assert codes(make_channel(ml=ml)) == []


def test_a_channel_that_is_gone_is_no_alarm() -> None:
    assert codes(make_channel(ml_channel_gone=True)) == []


@pytest.mark.parametrize("state", ["starting", "running", "stopping"])
def test_a_channel_with_a_breakout_on_air_is_no_alarm(state: str) -> None:
    assert codes(make_channel(), make_breakout(state, 1)) == []


def test_the_time_counts_from_the_end_of_the_last_breakout() -> None:
    assert codes(make_channel(since=300), make_breakout("completed", 5)) == []
    (alarm,) = alarms(make_channel(since=300), [make_breakout("completed", 12)], NOW, LIMITS)
    assert (alarm.minutes, alarm.since, alarm.breakout_id) == (12, ago(12), None)


@pytest.mark.parametrize("state", ["idle", "cancelled"])
def test_what_was_never_on_air_does_not_put_the_alarm_off(state: str) -> None:
    (alarm,) = alarms(make_channel(since=300), [make_breakout(state, 1)], NOW, LIMITS)
    assert alarm.since == ago(300)


def test_the_time_counts_from_the_end_of_a_start_that_was_cancelled() -> None:
    assert codes(make_channel(since=300), make_breakout("cancelled", 5, cancelling=True)) == []


def test_the_alarm_of_a_warm_channel_says_until_when_it_is_kept_warm() -> None:
    until = NOW + timedelta(hours=1)
    (alarm,) = alarms(make_channel(warm_until=until, warm_asked_until=until), [], NOW, LIMITS)
    assert "kept warm until 2026-03-01 13:00" in alarm.message


@pytest.mark.parametrize("asked", [None, ago(1), NOW + timedelta(minutes=1)])
def test_a_channel_that_waits_for_its_show_is_no_alarm(asked: datetime | None) -> None:
    row = make_channel(warm_until=NOW + timedelta(minutes=40), warm_asked_until=asked)
    assert codes(row) == []
    row.warm_until = ago(0)
    assert codes(row) == ["idle_running"]


# --- breakouts -----------------------------------------------------------------------------


def test_a_breakout_fifteen_minutes_over_its_duration_is_an_alarm() -> None:
    planned = {"duration_minutes": 60}
    assert codes(make_channel(), make_breakout("running", 80, session_started_at=ago(75), **planned)) == []
    assert codes(make_channel(), make_breakout("running", 80, session_started_at=ago(76), **planned)) == [
        "over_time"
    ]


@pytest.mark.parametrize("began", [-30, 0, 30], ids=["early", "in-time", "late"])
def test_a_breakout_is_over_time_fifteen_minutes_past_its_planned_end(began: int) -> None:
    """Whoever starts it early, to see that all is well, is not called while the show goes on as planned."""
    for past, found in ((15, []), (16, ["over_time"])):
        start = ago(60 + past)
        show = make_breakout("running", 10, starts_at=start, duration_minutes=60)
        show.session_started_at = start + timedelta(minutes=began)
        assert codes(make_channel(), show) == found


def test_a_breakout_without_a_duration_is_an_alarm_after_twelve_hours() -> None:
    assert codes(make_channel(), make_breakout("running", 720, session_started_at=ago(720))) == []
    assert codes(make_channel(), make_breakout("running", 721, session_started_at=ago(721))) == ["over_time"]


@pytest.mark.parametrize(("state", "code"), [("starting", "start_late"), ("stopping", "stop_late")])
def test_a_start_or_stop_that_does_not_end_is_an_alarm(state: str, code: str) -> None:
    assert codes(make_channel(), make_breakout(state, 14)) == []
    assert codes(make_channel(), make_breakout(state, 15)) == [code]


# --- with AWS ------------------------------------------------------------------------------


def keep_warm(world: WorldUnderTest, minutes: int) -> None:
    services.channel_warm(channel(), timezone.now() + timedelta(minutes=minutes), who=TESTER)
    world.settle()
    assert medialive_state(world) == "RUNNING"


def on_air(world: WorldUnderTest) -> Breakout:
    breakout = services.breakout_create(channel(), "keynote", who=TESTER)
    services.breakout_start(breakout, who=TESTER)
    world.settle()
    return Breakout.objects.get()


def age_rows_by_half_an_hour() -> None:
    earlier = timezone.now() - timedelta(minutes=30)
    Channel.objects.update(state_since=earlier)
    Breakout.objects.update(state_since=earlier, session_started_at=earlier)


def test_who_plans_or_cancels_shows_does_not_end_the_alarm(world: WorldUnderTest, stage: Channel) -> None:
    on_air(world)
    services.breakout_stop(Breakout.objects.get(), who=TESTER)
    keep_warm(world, 120)
    age_rows_by_half_an_hour()
    (before,) = cost_alarms.current_alarms()
    plans = [services.breakout_create(channel(), f"week {n}", who=TESTER) for n in range(3)]
    services.breakout_cancel(plans[0], who=TESTER)
    (now,) = cost_alarms.current_alarms()
    assert (now.code, now.since, now.minutes) == ("idle_running", before.since, 30)


def test_an_idle_channel_causes_no_alarms(world: WorldUnderTest, stage: Channel) -> None:
    age_rows_by_half_an_hour()
    assert cost_alarms.current_alarms() == ()
    check_costs()
    assert Job.objects.get(name="check_costs").outcome == "no alarms"


def test_alarms_are_logged_and_shown_on_the_job(
    world: WorldUnderTest, stage: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    keep_warm(world, 120)
    age_rows_by_half_an_hour()
    with caplog.at_level(logging.ERROR):
        check_costs()
    assert "ALARM: idle_running: The channel stage has run without a breakout for 30 minutes" in caplog.text
    assert Job.objects.get(name="check_costs").outcome == "1 alarm: idle_running stage (30 min)"
    world.settle()
    assert medialive_state(world) == "RUNNING"


def test_auto_stop_stops_a_warm_channel_without_a_breakout(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    settings.AUTO_STOP_IDLE_MINUTES = 20
    keep_warm(world, 120)
    age_rows_by_half_an_hour()
    check_costs()
    assert Job.objects.get(name="check_costs").outcome.startswith("stopping stage")
    world.settle()
    assert (medialive_state(world), channel().state, channel().warm_until) == ("IDLE", "idle", None)
    assert Transition.objects.filter(why__startswith="auto-stop").count() == 1
    assert cost_alarms.current_alarms() == ()


def test_auto_stop_leaves_a_channel_that_waits_for_its_show(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    settings.AUTO_STOP_IDLE_MINUTES = 20
    show = services.breakout_create(
        channel(), "keynote", who=TESTER, starts_at=timezone.now() + timedelta(minutes=50)
    )
    services.breakout_schedule(show, {"warm_up_minutes": 60}, who=TESTER)
    run_schedule()
    world.settle()
    age_rows_by_half_an_hour()
    check_costs()
    assert Job.objects.get(name="check_costs").outcome == "no alarms"
    world.settle()
    assert medialive_state(world) == "RUNNING"


def test_auto_stop_does_not_stop_a_channel_with_a_breakout_on_air(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    settings.AUTO_STOP_IDLE_MINUTES = 1
    on_air(world)
    age_rows_by_half_an_hour()
    check_costs()
    world.settle()
    assert medialive_state(world) == "RUNNING"
    assert not services.channel_stop_unneeded(channel(), who=TESTER, why="test", warm=False)


def test_a_channel_is_stopped_once_its_warm_time_is_over(world: WorldUnderTest, stage: Channel) -> None:
    keep_warm(world, 120)
    check_costs()
    world.settle()
    assert medialive_state(world) == "RUNNING"
    Channel.objects.update(warm_until=timezone.now() - timedelta(seconds=1))
    check_costs()
    world.settle()
    assert (medialive_state(world), channel().state) == ("IDLE", "idle")


def test_a_start_that_never_runs_and_a_breakout_over_time_are_alarms(
    world: WorldUnderTest, stage: Channel
) -> None:
    on_air(world)
    Breakout.objects.update(duration_minutes=10)
    age_rows_by_half_an_hour()
    assert [alarm.code for alarm in cost_alarms.current_alarms()] == ["over_time"]
    Breakout.objects.update(state="starting")
    assert [alarm.code for alarm in cost_alarms.current_alarms()] == ["start_late"]


def test_alarms_cost_three_queries_for_any_number_of_channels(
    db: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    half_an_hour_ago = timezone.now() - timedelta(minutes=30)
    for n in range(12):
        row = Channel.objects.create(
            name=f"stage {n}", state="running", state_since=half_an_hour_ago, ml_channel_state="RUNNING"
        )
        state = "completed" if n % 2 else "starting"
        fields = {"channel_uid": row.uid, "channel_name": row.name, "state_since": half_an_hour_ago}
        Breakout.objects.create(name=f"talk {n}", channel=row, state=state, **fields)
    with django_assert_num_queries(3):
        current = cost_alarms.current_alarms()
    assert sorted(alarm.code for alarm in current) == ["idle_running"] * 6 + ["start_late"] * 6


def test_the_alarms_of_one_channel_exclude_those_of_others(world: WorldUnderTest, stage: Channel) -> None:
    on_air(world)
    services.channel_create("hall", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    age_rows_by_half_an_hour()
    Breakout.objects.update(state="starting")
    assert [alarm.name for alarm in cost_alarms.alarms_of(stage.pk)] == ["keynote"]
    assert cost_alarms.alarms_of(Channel.objects.get(name="hall").pk) == ()


def test_an_alarm_contains_the_error_of_its_channel() -> None:
    row = make_channel(error_code="AccessDeniedException", error_message="not authorized")
    (alarm,) = alarms(row, [], NOW, LIMITS)
    assert alarm.channel_error == "AccessDeniedException: not authorized"


# --- a stop always takes effect ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["error500", "access_denied", "cut_after", "cut_before", "not_found"])
def test_a_stop_is_retried_until_aws_says_stopped(world: WorldUnderTest, stage: Channel, kind: str) -> None:
    breakout = on_air(world)
    world.control.fault("medialive:StopChannel", kind, times=3)
    services.breakout_stop(breakout, who=TESTER)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")


def test_a_failed_channel_that_runs_can_be_stopped(world: WorldUnderTest, stage: Channel) -> None:
    breakout = on_air(world)
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    world.settle()
    assert (channel().state, medialive_state(world)) == ("failed", "RUNNING")
    services.breakout_stop(breakout, who=TESTER)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")
    assert channel().state == "failed"


def test_a_failed_breakout_whose_channel_runs_can_be_stopped(world: WorldUnderTest, stage: Channel) -> None:
    breakout = on_air(world)
    Breakout.objects.update(state="failed")
    services.breakout_stop(breakout, who=TESTER)
    world.settle()
    assert (medialive_state(world), Breakout.objects.get().state) == ("IDLE", "completed")


def test_a_channel_running_with_its_breakout_failed_is_stopped_by_the_job(
    world: WorldUnderTest, stage: Channel
) -> None:
    on_air(world)
    Breakout.objects.update(state="failed")
    check_costs()
    world.settle()
    assert medialive_state(world) == "IDLE"
