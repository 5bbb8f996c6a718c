"""One show after the other on one channel: Start while the last one is stopping, and Take over."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from django.db.models import F

from channels_app import playback, services
from channels_app.models import Attachment, Breakout, Channel
from channels_app.services import places
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios import measures
from tests.scenarios.actors import TESTER
from tests.scenarios.measures import MINUTE
from tests.scenarios.stage import channel, medialive_state
from tests.scenarios.world import WorldUnderTest

TAIL = timedelta(seconds=120)


def planned(name: str, **fields: object) -> Breakout:
    row = services.breakout_create(channel(), name, who=TESTER)
    Breakout.objects.filter(pk=row.pk).update(**fields)
    return Breakout.objects.get(pk=row.pk)


def on_air(world: WorldUnderTest, name: str = "first") -> Breakout:
    row = planned(name)
    services.breakout_start(row, who=TESTER)
    world.settle()
    assert states(row) == ["running"]
    return reread(row)


def reread(row: Breakout) -> Breakout:
    return Breakout.objects.select_related("channel").get(pk=row.pk)


def states(*rows: Breakout) -> list[str]:
    return [reread(row).state for row in rows]


def until_medialive(world: WorldUnderTest, state: str) -> None:
    world.settle(until=lambda: medialive_state(world) == state)


def starts_and_stops(world: WorldUnderTest) -> tuple[int, int]:
    counts = world.counts()
    return counts.get("medialive:StartChannel", 0), counts.get("medialive:StopChannel", 0)


# --- start while the last one is stopping ---------------------------------------------------------


def test_a_start_while_the_last_show_is_stopping_follows_once_aws_is_idle(
    world: WorldUnderTest, stage: Channel
) -> None:
    first, second = on_air(world), planned("second")
    world.control.scale(1.0)  # the stop takes AWS some seconds now
    services.breakout_stop(first, who=TESTER)
    world.step_all()
    services.breakout_start(second, who=TESTER)
    world.step_all()
    assert medialive_state(world) == "STOPPING"
    assert states(first, second) == ["stopping", "starting"]
    assert starts_and_stops(world) == (1, 1)
    world.control.advance(3600)
    world.control.scale(0.0)
    world.settle(until=lambda: states(first, second) == ["completed", "running"])
    assert starts_and_stops(world) == (2, 1)
    assert (medialive_state(world), channel().desired) == ("RUNNING", "running")
    earlier, later = Attachment.objects.order_by("started_at")
    assert (earlier.breakout_id, later.breakout_id) == (first.pk, second.pk)
    assert earlier.ended_at is not None
    assert later.ended_at is None
    assert world.illegal() == []


def test_the_last_show_is_completed_when_aws_is_idle_not_only_once_the_next_runs(
    world: WorldUnderTest, stage: Channel
) -> None:
    first, second = on_air(world), planned("second")
    services.breakout_stop(first, who=TESTER)
    world.settle(until=lambda: channel().state == "stopping")
    services.breakout_start(second, who=TESTER)
    world.control.scale(1.0)  # the start takes AWS a minute now
    world.settle(until=lambda: channel().state == "starting", rounds=30)
    assert states(first, second) == ["completed", "starting"]


def test_a_start_before_the_stop_was_sent_lets_medialive_run_on(
    world: WorldUnderTest, stage: Channel
) -> None:
    first, second = on_air(world), planned("second")
    services.breakout_stop(first, who=TESTER)
    services.breakout_start(second, who=TESTER)
    world.settle()
    assert states(first, second) == ["completed", "running"]
    assert starts_and_stops(world) == (1, 0)


def test_two_shows_that_are_stopping_both_end(world: WorldUnderTest, stage: Channel) -> None:
    first, second = on_air(world), planned("second")
    services.breakout_stop(first, who=TESTER)
    world.settle(until=lambda: channel().state == "stopping")
    services.breakout_start(second, who=TESTER)
    services.breakout_stop(second, who=TESTER)
    assert states(first, second) == ["stopping", "stopping"]
    world.settle()
    assert states(first, second) == ["completed", "completed"]
    assert medialive_state(world) == "IDLE"
    assert not Attachment.objects.filter(ended_at=None).exists()


def test_a_second_stop_of_the_last_show_does_not_stop_the_next(world: WorldUnderTest, stage: Channel) -> None:
    first, second = on_air(world), planned("second")
    services.breakout_stop(first, who=TESTER)
    services.breakout_start(second, who=TESTER)
    services.breakout_stop(first, who=TESTER)
    assert channel().desired == "running"
    world.settle()
    assert states(first, second) == ["completed", "running"]


def test_only_one_show_at_a_time_can_start_beside_a_stopping_one(
    world: WorldUnderTest, stage: Channel
) -> None:
    first, second, third = on_air(world), planned("second"), planned("third")
    services.breakout_stop(first, who=TESTER)
    services.breakout_start(second, who=TESTER)
    with pytest.raises(NotPossible, match="second"):
        services.breakout_start(third, who=TESTER)
    with pytest.raises(NotPossible, match="'second' is on air"):
        services.channel_stop(channel(), who=TESTER)


def test_a_start_that_fails_ends_both(world: WorldUnderTest, stage: Channel) -> None:
    first, second = on_air(world), planned("second")
    services.breakout_stop(first, who=TESTER)
    world.settle(until=lambda: channel().state == "stopping")
    world.control.console("medialive", "fail_start", id=channel().ml_channel_id)
    services.breakout_start(second, who=TESTER)
    world.settle()
    assert states(first, second) == ["completed", "failed"]
    assert not Attachment.objects.filter(ended_at=None).exists()


# --- take over --------------------------------------------------------------------------------------


def test_take_over_needs_no_worker_and_no_aws(world: WorldUnderTest, stage: Channel) -> None:
    first, second = on_air(world), planned("second", curtain_raised=True)
    world.control.clear_calls()
    taken = services.breakout_take_over(second, who=TESTER)
    assert taken.state == "running"
    assert states(first, second) == ["completed", "running"]
    assert playback.of_breakout(reread(second)) == playback.url(channel())
    assert not any(call.startswith("medialive:St") for call in world.counts())
    world.settle()
    assert starts_and_stops(world) == (0, 0)
    assert (medialive_state(world), channel().state) == ("RUNNING", "running")
    assert states(first, second) == ["completed", "running"]


def test_each_has_its_own_curtain_and_recording(world: WorldUnderTest, stage: Channel) -> None:
    first, second = on_air(world), planned("second")
    services.breakout_curtain(first, True, who=TESTER)
    Channel.objects.update(record=True)
    services.breakout_take_over(second, who=TESTER)
    assert (reread(first).curtain_raised, reread(second).curtain_raised) == (True, False)
    assert playback.of_channel(channel()) is None
    assert (reread(first).recorded, reread(second).recorded) == (False, True)


def test_both_timelines_say_it_with_who(world: WorldUnderTest, stage: Channel) -> None:
    first, second = on_air(world), planned("second")
    services.breakout_take_over(second, who=TESTER)

    def said(row: Breakout) -> list[tuple[str, str, str]]:
        lines = Transition.objects.filter(resource_type="breakout", resource_id=row.pk).order_by("id")
        return [(line.to_state, line.why, line.who) for line in lines]

    assert said(first)[-2:] == [
        ("stopping", "stop accepted: second takes over", str(TESTER)),
        ("completed", "the channel is needed by others and goes on", "StreamHub"),
    ]
    assert said(second)[-2:] == [
        ("starting", "takes over from first", str(TESTER)),
        ("running", "the channel is running", "StreamHub"),
    ]


def test_a_failed_show_can_take_over_and_a_repetition_changes_nothing(
    world: WorldUnderTest, stage: Channel
) -> None:
    first, second = on_air(world), planned("second", state="failed", error_code="start_failed")
    services.breakout_take_over(second, who=TESTER)
    assert (reread(second).state, reread(second).error_code) == ("running", "")
    services.breakout_take_over(second, who=TESTER)
    assert states(first, second) == ["completed", "running"]


def test_take_over_takes_no_place(world: WorldUnderTest, stage: Channel, settings: object) -> None:
    settings.MAX_RUNNING_CHANNELS = 1  # type: ignore[attr-defined]
    on_air(world)
    assert places.running_places(None).full is False
    services.breakout_take_over(planned("second"), who=TESTER)


def test_after_a_failover_only_the_open_attachment_ends_with_the_take_over(
    world: WorldUnderTest, stage: Channel
) -> None:
    first, second = on_air(world), planned("second")
    world.control.console("cloudfront", "delete", Id=channel().distribution.aws_distribution_id, force=True)
    world.settle()
    lost, front = Attachment.objects.filter(breakout=first).order_by("started_at")
    services.breakout_take_over(second, who=TESTER)
    ended = Attachment.objects.get(pk=lost.pk).ended_at
    assert ended == lost.ended_at
    later = Attachment.objects.get(breakout=second)
    assert later.started_at == Attachment.objects.get(pk=front.pk).ended_at
    assert later.aws_distribution_id == front.aws_distribution_id


def pass_minutes(span: timedelta) -> None:
    """What was so far lies so much further back."""
    for model, columns in (
        (Breakout, ("session_started_at", "session_ended_at", "state_since")),
        (Attachment, ("started_at", "ended_at")),
    ):
        model._default_manager.update(**{column: F(column) - span for column in columns})


def shares(delivered: dict[tuple[str, object], int]) -> dict[int | None, int]:
    """By the rule: each minute's bytes by seconds of coverage, whole bytes, largest remainder first."""
    spans = list(Attachment.objects.order_by("started_at", "pk"))
    ends = [min(row.ended_at + TAIL, following.started_at) for row, following in pairwise(spans)]
    ends.append(spans[-1].ended_at + TAIL)
    sums: dict[int | None, int] = {row.breakout_id: 0 for row in spans} | {None: 0}
    for (_id, minute), size in delivered.items():
        seconds = {
            row.breakout_id: Fraction(
                (min(end, minute + MINUTE) - max(row.started_at, minute)).total_seconds()
            )
            for row, end in zip(spans, ends, strict=True)
            if row.started_at < minute + MINUTE and end > minute
        }
        if not seconds:
            sums[None] += size
            continue
        exact = {pk: size * part / sum(seconds.values()) for pk, part in seconds.items()}
        whole = {pk: int(part) for pk, part in exact.items()}
        rest = sorted(exact, key=lambda pk: whole[pk] - exact[pk])  # stable: the earlier one at a tie
        for pk in rest[: size - sum(whole.values())]:
            whole[pk] += 1
        for pk, part in whole.items():
            sums[pk] += part
    return sums


def test_six_talks_back_to_back_are_never_dark_and_have_exactly_their_bytes(
    world: WorldUnderTest, stage: Channel
) -> None:
    talks = [on_air(world, "talk 1")]
    for number in range(2, 7):
        pass_minutes(timedelta(minutes=7, seconds=13 * number))
        talks.append(services.breakout_take_over(planned(f"talk {number}"), who=TESTER))
        world.settle()
        assert medialive_state(world) == "RUNNING"
    pass_minutes(timedelta(minutes=9))
    assert starts_and_stops(world) == (1, 0)
    services.breakout_stop(talks[-1], who=TESTER)
    world.settle()
    pass_minutes(timedelta(minutes=5))
    rows = [reread(talk) for talk in talks]
    assert {row.state for row in rows} == {"completed"}
    dark = [later.session_started_at - row.session_ended_at for row, later in pairwise(rows)]
    assert dark == [timedelta(0)] * 5
    assert starts_and_stops(world) == (1, 1)
    first, last = Attachment.objects.order_by("started_at")[0], Attachment.objects.latest("started_at")
    minutes = int((last.ended_at - first.started_at) / MINUTE) + 6
    aws_id = first.aws_distribution_id
    world.control.deliver_all(
        (aws_id, 1_000_003 + 97 * n, 1, first.started_at + (n - 2) * MINUTE) for n in range(minutes)
    )
    assert measures.lost_bytes(world) == 0
    delivered = measures.truth(world)
    expected = shares(delivered)
    assert expected[None] > 0
    assert {row.pk: reread(row).usage_bytes_downloaded for row in rows} | {None: expected[None]} == expected
    assert sum(expected.values()) == sum(delivered.values())
    assert {reread(row).usage_status for row in rows} == {"final"}
