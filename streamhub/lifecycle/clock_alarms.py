"""The alarms about clocks: a host off the database, and the database off AWS."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from django.urls import reverse

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.lifecycle.clocks import AWS, ClockFact, clock_offsets

HOST_CLOCK, DATABASE_CLOCK = "host_clock", "database_clock"
# AWS refuses signatures that are five minutes off; bytes and alarms are by the minute.
CRITICAL_FROM = timedelta(minutes=1)


def current() -> list[Condition]:
    """At most one condition for each host, and one for the database. One query."""
    beyond = [fact for fact in clock_offsets() if fact.beyond_since is not None]
    return [_condition(host, list(facts)) for host, facts in groupby(beyond, key=lambda fact: fact.host)]


def _condition(host: str, facts: list[ClockFact]) -> Condition:
    worst = max(facts, key=lambda fact: abs(fact.offset.ahead))
    return Condition(
        rule=DATABASE_CLOCK if host == AWS else HOST_CLOCK,
        severity=Severity.CRITICAL if abs(worst.offset.ahead) >= CRITICAL_FROM else Severity.WARNING,
        kind="clock",
        object_id="database" if host == AWS else host,
        name="database" if host == AWS else host,
        url=reverse("admin:lifecycle_clockoffset_changelist"),
        sentence=_of_database(worst) if host == AWS else _of_host(worst, facts),
        since=_first(fact.beyond_since for fact in facts),
        hint=DATABASE_HINT if host == AWS else HOST_HINT,
    )


DATABASE_HINT = (
    "Correct the clock of the database's server (NTP), then look at the shows of that time: their bytes are "
    "booked by the database's minutes."
)
HOST_HINT = "Correct the clock of this host (NTP). AWS refuses calls from a clock that is five minutes off."


def _of_database(fact: ClockFact) -> str:
    return f"The clock of the database is {_apart(-fact.offset.ahead)} AWS's."


def _of_host(fact: ClockFact, facts: list[ClockFact]) -> str:
    roles = ", ".join(sorted(each.role for each in facts))
    return f"The clock of the host {fact.host} ({roles}) is {_apart(fact.offset.ahead)} the database's."


def _apart(ahead: timedelta) -> str:
    return f"{abs(ahead).total_seconds():.1f} s {'ahead of' if ahead > timedelta() else 'behind'}"


def _first(moments: Iterable[datetime | None]) -> datetime:
    return min(moment for moment in moments if moment is not None)


ALARMS = AlarmSource("lifecycle.view_job", current)
