"""The product in one process: rows, drivers and an embedded AWS; the test plays sweep and clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from typing import Any, NamedTuple

from django.db.models.functions import Now

from billing.models import CollectionWindow, DailySeries, LedgerMinute
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from distributions.tasks import delete_stale_distributions
from emulator.base import Durations
from emulator.control import Control
from emulator.server import EmbeddedAws, Handle
from streamhub.aws.session import AwsSession, _Clients, use_session
from streamhub.aws.target import Target, embedded_target
from streamhub.errors import AwsError
from streamhub.lifecycle import driver, observe
from streamhub.lifecycle.models import Job, Listing, Transition
from streamhub.lifecycle.reconcile import reconcile

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
    Transition,
    Listing,
    Job,
)


def configure(settings: Any) -> None:
    """Product settings for a world whose time passes at once."""
    settings.OBSERVE_SECONDS = 0.02
    settings.MISSING_MIN_AGE_SECONDS = 0.05


def expire_claims() -> None:
    """What a dead worker held runs out: its claims and its leases."""
    for each in driver.all_drivers():
        held = each.model._default_manager.filter(claim_token__isnull=False)
        held.update(claimed_until=Now() - timedelta(seconds=1))
    Job.objects.update(leased_until=None)


class OwnAws(NamedTuple):
    """The embedded AWS of a process, and clients for it: making these takes longer than most tests."""

    handle: Handle
    target: Target
    clients: _Clients


@cache
def _aws_of(pid: int) -> OwnAws:
    handle = EmbeddedAws(scale=0.0).start_in_thread()
    target = embedded_target(handle.url, "eu-central-1", "local")
    return OwnAws(handle, target, _Clients(target))


def own_aws() -> OwnAws:
    """That of this process, started when it is first asked for."""
    return _aws_of(os.getpid())


class WorldUnderTest:
    """An embedded AWS, the session to it, and the means to let StreamHub work until nothing is due."""

    def __init__(self, control: Control, session: AwsSession) -> None:
        self.control = control
        self.session = session

    @classmethod
    def running(cls, settings: Any, session_class: type[AwsSession] = AwsSession) -> Iterator[WorldUnderTest]:
        """A world on this process's embedded AWS, whose account is fresh."""
        configure(settings)
        own = own_aws()
        own.handle.reset()
        session = session_class(own.target)
        session._per_process[os.getpid()] = own.clients
        with use_session(session):
            yield cls(own.handle.control, session)

    def is_new(self) -> bool:
        """Whether it is on this process's own AWS, and nobody has called or changed that yet."""
        if self.session.target != own_aws().target:
            return False
        account = own_aws().handle.aws.account
        as_begun = account.world.clock.scale == account.settings.scale and not account.faults.rules
        return as_begun and account.world.durations == Durations() and not (self.counts() or self.left())

    # --- letting it work -------------------------------------------------------------------

    def due(self) -> list[tuple[str, int]]:
        """Every row that has a next step, whenever that would be."""
        found = []
        for each in driver.all_drivers():
            rows = each.model._default_manager.filter(not_before__isnull=False)
            label = each.model._meta.label_lower
            found += [(label, pk) for pk in rows.order_by("priority", "pk").values_list("pk", flat=True)]
        return found

    def step_all(self) -> int:
        """Let every waiting row take one step now; how many did."""
        taken = 0
        for label, pk in self.due():
            model = driver.driver_of(label).model
            model._default_manager.filter(pk=pk).update(not_before=Now())
            taken += self.surviving(partial(reconcile, label, pk))
        return taken

    def surviving(self, work: Callable[[], Any]) -> bool:
        """Do it as a worker would; if the worker is killed, let its claims and leases run out."""
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
        """What the periodic observation does, as if the last full list were long ago."""
        Listing.objects.update(listed_at=None)
        self._observe(observe.polled_lists())

    def badge(self) -> None:
        """What it does when everything was just listed: it sees to the rows that wait to be looked at."""
        waited_for = self._watched()
        self._observe([watch for watch in observe.polled_lists() if watch.key in waited_for])

    def _observe(self, polled_lists: list[observe.PolledList]) -> None:
        for watch in polled_lists:
            with suppress(AwsError):
                self.surviving(partial(observe.observe, watch))

    def settle(
        self, until: Callable[[], bool] | None = None, rounds: int = ROUNDS, strict: bool = True
    ) -> None:
        """Steps and observations until `until` holds, or until nothing more happens.

        The lists are read in full once nobody has a step to take, and every few rounds before that.
        """
        for n in range(1, rounds + 1):
            if until is not None and until():
                return
            stepped = self.step_all()
            self.badge() if stepped and n % FULL_EVERY else self.observe()
            if until is None and not stepped and not self.due() and not self._watched():
                return
        if strict and until is not None and not until():
            raise AssertionError(f"did not settle in {rounds} rounds; due: {self.due()}")

    def reap(self) -> None:
        with suppress(AwsError):
            self.surviving(delete_stale_distributions)

    def _watched(self) -> set[str]:
        """The lists that rows wait for."""
        models = [each.model._default_manager for each in driver.all_drivers()]
        return {
            key
            for rows in models
            for key in rows.exclude(polled_list="").values_list("polled_list", flat=True)
        }

    # --- looking at AWS --------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Calls so far by `service:Operation`."""
        return dict(self.control.counts()["calls"])

    def creates(self) -> dict[str, int]:
        return {call: n for call, n in self.counts().items() if ":Create" in call}

    def illegal(self) -> list[dict[str, Any]]:
        """Calls that broke one of AWS's rules."""
        return self.control.calls(illegal=True)

    def left(self) -> dict[str, int]:
        """How many resources of each kind exist ("cloudfront distributions": 2), zeros left out."""
        found = {}
        for service, kinds in self.control.inventory().items():
            for kind, things in kinds.items():
                if things and service in ("cloudfront", "mediapackage", "medialive"):
                    found[f"{service} {kind}"] = len(things)
        return found


def clean(world: WorldUnderTest) -> None:
    """A fresh AWS and empty tables."""
    for model in ROWS:
        model._default_manager.all().delete()
    world.control.reset()
