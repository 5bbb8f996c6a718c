"""Concurrent workers, beats and people, on SQLite and PostgreSQL.

A verb takes effect or raises `NotPossible` or `Invalid`; a deadlock, a lost update or any other exception
fails the test. AWS calls are counted: nothing is created or deleted twice.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from billing.jobs import FETCH_BILLS, IMPORT_BILLS, MAKE_DRAFTS
from channels_app import services
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from channels_app.models.breakout import ON_AIR
from distributions import services as distributions
from distributions.jobs import DELETE_STALE_DISTRIBUTIONS
from distributions.models import Distribution
from distributions.reaper import delete_stale
from distributions.tasks import delete_stale_distributions
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle import driver, intent
from streamhub.lifecycle.models import Job, Listing, Priority, Transition
from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.lifecycle.reconcile import reconcile
from streamhub.lifecycle.sweep import sweep_model
from streamhub.lifecycle.tasks import sweep
from tests.scenarios.racing import (
    CIDRS,
    URL,
    WHO,
    a_breakout,
    a_channel,
    at_once,
    channels,
    moved_to,
    refused,
    reread,
    work,
)
from tests.scenarios.stage import STACK, medialive_state, nothing, ready
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db(transaction=True)

LONG = (MAKE_DRAFTS, FETCH_BILLS, IMPORT_BILLS)


# --- long jobs -----------------------------------------------------------------------------


def test_of_three_long_jobs_that_begin_at_once_two_run() -> None:
    """Each would see the places of the others free, if it counted before it took its own."""
    for _round in range(5):
        Job.objects.all().delete()
        all_began = threading.Barrier(len(LONG))

        def begin(job: PeriodicJob, all_began: threading.Barrier = all_began) -> bool:
            with job.single() as run:
                all_began.wait(30)
                return run is not None

        assert sorted(at_once(*[partial(begin, job) for job in LONG])) == [False, True, True]


# --- two people ----------------------------------------------------------------------------


def test_start_pressed_by_four_starts_once() -> None:
    for channel in channels():
        breakout = a_breakout(channel)
        assert refused(at_once(*[partial(services.breakout_start, breakout, who=WHO)] * 4)) == 0
        assert moved_to("breakout", breakout.pk, "starting") == 1
        assert breakout.attachments.count() == 1
        assert reread(channel).desired == "running"


def test_only_one_of_two_breakouts_on_one_channel_starts() -> None:
    for channel in channels():
        both = [a_breakout(channel, "first"), a_breakout(channel, "second")]
        assert refused(at_once(*[partial(services.breakout_start, row, who=WHO) for row in both])) == 1
        assert channel.breakouts.filter(state="starting").count() == 1
        assert Attachment.objects.filter(breakout__in=both).count() == 1


def test_start_and_delete_never_leave_a_deleted_channel_on_air() -> None:
    for channel in channels():
        breakout = a_breakout(channel)
        ends = at_once(
            partial(services.breakout_start, breakout, who=WHO),
            partial(services.channel_delete, channel, who=WHO),
        )
        assert refused(ends) == 1
        channel.refresh_from_db()
        breakout.refresh_from_db()
        assert (channel.desired, breakout.state) in (("deleted", "cancelled"), ("running", "starting"))


def test_start_and_detach_always_leave_a_distribution_on_air() -> None:
    for channel in channels():
        breakout = a_breakout(channel)
        ends = at_once(
            partial(services.breakout_start, breakout, who=WHO),
            partial(distributions.distribution_detach, channel.distribution, who=WHO),
        )
        assert refused(ends) <= 1
        channel.refresh_from_db()
        assert channel.distribution is not None
        assert (channel.distribution.attached, channel.distribution.desired) == (True, "enabled")
        assert breakout.attachments.get(ended_at=None).distribution == channel.distribution


def test_detach_pressed_by_four_detaches_once() -> None:
    channel = a_channel()
    detach = partial(distributions.distribution_detach, channel.distribution, who=WHO)
    assert refused(at_once(*[detach] * 4)) == 0
    assert Transition.objects.filter(why="detached").count() == 1


def test_delete_pressed_by_four_deletes_once() -> None:
    channel = a_channel()
    assert refused(at_once(*[partial(services.channel_delete, channel, who=WHO)] * 4)) == 0
    assert moved_to("channel", channel.pk, "deleting") == 1


def test_delete_and_detach_both_take_effect() -> None:
    for channel in channels():
        front = channel.distribution
        assert front is not None
        ends = at_once(
            partial(services.channel_delete, channel, who=WHO),
            partial(distributions.distribution_detach, channel.distribution, who=WHO),
        )
        assert refused(ends) == 0
        assert (reread(channel).desired, reread(front).desired) == ("deleted", "deleted")


def test_concurrent_stops_and_cancel_stop_once() -> None:
    for channel in channels():
        breakout = a_breakout(channel)
        services.breakout_start(breakout, who=WHO)
        stop = partial(services.breakout_stop, breakout, who=WHO)
        refused(at_once(stop, partial(services.breakout_cancel, breakout, who=WHO), stop))
        assert moved_to("breakout", breakout.pk, "stopping") == 1
        assert reread(channel).desired == "idle"


def test_start_and_cancel_leave_the_channel_idle() -> None:
    for channel in channels():
        breakout = a_breakout(channel)
        refused(
            at_once(
                partial(services.breakout_start, breakout, who=WHO),
                partial(services.breakout_cancel, breakout, who=WHO),
            )
        )
        breakout.refresh_from_db()
        assert breakout.state in ("cancelled", "stopping")
        assert reread(channel).desired == "idle"


def test_concurrent_distribution_verbs_agree_with_the_channels_foreign_key() -> None:
    for channel in channels():
        front = channel.distribution
        assert front is not None
        distributions.distribution_detach(front, who=WHO)
        Distribution.objects.filter(pk=front.pk).update(state="disabled", enabled=False)
        ends = at_once(
            partial(services.distribution_reattach, channel, front, who=WHO),
            partial(distributions.distribution_keep, front, who=WHO),
            partial(distributions.distribution_delete, front, who=WHO),
            partial(distributions.distribution_detach, front, who=WHO),
            partial(services.distribution_create_and_attach, channel, who=WHO),
        )
        refused(ends)
        for row in Distribution.objects.all():
            assert Channel.objects.filter(distribution=row).exists() == row.attached
            assert not (row.attached and row.desired == "deleted")


def test_only_one_of_four_creates_with_one_name_succeeds(live_world: WorldUnderTest) -> None:
    create = partial(services.channel_create, "stage", who=WHO, allowed_cidrs=CIDRS)
    ends = at_once(*[create] * 4)
    assert refused(ends) == 3
    assert {type(end) for end in ends} == {Channel, Invalid}
    assert (Channel.objects.count(), SecurityGroup.objects.count()) == (1, 1)


def test_no_breakout_is_created_on_a_channel_that_is_being_deleted() -> None:
    for channel in channels():
        ends = at_once(
            partial(services.breakout_create, channel, "keynote", who=WHO),
            partial(services.channel_delete, channel, who=WHO),
        )
        assert isinstance(ends[1], Channel)
        refused(ends)
        assert not Breakout.objects.exclude(state="cancelled").exists()


def test_verbs_on_deleted_rows_are_refused() -> None:
    channel = a_channel()
    breakout, front = a_breakout(channel), channel.distribution
    assert front is not None
    Breakout.objects.all().delete()
    Channel.objects.all().delete()
    Distribution.objects.all().delete()
    verbs: list[Callable[[], Any]] = [
        partial(services.channel_delete, channel, who=WHO),
        partial(services.channel_retry, channel, who=WHO),
        partial(services.breakout_create, channel, "x", who=WHO),
        partial(services.breakout_start, breakout, who=WHO),
        partial(services.breakout_stop, breakout, who=WHO),
        partial(distributions.distribution_detach, front, who=WHO),
        partial(distributions.distribution_sync, front, who=WHO),
        partial(services.distribution_reattach, channel, front, who=WHO),
    ]
    for verb in verbs:
        with pytest.raises(NotPossible, match="deleted"):
            verb()


# --- workers ---------------------------------------------------------------------------------


def test_many_workers_create_one_stack_once(live_world: WorldUnderTest) -> None:
    services.channel_create("stage", who=WHO, allowed_cidrs=CIDRS)
    assert refused(at_once(*[partial(work, live_world, ready)] * 4)) == 0
    assert ready()
    assert live_world.left() == STACK
    assert set(live_world.creates().values()) == {1}
    assert live_world.illegal() == []


def test_many_workers_and_reapers_tear_down_two_stacks_once(live_world: WorldUnderTest) -> None:
    for name in ("stage", "hall"):
        services.channel_create(name, who=WHO, allowed_cidrs=CIDRS)
    live_world.settle()
    for row in Channel.objects.all():
        services.channel_delete(row, who=WHO)
    assert refused(at_once(*[partial(work, live_world, nothing, reaps=True)] * 4)) == 0
    assert nothing()
    assert live_world.left() == {}
    deletes = {call: n for call, n in live_world.counts().items() if ":Delete" in call}
    assert deletes.pop("medialive:DeleteInputSecurityGroup") == 1
    assert set(deletes.values()) == {2}
    assert live_world.illegal() == []


def test_many_workers_start_and_stop_a_breakout_once(live_world: WorldUnderTest) -> None:
    services.channel_create("stage", who=WHO, allowed_cidrs=CIDRS)
    live_world.settle()
    breakout = a_breakout(Channel.objects.get())
    for verb, end in ((services.breakout_start, "running"), (services.breakout_stop, "completed")):
        verb(breakout, who=WHO)
        done = Breakout.objects.filter(state=end).exists
        assert refused(at_once(*[partial(work, live_world, done)] * 4)) == 0
        assert done()
    assert live_world.counts()["medialive:StartChannel"] == 1
    assert live_world.counts()["medialive:StopChannel"] == 1
    assert medialive_state(live_world) == "IDLE"
    assert live_world.illegal() == []


def stale_rows(world: WorldUnderTest, count: int) -> None:
    for n in range(count):
        distributions.distribution_create(URL, owner_label=f"stage {n}", who=WHO)
    world.settle()
    for row in Distribution.objects.all():
        distributions.distribution_detach(row, who=WHO)
    world.settle()
    world.control.clear_calls()


def test_reapers_without_a_lease_delete_each_distribution_once(live_world: WorldUnderTest) -> None:
    stale_rows(live_world, 6)
    with DELETE_STALE_DISTRIBUTIONS.single() as run:
        assert run is not None
        refused(at_once(*[partial(delete_stale, run)] * 3))
    live_world.settle()
    assert live_world.counts()["cloudfront:DeleteDistribution"] == 6
    assert not Distribution.objects.exists()
    assert live_world.illegal() == []


def test_only_one_of_two_reapers_runs(live_world: WorldUnderTest) -> None:
    stale_rows(live_world, 1)
    Listing.objects.update(listed_at=None)
    Distribution.objects.update(observed_at=None)  # so that a run begins with a list
    live_world.control.fault("cloudfront:ListDistributions", "delay", seconds=0.3)
    live_world.control.clear_calls()
    refused(at_once(*[delete_stale_distributions] * 2))
    assert live_world.counts()["cloudfront:ListDistributions"] == 1


def test_concurrent_reconciles_of_one_row_take_one_step(live_world: WorldUnderTest) -> None:
    row = distributions.distribution_create(URL, owner_label="stage", who=WHO)
    live_world.control.fault("cloudfront:CreateDistributionWithTags", "delay", seconds=0.2)
    ends = at_once(*[partial(reconcile, "distributions.distribution", row.pk)] * 5)
    assert sorted(ends) == [False, False, False, False, True]
    assert live_world.creates() == {"cloudfront:CreateDistributionWithTags": 1}


def test_two_sweeps_queue_each_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    rows = [Distribution.objects.create(origin_url=URL) for _ in range(50)]
    intent.requeue(Distribution, [row.pk for row in rows])
    Distribution.objects.update(queued_until=None)
    monkeypatch.setattr(
        "streamhub.lifecycle.wake.send", lambda task, args, queue, countdown=0: sent.append(args[1])
    )
    refused(at_once(sweep, sweep))
    assert Counter(sent) == Counter(row.pk for row in rows)


def test_sweeps_requeues_and_intents_on_the_same_rows_do_not_deadlock() -> None:
    pks = [Distribution.objects.create(origin_url=URL).pk for _ in range(60)]

    def requeueing(order: list[int]) -> None:
        for _ in range(15):
            intent.requeue(Distribution, order, observe=True)

    def sweeping() -> None:
        for _ in range(8):
            for pk in pks:
                Distribution.objects.filter(pk=pk).update(queued_until=None)
            sweep_model(Distribution)

    def setting_desired() -> None:
        for pk in random.sample(pks, 40):
            intent.set_desired(Distribution.objects.get(pk=pk), priority=Priority.STOP)

    shuffled = random.sample(pks, len(pks))
    works = [
        partial(requeueing, pks),
        partial(requeueing, pks[::-1]),
        partial(requeueing, shuffled),
        sweeping,
    ]
    assert refused(at_once(*works, sweeping, setting_desired)) == 0


# --- people and workers ------------------------------------------------------------------------


@pytest.mark.parametrize("_round", range(2))
def test_a_start_on_a_reattached_distribution_during_a_reaper_run(
    live_world: WorldUnderTest, _round: int
) -> None:
    services.channel_create("stage", who=WHO, allowed_cidrs=CIDRS)
    live_world.settle()
    channel = Channel.objects.get()
    front = channel.distribution
    assert front is not None
    breakout = a_breakout(channel)
    distributions.distribution_detach(front, who=WHO)
    live_world.settle()

    def reattach_and_start() -> None:
        with suppress(NotPossible):
            services.distribution_reattach(channel, front, who=WHO)
        services.breakout_start(breakout, who=WHO)

    assert refused(at_once(reattach_and_start, delete_stale_distributions)) == 0
    live_world.settle()
    live_world.reap()
    live_world.settle()
    now = Channel.objects.get().distribution
    assert now is not None
    assert (now.state, now.enabled) == ("deployed", True)
    assert Attachment.objects.get(ended_at=None).aws_distribution_id == now.aws_distribution_id
    assert live_world.left() == STACK
    assert live_world.illegal() == []


@pytest.mark.parametrize("_round", range(2))
def test_verbs_on_breakouts_while_their_channel_row_is_deleted(
    live_world: WorldUnderTest, _round: int
) -> None:
    channel = a_channel()
    breakouts = [a_breakout(channel, f"b{n}") for n in range(10)]
    services.channel_delete(channel, who=WHO)

    def curtains() -> None:
        for breakout in breakouts:
            with suppress(NotPossible):
                services.breakout_curtain(breakout, True, who=WHO)
            with suppress(NotPossible):
                services.breakout_cancel(breakout, who=WHO)

    forget = partial(reconcile, "channels_app.channel", channel.pk)
    assert refused(at_once(curtains, forget, curtains, forget)) == 0
    assert not Channel.objects.exists()


def test_a_security_group_is_used_again_while_it_is_being_deleted(live_world: WorldUnderTest) -> None:
    create = partial(services.channel_create, who=WHO, allowed_cidrs=CIDRS)
    for n in range(2):
        create(f"stage {n}")
        live_world.settle()
        services.channel_delete(Channel.objects.get(), who=WHO)
        until = Channel.objects.filter(name=f"next {n}", state="idle").exists
        works = [partial(work, live_world, until)] * 2
        assert refused(at_once(partial(create, f"next {n}"), *works)) == 0
        assert SecurityGroup.objects.get().error_code == ""
        services.channel_delete(Channel.objects.get(name=f"next {n}"), who=WHO)
        live_world.settle(until=lambda: not Channel.objects.exists())
    assert live_world.illegal() == []


def random_verb(rng: random.Random) -> None:
    """A random verb on a random object."""
    channel = rng.choice(list(Channel.objects.all()) or [None])
    if channel is None:
        return
    breakout = rng.choice(list(Breakout.objects.filter(channel=channel)) or [a_breakout(channel)])
    front = rng.choice(list(Distribution.objects.all()) or [None])
    verbs: list[Callable[[], Any]] = [
        partial(services.breakout_create, channel, "another", who=WHO),
        partial(services.breakout_start, breakout, who=WHO),
        partial(services.breakout_start, breakout, who=WHO),
        partial(services.breakout_stop, breakout, who=WHO),
        partial(services.breakout_cancel, breakout, who=WHO),
        partial(services.breakout_prepare, breakout, who=WHO),
        partial(services.breakout_curtain, breakout, rng.random() < 0.5, who=WHO),
        partial(services.channel_retry, channel, who=WHO),
        partial(services.distribution_create_and_attach, channel, who=WHO),
    ]
    if front is not None:
        verbs += [
            partial(distributions.distribution_detach, front, who=WHO),
            partial(distributions.distribution_keep, front, who=WHO),
            partial(distributions.distribution_delete, front, who=WHO),
            partial(distributions.distribution_sync, front, who=WHO),
            partial(services.distribution_reattach, channel, front, who=WHO),
        ]
    rng.choice(verbs)()


def test_random_verbs_of_several_people_with_running_workers(live_world: WorldUnderTest) -> None:
    for name in ("stage", "hall"):
        services.channel_create(name, who=WHO, allowed_cidrs=CIDRS)
    live_world.settle()
    end = time.monotonic() + 4

    def people(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < end:
            with suppress(NotPossible, Invalid):
                random_verb(rng)

    workers = [partial(work, live_world, lambda: time.monotonic() > end, reaps=True)] * 2
    assert refused(at_once(*[partial(people, seed) for seed in range(3)], *workers)) == 0
    for breakout in Breakout.objects.filter(state__in=ON_AIR):
        with suppress(NotPossible):
            services.breakout_stop(breakout, who=WHO)
    live_world.settle()
    assert not Breakout.objects.filter(state__in=ON_AIR).exists()
    for channel in Channel.objects.all():
        services.channel_delete(channel, who=WHO)
    for row in Distribution.objects.filter(desired="disabled"):
        distributions.distribution_delete(row, who=WHO)
    live_world.settle()
    live_world.reap()
    live_world.settle()
    assert nothing(), [managed.model._default_manager.values() for managed in driver.all_drivers()]
    assert live_world.left() == {}
    assert live_world.illegal() == []
    assert not Attachment.objects.filter(ended_at=None).exists()
