"""The reaper as in production (`production`), at default rates and against AWS's own limit.

AWS refuses deletions beyond its limit, which is measured in the same run. `floor` deletes with known ETags
and knows the limit; `naive` is a cron job that pages through the list and reads each distribution before it
deletes it. Both are run here.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from botocore.exceptions import ClientError

from tests.bench.figures import Figure, write_json
from tests.bench.production import LATENCY, Stack, running, seconds_of

LIMIT = 20.0
RAISED = "cloudfront:DeleteDistribution=100/100"
DEFAULT_RATE = 2.0
DELETE = "cloudfront:DeleteDistribution"


@dataclass
class Outcome:
    """One way of deleting, measured from the first deletion that was accepted to the last."""

    what: str
    deleted: int
    seconds: float
    own_calls: dict[str, int]
    shared_calls: dict[str, int] = field(default_factory=dict)
    longest_gap: float = 0.0
    # The machine's load average over the last minute: above its number of cores, rates are the machine's.
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    @property
    def per_second(self) -> float:
        return (self.deleted - 1) / self.seconds if self.seconds else 0.0

    @property
    def calls_each(self) -> float:
        return sum(self.own_calls.values()) / max(1, self.deleted)


def case(quick: bool) -> Iterator[Figure]:
    """Default rates, then raised ones against AWS's own limit, then with a worker that is killed."""
    count = 60 if quick else 600
    default_count = int(os.environ.get("REAP_N", "40" if quick else "1000"))
    outcomes: list[Outcome] = []

    def keep(*measured: Outcome) -> None:
        outcomes.extend(measured)
        write_json("reap", [figures_of(outcome) for outcome in outcomes])

    with running({}) as processes:
        default = Reaper(*processes)
        keep(default.reap("default rates", default_count))
    with running({"AWS_RATES": RAISED}) as processes:
        raised = Reaper(*processes)
        raised.control.limit(DELETE, LIMIT)
        floor, naive = raised.floor(count), raised.naive(min(count, 60))
        keep(floor, naive)
        keep(raised.reap("raised rates, nothing known", count))
        keep(raised.reap("raised rates, once more", count))
        keep(raised.reap("a worker killed", count, kill=True))
    yield from _figures([outcome for outcome in outcomes if outcome not in (floor, naive)], floor, naive)


def _figures(outcomes: list[Outcome], floor: Outcome, naive: Outcome) -> Iterator[Figure]:
    for outcome in outcomes:
        shared = ", ".join(f"{name} {n}" for name, n in sorted(outcome.shared_calls.items()))
        note = f"{outcome.deleted} deleted; shared observation: {shared or 'none'}"
        what = f"reap, {outcome.what}"
        yield Figure(
            f"{what}: own calls each", outcome.calls_each, floor.calls_each, naive.calls_each, 1.02, note
        )
        allowed = DEFAULT_RATE if outcome.what == "default rates" else floor.per_second
        speed = allowed / outcome.per_second if outcome.per_second else float("inf")
        note = f"{outcome.per_second:.2f} of {allowed:.2f} a second, {outcome.seconds:.0f} s"
        if outcome.what == "a worker killed":
            yield Figure(f"{what}: longest pause, s", outcome.longest_gap, 0.05, 0.1, 30, note)
        else:
            yield Figure(
                f"{what}: time / time allowed", speed, 1, floor.per_second / naive.per_second, 1.11, note
            )


def figures_of(outcome: Outcome) -> dict[str, Any]:
    return {**asdict(outcome), "per_second": outcome.per_second, "calls_each": outcome.calls_each}


class Reaper(Stack):
    """The ways to delete many distributions."""

    def seed(self, count: int) -> None:
        """Stale distributions, made without delay."""
        self.at_once()
        self.processes.python("-m", "tests.bench.stale_rows", str(count), timeout=600)
        self.as_in_production()
        self.control.clear_calls()

    def reap(self, what: str, count: int, *, kill: bool = False) -> Outcome:
        """Press *Run now*, and wait until AWS has none of the rows' distributions and StreamHub no row."""
        self.seed(count)
        self.api.post("reaper/run")
        half, at_kill = not kill, 0
        deadline = time.monotonic() + 120 + count * 1.5
        while deleted := count - self.accepted(DELETE):
            if not half and deleted <= count / 2:
                self.processes.kill("worker-2")
                half, at_kill = True, count - deleted
            if time.monotonic() > deadline:
                break
            time.sleep(0.25)
        time.sleep(10 * LATENCY)  # the last calls are answered
        entries = self.control.calls(limit=200_000)
        self.wait(lambda: not self.api.get("distributions?limit=1")["items"], "no row is left", 400)
        if kill:
            self.processes.start_worker(2)
        return outcome_of(what, entries, at_kill)

    def floor(self, count: int) -> Outcome:
        """One call each, in parallel, as fast as AWS accepts: AWS's limit as it is."""
        found = self._foreign(count)
        self.control.clear_calls()
        with ThreadPoolExecutor(8) as threads:
            began = time.monotonic()

            def delete(job: tuple[int, tuple[str, str]]) -> None:
                number, (id, etag) = job
                time.sleep(max(0.0, began + (number - LIMIT + 9) / LIMIT - time.monotonic()))
                self.client.delete_distribution(Id=id, IfMatch=etag)

            list(threads.map(delete, enumerate(found)))
        return outcome_of("floor", self.control.calls(limit=200_000))

    def naive(self, count: int) -> Outcome:
        """A cron job: for each of the list, read it, delete it, and start over when AWS throttles."""
        self._foreign(count)
        self.control.clear_calls()
        while items := self.client.list_distributions(MaxItems="100")["DistributionList"].get("Items"):
            try:
                for item in items:
                    etag = self.client.get_distribution(Id=item["Id"])["ETag"]
                    self.client.delete_distribution(Id=item["Id"], IfMatch=etag)
            except ClientError:
                time.sleep(1)
        entries = self.control.calls(limit=200_000)
        outcome = outcome_of("naive", entries)
        outcome.own_calls, outcome.shared_calls = dict(Counter(entry["name"] for entry in entries)), {}
        return outcome

    def _foreign(self, count: int) -> list[tuple[str, str]]:
        """Distributions that no row knows, with their ETags."""
        self.at_once()
        ids = [
            self.control.console("cloudfront", "create_foreign", Enabled=False)["Id"] for _ in range(count)
        ]
        found = [(id, self.client.get_distribution(Id=id)["ETag"]) for id in ids]
        self.as_in_production()
        return found


def outcome_of(what: str, entries: list[dict[str, Any]], after: int = 0) -> Outcome:
    """From AWS's call log: calls that name a distribution are the deletions' own, lists are shared.

    `after`: the longest pause is that after so many deletions.
    """
    deletes = [entry for entry in entries if entry["name"] == DELETE]
    accepted = [entry for entry in deletes if entry["status"] == 204]
    times = sorted(seconds_of(entry) for entry in accepted)
    names = Counter(entry["name"] for entry in entries if entry["service"] == "cloudfront")
    own = {name: n for name, n in names.items() if ":List" not in name}
    gap = max((late - early for early, late in pairwise(times[max(0, after - 1) :])), default=0.0)
    shared = {name: n for name, n in names.items() if name not in own}
    return Outcome(what, len(times), times[-1] - times[0], own, shared, gap)
