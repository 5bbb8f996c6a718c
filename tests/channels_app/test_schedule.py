"""The schedule at work: a show by schedule from pre-flight to stop, late, twice, refused, and its alarms."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models import F

from channels_app import services
from channels_app.admin import schedule_alarms
from channels_app.models import Breakout, Channel
from channels_app.services import schedule_steps
from channels_app.tasks import run_schedule
from streamhub.clock import database_now
from streamhub.errors import Invalid
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.racing import at_once
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.world import WorldUnderTest

MINUTE = timedelta(minutes=1)
ALL = {
    "preflight_minutes": 30,
    "warm_up_minutes": 10,
    "reminder_minutes": 3,
    "end_warning_minutes": 5,
    "auto_start": True,
    "auto_stop": True,
}


def planned(ahead: timedelta, minutes: int | None = 60, **choice: Any) -> Breakout:
    """A breakout that starts so long from now."""
    row = services.breakout_create(channel(), "keynote", duration_minutes=minutes, who=TESTER)
    Breakout.objects.filter(pk=row.pk).update(starts_at=database_now() + ahead)  # it may have passed
    return services.breakout_schedule(row, choice, who=TESTER)


def planned_beside(other: Breakout, ahead: timedelta, **choice: Any) -> Breakout:
    """Another breakout on the channel of this one, which starts so long from now."""
    starts_at = database_now() + ahead
    return rows.breakout(on=other.channel, starts_at=starts_at, duration_minutes=60, schedule=choice)


def pass_time(span: timedelta) -> None:
    """Let time pass: what is planned comes nearer, and what was done lies further back."""
    for row in Breakout.objects.exclude(schedule_done={}, schedule_trouble={}):
        done = {key: earlier(value, span) for key, value in row.schedule_done.items()}
        trouble = {
            key: {**value, "for": earlier(value["for"], span), "since": earlier(value["since"], span)}
            for key, value in row.schedule_trouble.items()
        }
        Breakout.objects.filter(pk=row.pk).update(schedule_done=done, schedule_trouble=trouble)
    columns = ("starts_at", "session_started_at", "session_ended_at", "state_since")
    Breakout.objects.update(**{column: F(column) - span for column in columns})
    warmth = ("warm_until", "warm_asked_until")
    Channel.objects.update(**{column: F(column) - span for column in warmth})


def earlier(moment: str, span: timedelta) -> str:
    return (datetime.fromisoformat(moment) - span).isoformat()


def show() -> Breakout:
    return Breakout.objects.select_related("channel").get()


def said(row: Breakout) -> list[str]:
    lines = Transition.objects.filter(resource_type="breakout", resource_id=row.pk, who="schedule")
    return list(lines.order_by("id").values_list("why", flat=True))


def rules_now() -> list[str]:
    return sorted(condition.rule for condition in schedule_alarms.current())


def work(world: WorldUnderTest) -> None:
    """A run of the job, and what follows from it on AWS."""
    run_schedule()
    world.settle()


def test_a_show_is_prepared_warmed_started_warned_about_and_stopped_by_schedule(
    world: WorldUnderTest, stage: Channel
) -> None:
    row = planned(31 * MINUTE, **ALL)
    work(world)
    assert said(row) == []
    pass_time(2 * MINUTE)
    work(world)
    assert said(row) == ["pre-flight: prepared for its planned start"]
    assert medialive_state(world) == "IDLE"
    pass_time(20 * MINUTE)
    work(world)
    assert medialive_state(world) == "RUNNING"
    assert said(row)[-1].startswith("warm-up: the channel is kept warm until ")
    assert channel().warm_until == show().starts_at + schedule_steps.WARM_AFTER
    pass_time(10 * MINUTE)
    work(world)
    assert show().state == "running"
    pass_time(56 * MINUTE)
    assert rules_now() == []
    work(world)
    assert rules_now() == ["schedule_end"]
    pass_time(5 * MINUTE)
    work(world)
    assert (show().state, rules_now()) == ("completed", [])
    assert medialive_state(world) == "IDLE"
    actions = ["pre-flight", "warm-up", "start accepted", "planned end", "stop accepted"]
    assert [why.split(":")[0] for why in said(row)] == actions
    assert world.counts()["medialive:StartChannel"] == world.counts()["medialive:StopChannel"] == 1


def test_the_channels_choice_counts_for_its_breakouts(world: WorldUnderTest, stage: Channel) -> None:
    services.channel_schedule(stage, {"auto_start": True}, who=TESTER)
    row = planned(-MINUTE)
    services.breakout_schedule(row, {"auto_start": False}, who=TESTER)
    run_schedule()
    assert show().state == "idle"
    services.breakout_schedule(row, {}, who=TESTER)
    run_schedule()
    assert show().state == "starting"


def test_a_second_run_does_nothing_twice(world: WorldUnderTest, stage: Channel) -> None:
    row = planned(5 * MINUTE, **ALL)
    for _ in range(3):
        run_schedule()
    assert len(said(row)) == 2
    assert Job.objects.get(name="run_schedule").outcome.startswith("0 actions carried out")


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_carry_each_action_out_once(live_world: WorldUnderTest) -> None:
    for _ in range(5):
        on = rows.channel(distribution=rows.distribution())
        starts_at = database_now() - MINUTE
        row = rows.breakout("idle", on, starts_at=starts_at, schedule={**ALL, "reminder_minutes": 1})
        seen = [Breakout.objects.get(pk=row.pk) for _ in range(3)]
        ends = at_once(*[partial(schedule_steps.schedule_step, each) for each in seen])
        assert not [end for end in ends if isinstance(end, BaseException)]
        done = [action for end in ends for action in end]
        assert sorted(done) == sorted(set(done))
        assert "start" in done
        assert Breakout.objects.get(pk=row.pk).state == "starting"


def test_a_late_preflight_is_done_at_once_and_a_start_that_is_too_late_is_an_alarm(
    world: WorldUnderTest, stage: Channel
) -> None:
    row = planned(-9 * MINUTE, preflight_minutes=30)
    run_schedule()
    assert said(row) == ["pre-flight: prepared for its planned start"]
    services.breakout_schedule(row, {"auto_start": True}, who=TESTER)
    pass_time(2 * MINUTE)  # beat was down over the start
    run_schedule()
    assert show().state == "idle"
    (alarm,) = schedule_alarms.current()
    assert (alarm.rule, alarm.action) == ("schedule_start", "Start")
    assert "was not started by itself within 10 minutes" in alarm.sentence
    services.breakout_start(row, who=TESTER)
    assert rules_now() == []


@pytest.mark.parametrize("on", ["channel", "breakout"])
def test_what_is_switched_on_late_does_not_alarm_of_starts_that_are_past(
    world: WorldUnderTest, stage: Channel, on: str
) -> None:
    row = planned(-20 * MINUTE)
    choice = {"auto_start": True, "reminder_minutes": 5}
    if on == "channel":
        services.channel_schedule(stage, choice, who=TESTER)
    else:
        services.breakout_schedule(row, choice, who=TESTER)
    run_schedule()
    assert (show().state, rules_now(), said(row)) == ("idle", [], [])
    services.breakout_edit(row, starts_at=database_now() + 5 * MINUTE, who=TESTER)
    pass_time(16 * MINUTE)  # of what is planned from now on it does
    run_schedule()
    assert rules_now() == ["schedule_reminder", "schedule_start"]


def test_a_start_that_was_missed_is_an_alarm_whatever_else_is_chosen_since(
    world: WorldUnderTest, stage: Channel
) -> None:
    row = planned(MINUTE, auto_start=True, reminder_minutes=30)
    pass_time(12 * MINUTE)  # beat was down over the start
    services.breakout_schedule(row, {"auto_start": True, "reminder_minutes": 5}, who=TESTER)
    run_schedule()
    assert rules_now() == ["schedule_reminder", "schedule_start"]


def test_what_is_not_chosen_any_more_is_no_alarm(world: WorldUnderTest, stage: Channel) -> None:
    row = planned(MINUTE, auto_start=True, reminder_minutes=5)
    pass_time(12 * MINUTE)
    run_schedule()
    services.breakout_schedule(row, {"reminder_minutes": 5}, who=TESTER)
    assert rules_now() == ["schedule_reminder"]
    services.breakout_schedule(row, {}, who=TESTER)
    assert rules_now() == []


def test_a_start_that_is_refused_is_an_alarm_is_tried_again_and_said_once(
    world: WorldUnderTest, stage: Channel
) -> None:
    other = services.breakout_create(stage, "workshop", who=TESTER)
    services.breakout_start(other, who=TESTER)
    world.settle()
    row = planned(-MINUTE, auto_start=True)
    for _ in range(3):
        run_schedule()
    assert len(said(row)) == 1
    assert "'workshop' is on air on the same channel" in said(row)[0]
    assert rules_now() == ["schedule_start"]
    services.breakout_stop(other, who=TESTER)
    run_schedule()
    row.refresh_from_db()
    assert (row.state, rules_now()) == ("starting", [])


def test_nobody_started_it(world: WorldUnderTest, stage: Channel) -> None:
    planned(-2 * MINUTE, reminder_minutes=3)
    run_schedule()
    assert rules_now() == []
    pass_time(2 * MINUTE)
    run_schedule()
    assert rules_now() == ["schedule_reminder"]
    Breakout.objects.update(starts_at=database_now() + 60 * MINUTE)  # moved
    assert rules_now() == []


def test_not_ready_is_an_alarm_until_it_is_ready(world: WorldUnderTest, stage: Channel) -> None:
    row = planned(20 * MINUTE, preflight_minutes=30)
    world.control.console("cloudfront", "disable", Id=stage.distribution.aws_distribution_id)
    Channel.objects.update(state="failed", error_message="Broken.")
    run_schedule()
    assert said(row)[-1].startswith("pre-flight: It is not ready. The channel is failed. Broken.")
    assert rules_now() == []  # AWS is still being read
    pass_time(3 * MINUTE)
    run_schedule()
    assert rules_now() == ["schedule_not_ready"]
    Channel.objects.update(state="idle", error_message="")
    world.settle()
    run_schedule()
    assert (rules_now(), said(row)[-1]) == ([], "pre-flight: ready")


def test_reasons_in_other_words_are_not_said_again(world: WorldUnderTest, stage: Channel) -> None:
    """A reason may name a time that AWS is expected to take, which moves on."""
    row = planned(20 * MINUTE, preflight_minutes=30)
    for state, words in (("failed", "Broken."), ("failed", "Still broken."), ("provisioning", "")):
        Channel.objects.update(state=state, error_message=words)
        run_schedule()
    not_ready = [why for why in said(row) if "It is not ready" in why]
    assert len(not_ready) == 1
    pass_time(3 * MINUTE)
    (alarm,) = schedule_alarms.current()
    assert "The channel is provisioning" in alarm.sentence  # the alarm says what is so now
    Channel.objects.update(state="idle", error_code="x", error_message="Another reason.")
    run_schedule()
    assert len([why for why in said(row) if "It is not ready" in why]) == 2


def test_a_show_that_cannot_be_dealt_with_holds_up_no_other(
    world: WorldUnderTest, stage: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = planned(-2 * MINUTE, auto_start=True)
    other = rows.breakout(
        on=rows.channel(distribution=rows.distribution()),
        starts_at=database_now() - MINUTE,
        schedule={"auto_start": True},
    )
    start = schedule_steps.breakout_start

    def defective(row: Breakout, **more: Any) -> Breakout:
        if row.pk == broken.pk:
            raise RuntimeError("no such thing")
        return start(row, **more)

    monkeypatch.setattr(schedule_steps, "breakout_start", defective)
    run_schedule()
    other.refresh_from_db()
    assert other.state == "starting"
    job = Job.objects.get(name="run_schedule")
    assert job.error == "keynote: RuntimeError: no such thing"
    assert job.outcome.startswith("1 action carried out")


@pytest.mark.parametrize("choice", ["preflight_minutes", "warm_up_minutes"])
def test_what_is_not_looked_at_any_more_is_no_alarm(
    world: WorldUnderTest, stage: Channel, choice: str
) -> None:
    """Ten minutes after the planned start it is neither checked nor warmed up, and may well be ready."""
    planned(5 * MINUTE, **{choice: 30})
    Channel.objects.update(state="failed", error_message="Broken.")
    run_schedule()
    pass_time(14 * MINUTE)
    assert len(rules_now()) == 1
    Channel.objects.update(state="idle", error_message="")
    pass_time(2 * MINUTE)
    run_schedule()
    assert rules_now() == []


def test_the_talk_before_it_is_no_reason_to_alarm_of_the_next_one(
    world: WorldUnderTest, stage: Channel
) -> None:
    before = planned(-MINUTE, minutes=20, auto_start=True)
    work(world)
    after = planned_beside(before, 25 * MINUTE, preflight_minutes=30)
    run_schedule()
    pass_time(3 * MINUTE)
    run_schedule()
    assert rules_now() == []
    assert said(after) == ["pre-flight: prepared for its planned start"]
    pass_time(18 * MINUTE)  # it overruns
    run_schedule()
    pass_time(3 * MINUTE)
    assert rules_now() == ["schedule_not_ready"]


def test_extend_moves_warning_and_stop(world: WorldUnderTest, stage: Channel) -> None:
    row = planned(-MINUTE, minutes=10, auto_start=True, auto_stop=True, end_warning_minutes=5)
    work(world)
    pass_time(6 * MINUTE)
    work(world)
    assert rules_now() == ["schedule_end"]
    services.breakout_extend(row, 30, who=TESTER)
    assert rules_now() == []
    pass_time(5 * MINUTE)
    work(world)
    assert (show().state, rules_now()) == ("running", [])
    pass_time(30 * MINUTE)
    work(world)
    assert show().state == "completed"


@pytest.mark.parametrize("on", ["channel", "breakout"])
def test_a_show_that_overruns_is_not_stopped_by_what_is_chosen_then(
    world: WorldUnderTest, stage: Channel, on: str
) -> None:
    row = planned(-MINUTE, minutes=10, auto_start=True)
    work(world)
    pass_time(20 * MINUTE)
    if on == "channel":
        services.breakout_schedule(row, {}, who=TESTER)
        services.channel_schedule(stage, {"auto_stop": True}, who=TESTER)
    else:
        services.breakout_schedule(row, {"auto_stop": True}, who=TESTER)
    work(world)
    assert show().state == "running"
    services.breakout_extend(row, 30, who=TESTER)
    pass_time(21 * MINUTE)
    work(world)
    assert show().state == "completed"


@pytest.mark.parametrize("edited", [False, True], ids=["extend", "edit"])
def test_a_show_that_is_extended_by_less_than_it_overruns_is_not_stopped_for_it(
    world: WorldUnderTest, stage: Channel, edited: bool
) -> None:
    row = planned(-MINUTE, minutes=10, auto_start=True, end_warning_minutes=2)
    work(world)
    pass_time(20 * MINUTE)  # ten minutes beyond
    services.breakout_schedule(row, {"auto_stop": True, "end_warning_minutes": 2}, who=TESTER)
    if edited:
        services.breakout_edit(row, duration_minutes=15, who=TESTER)
    else:
        services.breakout_extend(row, 5, who=TESTER)
    work(world)
    assert show().state == "running"
    (alarm,) = schedule_alarms.current()
    assert "Its planned end is " in alarm.sentence
    assert "StreamHub stops it" not in alarm.sentence
    services.breakout_extend(row, 30, who=TESTER)
    pass_time(36 * MINUTE)
    work(world)
    assert show().state == "completed"


def test_a_show_whose_duration_is_given_while_it_runs_is_not_stopped_for_it(
    world: WorldUnderTest, stage: Channel
) -> None:
    """Nobody had planned an end before, so that it is past already stops nothing."""
    row = planned(-MINUTE, minutes=None, auto_start=True, auto_stop=True)
    work(world)
    pass_time(20 * MINUTE)
    services.breakout_edit(row, duration_minutes=15, who=TESTER)
    work(world)
    assert show().state == "running"
    services.breakout_extend(row, 30, who=TESTER)
    pass_time(31 * MINUTE)
    work(world)
    assert show().state == "completed"


def test_a_show_that_is_planned_to_end_earlier_than_now_is_stopped(
    world: WorldUnderTest, stage: Channel
) -> None:
    row = planned(-MINUTE, minutes=60, auto_start=True, auto_stop=True)
    work(world)
    pass_time(20 * MINUTE)
    services.breakout_edit(row, duration_minutes=15, who=TESTER)
    work(world)
    assert show().state == "completed"


def test_a_warm_up_beyond_the_limit_of_running_channels_is_an_alarm(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    settings.MAX_RUNNING_CHANNELS = 0
    planned(5 * MINUTE, warm_up_minutes=10)
    run_schedule()
    assert rules_now() == ["schedule_warm_up"]
    settings.MAX_RUNNING_CHANNELS = None
    run_schedule()
    assert (rules_now(), channel().desired) == ([], "running")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "choice",
    [
        {"preflight_minutes": 0},
        {"preflight_minutes": 1441},
        {"warm_up_minutes": 241},
        {"reminder_minutes": True},
        {"end_warning_minutes": "5"},
        {"auto_start": None},
        {"auto_stop": 1},
        {"preflight": 5},
    ],
)
def test_a_wrong_choice_names_its_field(choice: dict[str, Any]) -> None:
    for call, row in (
        (services.channel_schedule, rows.channel()),
        (services.breakout_schedule, rows.breakout()),
    ):
        with pytest.raises(Invalid) as refused:
            call(row, choice, who=TESTER)  # type: ignore[operator]
        assert list(refused.value.errors) == list(choice)
