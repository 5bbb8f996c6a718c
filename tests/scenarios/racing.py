"""Concurrent calls: threads that start at a barrier, and their allowed outcomes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

from channels_app import services
from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from distributions.tasks import delete_stale_distributions
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle.models import Listing, Transition
from streamhub.lifecycle.tasks import observe, sweep
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

WHO = TESTER
CIDRS = ["203.0.113.7/32"]
URL = "https://origin.example.com/out/v1/index.m3u8"
# How often each race of two people is run.
ROUNDS = int(os.environ.get("RACE_ROUNDS", "6"))


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all functions at the same moment in threads. Returns what each returned or raised, in order."""
    ends: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(n: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            ends[n] = work()
        except BaseException as error:  # noqa: BLE001  the test checks the outcome
            ends[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, work)) for n, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def refused(ends: list[Any]) -> int:
    """How many were refused. Any other exception fails the test."""
    raised = [end for end in ends if isinstance(end, BaseException)]
    unexpected = [error for error in raised if not isinstance(error, NotPossible | Invalid)]
    assert not unexpected, unexpected
    return len(raised)


def a_channel(name: str = "stage") -> Channel:
    """An idle channel with its distribution, as rows only, because verbs do not call AWS."""
    row = Channel.objects.create(name=name, state="idle", endpoint_url=URL, distribution_wanted=False)
    distribution = Distribution.objects.create(
        origin_url=URL, state="deployed", aws_distribution_id=f"E{row.pk}{time.time_ns()}", enabled=True
    )
    Channel.objects.filter(pk=row.pk).update(distribution=distribution)
    return Channel.objects.get(pk=row.pk)


def channels() -> Iterator[Channel]:
    """One channel for each round."""
    for n in range(ROUNDS):
        yield a_channel(f"stage {n}")


def reread(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


def a_breakout(channel: Channel, name: str = "keynote") -> Breakout:
    return services.breakout_create(channel, name, who=WHO)


def moved_to(kind: str, pk: int, state: str) -> int:
    return (
        Transition.objects.filter(resource_type=kind, resource_id=pk, to_state=state)
        .exclude(from_state=state)
        .count()
    )


def work(world: WorldUnderTest, until: Callable[[], bool], *, reaps: bool = False) -> None:
    """One worker with its own beat: steps, sweeps and observations until `until` holds."""
    deadline = time.monotonic() + 60
    while not until() and time.monotonic() < deadline:
        world.step_all()
        sweep()
        Listing.objects.update(listed_at=None)
        observe()
        if reaps:
            delete_stale_distributions()
