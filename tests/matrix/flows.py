"""The flows of the matrix: a prepared world, what is then done to it, and what must be true at the end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone

from billing.models import CollectionWindow, DailySeries
from channels_app import cost_alarms, services
from channels_app.models import Attachment, Channel
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.errors import AwsError
from streamhub.lifecycle.models import Transition
from tests.scenarios import measures
from tests.scenarios.stage import (
    MINUTE,
    STACK,
    WHO,
    alone,
    attach,
    breakout,
    channel,
    cloudfront_says,
    create,
    delete,
    detach,
    disabled,
    distribution,
    lose,
    medialive_state,
    nothing,
    ready,
    reattach,
    replace,
    stands,
    start,
    state_is,
    stop,
    warm,
    watch,
    with_breakout,
    with_channel,
    with_show,
    with_stale,
    without_distribution,
)
from tests.scenarios.world import WorldUnderTest


def rest(world: WorldUnderTest) -> None:
    """Nothing to do."""


def steps(world: WorldUnderTest) -> None:
    """What workers and beat do in a while: a step on each due row, and one look at AWS."""
    world.step_all()
    world.observe()


@dataclass(frozen=True)
class Flow:
    """A world prepared well; an intent; the work that follows, in which things go wrong; the end.

    `meanwhile` is called before every round of the work and must be idempotent: a killed worker's
    successor calls it again. `until` says that the work is done, `check` asserts the intent on AWS.
    `after` is what then still happens, well again. `watched`: viewers watch in it.
    """

    prepare: Callable[[WorldUnderTest], object]
    intent: Callable[[WorldUnderTest], object]
    until: Callable[[], bool]
    check: Callable[[WorldUnderTest], None]
    meanwhile: Callable[[WorldUnderTest], object] = rest
    round: Callable[[WorldUnderTest], object] = steps
    after: Callable[[WorldUnderTest], object] = rest
    reaps: bool = False
    watched: bool = False
    rounds: int = 300

    def work(self, world: WorldUnderTest) -> None:
        """Rounds of work and (every third) the reaper, until done."""
        for n in range(self.rounds):
            if self.until():
                return
            self.meanwhile(world)
            self.round(world)
            if self.reaps and n % 3 == 2:
                self.meanwhile(world)  # somebody who calls a deletion off is in time for the reaper
                world.reap()
        raise AssertionError(f"not done after {self.rounds} rounds; due: {world.due()}")


# --- what is there, and in which state -------------------------------------------------------


def on_its_second() -> bool:
    """On air through another distribution than the first one."""
    ids = Attachment.objects.values_list("aws_distribution_id", flat=True)
    return stands("running") and len(set(ids)) == 2 and "" not in ids


LOST = Q(resource_type="distribution", to_state="deleted")


def warmed_and_cooled() -> bool:
    ran = Transition.objects.filter(resource_type="channel", to_state="running").exists()
    return ran and channel().state == "idle"


# --- preparing, and what is done --------------------------------------------------------------


def create_pull(world: WorldUnderTest) -> Channel:
    """Two pipelines that pull, so no security group."""
    urls = ["https://a.example.com/live.m3u8", "https://b.example.com/live.m3u8"]
    return services.channel_create(
        "stage", who=WHO, channel_class="STANDARD", input_type="URL_PULL", source_urls=urls
    )


def lose_and_prepare(world: WorldUnderTest) -> None:
    lose(world)
    services.breakout_prepare(breakout(), who=WHO)


def cool_once_warm(world: WorldUnderTest) -> None:
    """The hour is over as soon as the channel runs; the job that looks after costs sees it."""
    Channel.objects.filter(state="running").update(warm_until=timezone.now() - MINUTE)
    cost_alarms.check_costs()


def delete_early(world: WorldUnderTest) -> None:
    """As soon as the input is there, and whatever else is under way then."""
    row = Channel.objects.exclude(desired="deleted").first()
    if row is not None and row.ml_input_sent_at is not None:
        services.channel_delete(row, who=WHO)


def cancel_early(world: WorldUnderTest) -> None:
    """Once the start was accepted; if what went wrong hid that until it ran, it can only be stopped."""
    if channel().start_accepted_at is not None and state_is("starting"):
        services.breakout_cancel(breakout(), who=WHO)
    elif state_is("running"):
        services.breakout_stop(breakout(), who=WHO)


def keep_early(world: WorldUnderTest) -> None:
    """The deletion is called off as soon as the disable is seen to be under way, or done."""
    row = distribution()
    if row.desired == "deleted" and row.state in ("disabling", "disabled"):
        distributions.distribution_keep(row, who=WHO)


# --- what must be true of AWS ------------------------------------------------------------------


def left_is(expected: dict[str, int]) -> Callable[[WorldUnderTest], None]:
    def check(world: WorldUnderTest) -> None:
        assert world.left() == expected, world.left()

    return check


def without(*kinds: str) -> dict[str, int]:
    return {kind: n for kind, n in STACK.items() if kind not in kinds}


def enabled(world: WorldUnderTest) -> None:
    left_is(STACK)(world)
    assert cloudfront_says(world) == (True, "Deployed")
    assert distribution().attached


def off(world: WorldUnderTest) -> None:
    """It stays, disabled, and the channel has none."""
    left_is(STACK)(world)
    assert cloudfront_says(world) == (False, "Deployed")
    assert (channel().distribution, distribution().attached) == (None, False)


def on_air(world: WorldUnderTest) -> None:
    enabled(world)
    assert medialive_state(world) == "RUNNING"
    (only,) = Attachment.objects.filter(ended_at=None)
    assert only.aws_distribution_id == distribution().aws_distribution_id


def off_air(world: WorldUnderTest) -> None:
    left_is(STACK)(world)
    assert medialive_state(world) == "IDLE"
    assert not Attachment.objects.filter(ended_at=None).exists()


# --- metrics -----------------------------------------------------------------------------------

MINUTES = {-30: 7, 0: 1_000_003, 1: 2_000_029, 2: 4_000_037, 20: 11}  # those far off belong to nobody


def with_past_show(world: WorldUnderTest) -> None:
    """A show that is over; what was watched arrives late, in parts, and on several pages."""
    with_show(world)
    stop(world)
    world.settle(until=lambda: state_is("completed"))
    world.control.scale(1)
    # Always as late, and always in two parts: draws hang on the minute of the clock, and so would the calls.
    world.control.publish_delay(least=900, most=900, late_share=0, grow_share=1)
    world.control.console("cloudwatch", "set_page", points=4)
    attachment = Attachment.objects.get()
    world.control.deliver_all(
        (attachment.aws_distribution_id, size, 1, attachment.started_at + number * MINUTE)
        for number, size in MINUTES.items()
    )


def collect_next(world: WorldUnderTest) -> None:
    """The next run of the collector: twenty minutes after the last one that read everything."""
    last = CollectionWindow.objects.aggregate(at=Max("read_at"))["at"] or Attachment.objects.get().ended_at
    world.control.advance(20 * 60)
    runs: list[Callable[[], Any]] = [partial(measures.collect, last + 20 * MINUTE)]
    if breakout().usage_status == "final":
        runs = [partial(measures.collect_days, last + timedelta(days=3))]
    for run in runs:
        with suppress(AwsError):
            world.surviving(run)


def collected() -> bool:
    """The figures are final, and the day (and the one after it) was read for the rest."""
    series = DailySeries.objects.first()
    seen = Attachment.objects.get().started_at.date() + timedelta(days=1)
    return breakout().usage_status == "final" and series is not None and series.next_day > seen


def exact(world: WorldUnderTest) -> None:
    delivered = measures.truth(world)
    assert breakout().usage_bytes_downloaded == measures.owed(delivered)
    assert measures.owed(delivered) == sum(delivered.values()) - MINUTES[-30] - MINUTES[20]


FLOWS = {
    "channel_create": Flow(rest, create, ready, left_is(STACK)),
    "channel_create_pull": Flow(
        rest, create_pull, ready, left_is(without("medialive input_security_groups"))
    ),
    "channel_delete": Flow(with_channel, delete, nothing, left_is({}), reaps=True),
    "channel_delete_early": Flow(rest, create, nothing, left_is({}), meanwhile=delete_early, reaps=True),
    "channel_start": Flow(
        with_breakout, start, lambda: state_is("running"), on_air, after=watch, watched=True
    ),
    "channel_start_and_cancel": Flow(
        with_breakout,
        start,
        lambda: state_is("cancelled") or state_is("completed"),
        off_air,
        meanwhile=cancel_early,
    ),
    "channel_stop": Flow(with_show, stop, lambda: state_is("completed"), off_air, watched=True),
    "channel_warm": Flow(with_channel, warm, warmed_and_cooled, off_air, meanwhile=cool_once_warm),
    "distribution_create": Flow(without_distribution, attach, ready, enabled),
    "distribution_detach": Flow(with_channel, detach, disabled, off),
    "distribution_disable_and_keep": Flow(
        with_channel,
        detach,
        lambda: disabled() and distribution().desired == "disabled",
        off,
        meanwhile=keep_early,
        reaps=True,
    ),
    "distribution_reattach": Flow(with_stale, reattach, ready, enabled),
    "distribution_reap": Flow(
        with_stale, rest, alone, left_is(without("cloudfront distributions")), reaps=True
    ),
    "distribution_replace": Flow(
        with_channel, replace, lambda: ready() and Distribution.objects.count() == 1, enabled, reaps=True
    ),
    "failsafe_on_air": Flow(with_show, lose, on_its_second, on_air, after=watch, watched=True),
    "failsafe_prepare": Flow(
        with_breakout, lose_and_prepare, lambda: ready() and Transition.objects.filter(LOST).exists(), enabled
    ),
    "failsafe_start": Flow(
        without_distribution, start, lambda: stands("running"), on_air, after=watch, watched=True
    ),
    "metrics_collection": Flow(
        with_past_show, rest, collected, exact, round=collect_next, watched=True, rounds=60
    ),
}
