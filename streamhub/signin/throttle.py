"""Slows guessing down where the lockout does not reach: many accounts from one address, or many addresses.

django-axes locks one account for one address (`AXES_LOCKOUT_PARAMETERS`), so nobody can lock others out.
These two limits are wider. They count failures only, in the database, by its clock.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, DateTimeField, F, PositiveIntegerField, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest

from streamhub.access.client_address import counted_as
from streamhub.clock import from_now
from streamhub.signin.models import FailureCount

_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """At most `failures` in a window of `seconds`; then nothing until the window ends."""

    name: str
    failures: int
    seconds: int

    def key(self, of: str) -> str:
        """Without case and the blanks around it, which the sign-in's form takes off a name, too."""
        return hashlib.sha256(f"{self.name}:{of.strip().casefold()}".encode()).hexdigest()

    def wait(self, of: str) -> int:
        """The seconds until another attempt is looked at; 0 if it may be made now. One query."""
        row = (
            FailureCount.objects.filter(key=self.key(of), count__gte=self.failures)
            .filter(started_at__gt=from_now(-timedelta(seconds=self.seconds)))
            .annotate(read_at=Now())
            .first()
        )
        if row is None:
            return 0
        passed = (row.read_at - row.started_at).total_seconds()  # type: ignore[attr-defined]
        return max(1, round(self.seconds - passed))

    def failed(self, of: str) -> None:
        """Count one failure; the first after a window opens another."""
        over = When(started_at__lte=from_now(-timedelta(seconds=self.seconds)), then=Value(1))
        opened = When(started_at__lte=from_now(-timedelta(seconds=self.seconds)), then=Now())
        rows = FailureCount.objects.filter(key=self.key(of))
        changed = rows.update(
            count=Case(over, default=F("count") + 1, output_field=PositiveIntegerField()),
            started_at=Case(opened, default=F("started_at"), output_field=DateTimeField()),
        )
        if not changed:
            FailureCount.objects.filter(started_at__lt=from_now(-_KEPT)).delete()
            FailureCount.objects.bulk_create([FailureCount(key=self.key(of), count=1)], ignore_conflicts=True)


# An office behind one address mistypes less often than this; a list of names is tried slowly.
ADDRESS = Limit("address", failures=30, seconds=300)
# Of one account, from all addresses together.
ACCOUNT = Limit("account", failures=60, seconds=900)


def seconds_to_wait(request: HttpRequest, account: str) -> int:
    """How long this address or this account has to wait; 0 if not at all."""
    return max(ADDRESS.wait(counted_as(request)), ACCOUNT.wait(account))


def count_failure(request: HttpRequest, account: str) -> None:
    """A wrong password or code."""
    ADDRESS.failed(counted_as(request))
    ACCOUNT.failed(account)
