"""Calls and time at AWS's own pace, in one process and in simulated time (`tests/scenarios/pacing.py`).

Durations are drawn by the embedded AWS and unknown to StreamHub. Complete lists, which are read every
`FULL_OBSERVE_SECONDS` anyway, are left out: what is counted is what the rows cause. *Beside complete lists*
they are read as in production, and what the same time costs without work is taken off. A look may be the
complete list brought forward, so a period after the work is counted too: in it one list less is read.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

from channels_app import services
from channels_app.models import Channel
from distributions.tasks import delete_stale_distributions
from streamhub.lifecycle.models import Duration
from tests.bench.figures import Figure, write_json
from tests.scenarios.actors import TESTER
from tests.scenarios.pacing import START, Simulation, by_name, reads, total
from tests.scenarios.world import WorldUnderTest

NEVER = 100_000
FULL = 300
IDLE_SECONDS = 3000.0


def case(world: WorldUnderTest, django_settings: Any) -> Iterator[Figure]:
    """Creates, starts and deletions, one at a time and many at once."""
    quick = os.environ.get("QUICK", "") not in ("", "0")
    simulation = Simulation(world, django_settings, full=NEVER)
    simulation.at_once(lambda: simulation.create(1))
    Duration.objects.all().delete()
    found = []
    for figure in _figures(simulation, 3 if quick else 30, (20,) if quick else (20, 50), 30 if quick else 60):
        found.append(
            {"what": figure.what, "measured": figure.measured, "most": figure.most, "note": figure.note}
        )
        write_json("pace", found)
        yield figure


def _figures(simulation: Simulation, times: int, many: tuple[int, ...], starts: int) -> Iterator[Figure]:
    yield from _one_by_one(simulation, "without history", times)
    yield from _one_by_one(simulation, "with history", times)
    _leave_one(simulation)
    for count in many:
        calls, ratio = simulation.create(count)
        note = by_name(reads(calls))
        yield Figure(f"create {count}: calls each", total(calls) / count, 5, 10, 6, note)
        most = 1.15 if count == 20 else 1.25
        yield Figure(f"create {count}: time to ready / AWS's own", ratio, 1.05, 1.6, most)
        lists = sum(n for name, n in calls.items() if ":List" in name)
        if count == 20:
            yield Figure("create 20: list polls", lists, 18, 80, 20)
    for count, most in ((1, 12), (20, 8)):
        rows = list(Channel.objects.order_by("-pk")[:count])
        calls, seconds = simulation.delete(rows, delete_stale_distributions)
        note = f"{seconds:.0f} s; {by_name(reads(calls))}"
        yield Figure(
            f"delete {count}, no complete list is read: calls each", total(calls) / count, 7, 14, most, note
        )
    _leave_one(simulation)
    yield from _beside_complete_lists(simulation, times)
    simulation.settings.FULL_OBSERVE_SECONDS = NEVER
    _leave_one(simulation)
    yield from _starts(simulation, starts)


def _leave_one(simulation: Simulation) -> None:
    """Delete all channels but one, so that each list has one page, and leave no trace in the history."""
    known = Duration.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = list(Channel.objects.order_by("pk")[1:])
    simulation.at_once(lambda: simulation.delete(rows, delete_stale_distributions))
    Duration.objects.filter(pk__gt=known).delete()


def _one_by_one(simulation: Simulation, what: str, times: int) -> Iterator[Figure]:
    """The mean of so many creates, each after the one before is ready."""
    taken = []
    for _ in range(times):
        if what == "without history":
            Duration.objects.all().delete()
        taken.append(simulation.create(1))
    calls = sum(total(calls) for calls, _ in taken) / times
    ratio = sum(ratio for _, ratio in taken) / times
    yield Figure(f"create 1, {what}: calls", calls, 5, 10, 8, f"mean of {times}")
    yield Figure(f"create 1, {what}: time to ready / AWS's own", ratio, 1.05, 1.6, 1.1)


def _starts(simulation: Simulation, count: int) -> Iterator[Figure]:
    """Starts at once on channels that were last looked at minutes ago."""
    simulation.at_once(lambda: simulation.create(max(0, count - Channel.objects.count())))
    for channel in Channel.objects.order_by("pk")[:count]:
        services.breakout_create(channel, f"show {channel.pk}", who=TESTER)
    simulation.pass_(60)
    simulation.without_looks(200)
    names = simulation.start()
    before = names[: names.index(START)]
    yield Figure(f"{count} starts: reads before the first", len(before), 2, count, 3, ", ".join(before))
    yield Figure(f"{count} starts: calls each", len(names) / count, 1, 6, 1.1)


def _beside_complete_lists(simulation: Simulation, times: int) -> Iterator[Figure]:
    """One create and one deletion at a time, each beginning somewhere between two complete lists."""
    simulation.settings.FULL_OBSERVE_SECONDS = FULL
    simulation.pass_(2 * FULL)
    simulation.world.control.clear_calls()
    simulation.pass_(IDLE_SECONDS)
    idle = total(simulation.world.counts()) / IDLE_SECONDS
    rng = random.Random(7)
    caused: dict[str, list[float]] = {"create": [], "delete": []}
    ratios, took = [], []
    for what in [*["create"] * times, *["delete"] * times]:
        simulation.pass_(rng.uniform(0, FULL))
        began = simulation.now()
        if what == "create":
            ratios.append(simulation.create(1)[1])
        else:
            rows = [Channel.objects.latest("pk")]
            took.append(simulation.delete(rows, delete_stale_distributions)[1])
        simulation.pass_(FULL)
        calls = total(simulation.world.counts())
        caused[what].append(calls - idle * (simulation.now() - began))
    note = f"mean of {times}; {idle * 3600:.0f} calls an hour without work"
    yield Figure("create 1, beside complete lists: calls", sum(caused["create"]) / times, 5, 10, 8, note)
    what = "create 1, beside complete lists: time to ready / AWS's own"
    yield Figure(what, sum(ratios) / times, 1.05, 1.6, 1.1)
    note = f"{note}; {sum(took) / times:.0f} s on average until the last row is gone"
    yield Figure("delete 1, beside complete lists: calls", sum(caused["delete"]) / times, 7, 14, 12, note)
