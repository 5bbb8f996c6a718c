"""The product in one process: rows, drivers and an embedded AWS. The test replaces sweep and clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from typing import Any, NamedTuple

from django.db.models import Q
from django.db.models.functions import Now

from billing.models import CollectionWindow, DailySeries, EncoderPhase, LedgerMinute, MonthCost
from billing.usage_rows import PhaseCursor
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution, HeadersPolicy, OriginSecret, ViewerKey
from distributions.tasks import delete_stale_distributions
from emulator.base import Durations
from emulator.control import Control
from emulator.server import EmbeddedAws, Handle
from streamhub.append_only import retention
from streamhub.aws.session import AwsSession, _Clients, use_session
from streamhub.aws.target import Target, embedded_target
from streamhub.errors import AwsError
from streamhub.lifecycle import driver, observe
from streamhub.lifecycle.models import Duration, Job, Listing, Transition
from streamhub.lifecycle.polled_lists import PolledList, polled_lists
from streamhub.lifecycle.reconcile import reconcile
from streamhub.quotas.models import Place, Quota

ROUNDS = 200
FULL_EVERY = 5
ROWS = (
    CollectionWindow,
    DailySeries,
    LedgerMinute,
    Attachment,
    Breakout,
    Channel,
    SecurityGroup,
    Distribution,
    ViewerKey,
    OriginSecret,
    HeadersPolicy,
    EncoderPhase,
    PhaseCursor,
    MonthCost,
    Duration,
    Transition,
    Listing,
    Job,
    Place,
    Quota,
)


def configure(settings: Any) -> None:
    """Product settings for an AWS that finishes everything at once."""
    settings.OBSERVE_SECONDS = 0.02
    settings.MISSING_MIN_AGE_SECONDS = 0.05


def expire_claims() -> None:
    """Expire the claims and leases of a dead worker."""
    for managed in driver.all_drivers():
        held = managed.model._default_manager.filter(claim_token__isnull=False)
        held.update(claimed_until=Now() - timedelta(seconds=1))
    Job.objects.update(leased_until=None)


class OwnAws(NamedTuple):
    """The embedded AWS of a process, with its clients: making clients takes longer than most tests."""

    handle: Handle
    target: Target
    clients: _Clients


@cache
def _aws_of(pid: int) -> OwnAws:
    handle = EmbeddedAws(scale=0.0).start_in_thread()
    target = embedded_target(handle.url, "eu-central-1", "local")
    return OwnAws(handle, target, _Clients(target))


def own_aws() -> OwnAws:
    """The embedded AWS of this process, started at the first call."""
    return _aws_of(os.getpid())


class WorldUnderTest:
    """An embedded AWS with a session, and methods that let StreamHub work until nothing is due."""

    def __init__(self, control: Control, session: AwsSession) -> None:
        self.control = control
        self.session = session

    @classmethod
    def running(cls, settings: Any, session_class: type[AwsSession] = AwsSession) -> Iterator[WorldUnderTest]:
        """A world on this process's embedded AWS, with an empty account."""
        configure(settings)
        own = own_aws()
        own.handle.reset()
        session = session_class(own.target)
        session._per_process[os.getpid()] = own.clients
        with use_session(session):
            yield cls(own.handle.control, session)

    def is_new(self) -> bool:
        """Whether it uses this process's own AWS, and that has not been called or changed yet."""
        if self.session.target != own_aws().target:
            return False
        account = own_aws().handle.aws.account
        unchanged = account.world.clock.scale == account.settings.scale and not account.faults.rules
        return unchanged and account.world.durations == Durations() and not (self.counts() or self.left())

    # --- work ------------------------------------------------------------------------------

    def due(self) -> list[tuple[str, int]]:
        """All rows with a next step, even if it is due later, but none that rests in other hands."""
        due = []
        resting = Q(handed_over_at__isnull=False, not_before__gt=Now() + timedelta(seconds=60))
        for managed in driver.all_drivers():
            rows = managed.model._default_manager.filter(~resting, not_before__isnull=False)
            label = managed.model._meta.label_lower
            due += [(label, pk) for pk in rows.order_by("priority", "pk").values_list("pk", flat=True)]
        return due

    def step_all(self) -> int:
        """Let every row with a next step take it now, and return how many did."""
        taken = 0
        for label, pk in self.due():
            model = driver.driver_of(label).model
            model._default_manager.filter(pk=pk).update(not_before=Now())
            taken += self.surviving(partial(reconcile, label, pk))
        return taken

    def surviving(self, work: Callable[[], Any]) -> bool:
        """Run `work` as a worker would. If the worker is killed, expire its claims and leases."""
        try:
            return bool(work())
        except Exception:
            raise
        except BaseException as death:
            if type(death).__name__ != "Killed":
                raise
            expire_claims()
            return True

    def observe(self) -> None:
        """Run the periodic observation as if the last full list were long ago."""
        Listing.objects.update(listed_at=None)
        self._reach_looks()
        self._observe(polled_lists())

    def watch(self) -> None:
        """Run the periodic observation: since the last complete lists little time has passed."""
        self._reach_looks()
        self._observe(polled_lists())

    def _reach_looks(self) -> None:
        """The time of every planned look has come."""
        for managed in driver.all_drivers():
            managed.model._default_manager.filter(look_at__isnull=False).update(look_at=Now())

    def observe_waiting(self) -> None:
        """Run the periodic observation as if everything was just listed: only for rows that wait for it."""
        self._reach_looks()
        keys = self._awaited_lists()
        self._observe([polled_list for polled_list in polled_lists() if polled_list.key in keys])

    def _observe(self, lists: list[PolledList]) -> None:
        for polled_list in lists:
            with suppress(AwsError):
                self.surviving(partial(observe.observe, polled_list))

    def settle(
        self, until: Callable[[], bool] | None = None, rounds: int = ROUNDS, strict: bool = True
    ) -> None:
        """Run steps and observations until `until` holds or nothing more happens.

        The lists are read in full when no row has a next step, and every few rounds before that.
        """
        for n in range(1, rounds + 1):
            if until is not None and until():
                return
            stepped = self.step_all()
            self.observe_waiting() if stepped and n % FULL_EVERY else self.observe()
            if until is None and not stepped and not self.due() and not self._awaited_lists():
                return
        if strict and until is not None and not until():
            raise AssertionError(f"did not settle in {rounds} rounds; due: {self.due()}")

    def reap(self) -> None:
        with suppress(AwsError):
            self.surviving(delete_stale_distributions)

    def _awaited_lists(self) -> set[str]:
        """The keys of the lists that rows wait for."""
        tables = [managed.model._default_manager for managed in driver.all_drivers()]
        return {
            key
            for rows in tables
            for key in rows.exclude(polled_list="").values_list("polled_list", flat=True)
        }

    # --- AWS -------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """The number of calls so far, by `service:Operation`."""
        return dict(self.control.counts()["calls"])

    def creates(self) -> dict[str, int]:
        return {call: n for call, n in self.counts().items() if ":Create" in call}

    def illegal(self) -> list[dict[str, Any]]:
        """Calls that broke one of AWS's rules."""
        return self.control.calls(illegal=True)

    def left(self) -> dict[str, int]:
        """How many resources of each kind exist ("cloudfront distributions": 2), without zeros."""
        counts = {}
        for service, kinds in self.control.inventory().items():
            for kind, resources in kinds.items():
                if resources and service in ("cloudfront", "mediapackage", "medialive"):
                    counts[f"{service} {kind}"] = len(resources)
        return counts


def clean(world: WorldUnderTest) -> None:
    """Empty the AWS account and the tables."""
    with retention():
        for model in ROWS:
            model._default_manager.all().delete()
    world.control.reset()
