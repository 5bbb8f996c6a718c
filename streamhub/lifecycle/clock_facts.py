"""What the health page says about clocks: each host's and the database's, which is compared with AWS's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from streamhub.lifecycle.clocks import AWS, ClockFact, clock_offsets
from streamhub.lifecycle.health import Group, HealthFact, own_facts

HOST_CLOCK, DATABASE_CLOCK = "host_clock", "database_clock"
# AWS refuses signatures that are five minutes off; bytes and alarms are by the minute.
CRITICAL_FROM = timedelta(minutes=1)
DATABASE_REMEDY = (
    "Correct the clock of the database's server (NTP), then look at the shows of that time: their bytes are "
    "booked by the database's minutes."
)
HOST_REMEDY = "Correct the clock of this host (NTP). AWS refuses calls from a clock that is five minutes off."


def facts() -> list[HealthFact]:
    """One fact for each host, and one for the database. One query."""
    by_host = groupby(clock_offsets(), key=lambda fact: fact.host)
    return [_fact(host, list(clocks)) for host, clocks in by_host]


def _fact(host: str, clocks: list[ClockFact]) -> HealthFact:
    of_database = host == AWS
    worst = max(clocks, key=lambda fact: abs(fact.offset.ahead))
    ahead = -worst.offset.ahead if of_database else worst.offset.ahead
    beyond = [fact for fact in clocks if fact.beyond_since is not None]
    return HealthFact(
        Group.CLOCKS,
        "database" if of_database else host,
        not beyond,
        f"{ahead.total_seconds():+.1f} s",
        _of_database(ahead) if of_database else _of_host(host, ahead, beyond or clocks),
        _first(fact.beyond_since for fact in beyond) if beyond else None,
        (DATABASE_REMEDY if of_database else HOST_REMEDY) if beyond else "",
        DATABASE_CLOCK if of_database else HOST_CLOCK,
        critical=abs(ahead) >= CRITICAL_FROM,
        public="" if of_database else _of_host("", ahead, beyond or clocks),
    )


def _of_database(ahead: timedelta) -> str:
    return f"The clock of the database is {_apart(ahead)} AWS's."


def _of_host(host: str, ahead: timedelta, clocks: list[ClockFact]) -> str:
    """The sentence about a host's clock; without its name if `host` is ""."""
    roles = ", ".join(sorted(each.role for each in clocks))
    if not host:
        return f"The clock of a host ({roles}) is {_apart(ahead)} the database's."
    return f"The clock of the host {host} ({roles}) is {_apart(ahead)} the database's."


def _apart(ahead: timedelta) -> str:
    return f"{abs(ahead).total_seconds():.1f} s {'ahead of' if ahead > timedelta() else 'behind'}"


def _first(moments: Iterable[datetime | None]) -> datetime:
    return min(moment for moment in moments if moment is not None)


HEALTH_FACTS = (own_facts, facts)
