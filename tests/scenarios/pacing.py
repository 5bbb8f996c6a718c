"""StreamHub at the pace of AWS, in simulated time: no sleep, but every wait as long as in production.

Time jumps to what comes next: a row that is due, or a run of the observation. Durations are drawn by the
embedded AWS, the rate limit is the product's own at its default rates.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import Min
from django.db.models.functions import Now

from channels_app import services
from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from streamhub.aws.call_queue import LocalQueues
from streamhub.aws.ratelimit import Limiter
from streamhub.clock import database_now
from streamhub.lifecycle import driver
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios import passing_time
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest, own_aws

CIDRS = ["203.0.113.0/24"]
START = "medialive:StartChannel"
READS = (":Get", ":List", ":Describe")
# What AWS allows in this account. With its usual quotas some of many rows would never be ready.
ROOM = {
    "medialive": {"channels": 1000, "push_inputs": 1000},
    "mediapackage": {"channels": 1000},
    "cloudfront": {"distributions": 1000},
}


class Simulation:
    """The product in one process, in simulated seconds. It begins with an empty account."""

    def __init__(self, world: WorldUnderTest, django_settings: Any, *, full: int = 300) -> None:
        self.world, self.settings = world, django_settings
        self._jumped = 0.0
        django_settings.SWEEP_SECONDS, django_settings.OBSERVE_SECONDS = 5, 15
        django_settings.FULL_OBSERVE_SECONDS = full
        django_settings.MISSING_MIN_AGE_SECONDS = 60
        world.control.scale(1.0)
        queues = LocalQueues(clock=self.now)
        world.session._limiter = Limiter(queues, sleep=self._sleep)
        self._next_look = self.now()
        self.aws_done_at = 0.0
        for service, quotas in ROOM.items():
            world.control.console(service, "set_quota", **quotas)

    def now(self) -> float:
        """Simulated seconds; only differences mean something."""
        return time.monotonic() + self._jumped

    def _sleep(self, seconds: float) -> None:
        self._jumped += seconds

    def jump(self, seconds: float) -> None:
        passing_time.pass_time(self.world, seconds)
        self._jumped += seconds

    def run(self, until: Callable[[], bool], most: float = 4000) -> float:
        """Work until it holds; the seconds that this took. Raises `AssertionError` after `most` seconds."""
        began = self.now()
        while not until():
            if self.now() - began > most:
                raise AssertionError(f"not after {most} seconds; {errors()}")
            self._work()
            self._note_aws()
            if until():
                break
            wait = min(self._next_look - self.now(), self._until_due())
            if wait > 0:
                self.jump(wait)
        return self.now() - began

    def at_once(self, work: Callable[[], Any]) -> Any:
        """Do it with an AWS that finishes everything at once."""
        self.world.control.scale(0.0)
        try:
            return work()
        finally:
            self.world.control.scale(1.0)

    def without_looks(self, seconds: float) -> None:
        """Time in which no observation runs; 0: one runs now."""
        if seconds:
            self.jump(seconds)
        else:
            passing_time.look_whole(self.world)
        self._next_look = self.now() + settings.OBSERVE_SECONDS

    def pass_(self, seconds: float) -> None:
        """Work for so long."""
        end = self.now() + seconds
        self.run(lambda: self.now() >= end)

    def _work(self) -> None:
        if self.now() >= self._next_look:
            self._next_look = self.now() + settings.OBSERVE_SECONDS
            passing_time.look(self.world)
        for _ in range(100):
            due = [
                (managed.model._meta.label_lower, pk)
                for managed in driver.all_drivers()
                for pk in managed.model._default_manager.filter(not_before__lte=Now())
                .order_by("priority", "not_before")
                .values_list("pk", flat=True)
            ]
            if not sum(reconcile(label, pk) for label, pk in due):
                return

    def _note_aws(self) -> None:
        """Note when AWS will be done with everything that it has accepted so far."""
        timers = own_aws().handle.aws.account.world._timers
        self.aws_done_at = max([self.aws_done_at, *(due for due, _, _ in timers)])

    @property
    def aws_now(self) -> float:
        """AWS's clock, in seconds."""
        return own_aws().handle.aws.account.world.clock.seconds()

    def _until_due(self) -> float:
        now = database_now()
        firsts = [
            managed.model._default_manager.aggregate(first=Min("not_before"))["first"]
            for managed in driver.all_drivers()
        ]
        return min(((first - now).total_seconds() for first in firsts if first), default=float("inf"))

    # --- channels --------------------------------------------------------------------------

    def create(self, count: int) -> tuple[dict[str, int], float]:
        """Create channels at once: the calls by name, and the time until the last is ready over AWS's own.

        AWS's own is the time until it is done with all of them.
        """
        before = Channel.objects.count()
        self.world.control.clear_calls()
        began, self.aws_done_at = self.aws_now, 0.0
        for n in range(count):
            services.channel_create(f"stage {before + n}", who=TESTER, allowed_cidrs=CIDRS)
        self.run(lambda: ready() == before + count)
        critical = self.aws_done_at - began
        return self.world.counts(), (self.aws_now - began) / critical if critical > 0 else 1.0

    def start(self) -> list[str]:
        """Start all breakouts at once: the calls in their order until AWS was asked for the last start."""
        self.world.control.clear_calls()
        rows = list(Breakout.objects.filter(state="idle"))
        for row in rows:
            services.breakout_start(row, who=TESTER)
        self.run(lambda: self.world.counts().get(START, 0) == len(rows))
        names = log(self.world)
        return names[: len(names) - names[::-1].index(START)]

    def delete(self, channels: list[Channel], reap: Callable[[], Any]) -> tuple[dict[str, int], float]:
        """Delete channels at once: the calls by name, and the seconds until their rows are gone."""
        distributions = [row.distribution_id for row in channels]
        self.world.control.clear_calls()
        for row in channels:
            services.channel_delete(row, who=TESTER)
        pks = [row.pk for row in channels]

        def gone() -> bool:
            if Distribution.objects.filter(pk__in=distributions, state="disabled").exists():
                reap()
            left = Channel.objects.filter(pk__in=pks).exists()
            return not left and not Distribution.objects.filter(pk__in=distributions).exists()

        seconds = self.run(gone)
        return self.world.counts(), seconds


def ready() -> int:
    """How many channels are idle with a deployed distribution."""
    return Channel.objects.filter(state="idle", distribution__state="deployed").count()


def errors() -> str:
    """The errors of all rows, each with the number of rows that have it."""
    found: Counter[str] = Counter()
    for managed in driver.all_drivers():
        rows = managed.model._default_manager.exclude(error_code="")
        found.update(f"{row.KIND}: {row.error_message}" for row in rows)
    return "; ".join(f"{count} x {error}" for error, count in found.items()) or "no row has an error"


def reads(calls: dict[str, int]) -> dict[str, int]:
    return {name: n for name, n in calls.items() if any(read in name for read in READS)}


def total(calls: dict[str, int]) -> int:
    return sum(calls.values())


def log(world: WorldUnderTest) -> list[str]:
    """The names of the calls in their order."""
    return [call["name"] for call in world.control.calls(limit=100_000)]


def by_name(calls: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(Counter(calls).items()))
