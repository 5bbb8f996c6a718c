"""What a row waits for at AWS, since when, and when to look next.

A step that ends while AWS works leaves the plan on the row (`look_at`); a look that finds it still at work
plans again; the step that finds it ended records how long it took (`durations`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from streamhub.clock import database_now
from streamhub.lifecycle import durations, look_plan
from streamhub.lifecycle.durations import History
from streamhub.lifecycle.look_plan import Quantiles
from streamhub.lifecycle.models import Listing, ManagedResource

# A complete list that is more `OBSERVE_SECONDS` away is not waited for, even by what nobody waits for.
BY_LIST_PERIODS = 40
OVER: dict[str, Any] = {"awaits": "", "awaits_since": None, "awaits_seen_at": None, "look_at": None}


@dataclass(frozen=True)
class Awaited:
    """The operation that a row waits for. `since`: when AWS accepted it; None: at the row's last look."""

    key: str
    since: datetime | None = None


@dataclass(frozen=True)
class Circumstances:
    """What a plan depends on beside the wait itself: one reading for all rows of a list.

    `rows_a_call`: how many rows one call shows. A call that shows more is made more often, by the cube
    root: all lists share one rate. `full_at`: when the whole list is read next, anyway.
    """

    now: datetime
    rows_a_call: float
    full_at: datetime | None


def after_step(row: ManagedResource, awaited: Awaited | None) -> dict[str, Any]:
    """The columns to write at the end of a step. No query if nothing is awaited."""
    same = awaited is not None and row.awaits == awaited.key
    if awaited is None:
        return OVER if row.awaits else {}
    operation = durations.operation_of(awaited.key)
    if operation is None:
        return OVER
    present = circumstances(type(row), row.polled_list)
    since = (row.awaits_since if same else None) or awaited.since or row.observed_at or present.now
    seen = row.observed_at if row.observed_at and row.observed_at > since else None
    return {
        "awaits": awaited.key,
        "awaits_since": since,
        "awaits_seen_at": seen,
        "look_at": planned(durations.history(operation), since, present),
    }


def record_ended(row: ManagedResource, awaited: Awaited | None) -> None:
    """Record how long it took what the row awaited before its step, and awaits no more.

    Only what ended as it should: not what failed or what another call cut short.
    """
    if not row.awaits or (awaited is not None and row.awaits == awaited.key):
        return
    since, by, operation = row.awaits_since, row.observed_at, durations.operation_of(row.awaits)
    if since is None or by is None or by <= since or operation is None or not operation.ended(row):
        return
    seen = row.awaits_seen_at or since
    after = min(max(since, seen), by)
    durations.record(row.awaits, (after - since).total_seconds(), (by - since).total_seconds())


def circumstances(model: type[ManagedResource], key: str) -> Circumstances:
    """Those of the rows that wait for this list. Three queries."""
    rows = model._default_manager.filter(polled_list=key).count()
    listing = Listing.objects.filter(key=key).first()
    full_at = None
    if listing is not None and listing.listed_at is not None:
        full_at = listing.listed_at + timedelta(seconds=settings.FULL_OBSERVE_SECONDS)
    pages = listing.pages if listing is not None else 1
    return Circumstances(database_now(), max(1.0, rows / pages), full_at)


def planned(history: History, since: datetime, present: Circumstances) -> datetime:
    """When to look next at a row that waits since then and was looked at now."""
    if history.operation.by_list and (after_list := _after_complete_list(present)):
        return after_list
    quantiles = history.quantiles
    waited = max(0.0, (present.now - since).total_seconds())
    tick = float(settings.OBSERVE_SECONDS)
    free_at = _free_at(quantiles, since, present)
    cost = history.operation.look_cost * quantiles.median / present.rows_a_call ** (1 / 3)
    look = look_plan.next_look(quantiles, waited, look_cost=cost, free_at=free_at)
    if look is None:
        look = look_plan.beyond(waited, least=tick, most=settings.FULL_OBSERVE_SECONDS)
    else:
        look = min(look, look_plan.latest(quantiles, waited, hurried=history.operation.look_cost < 1))
    if look == free_at:
        look += tick
    if history.operation.on_air:
        # Seen within two observations, also if a list is read half a period late.
        look = min(look, waited + 1.5 * tick)
    return since + timedelta(seconds=look)


def _after_complete_list(present: Circumstances) -> datetime | None:
    """So long after the next complete list that the list comes first, and if it cannot be read, a look does.

    None if that list is far away.
    """
    tick = timedelta(seconds=settings.OBSERVE_SECONDS)
    if present.full_at is None or present.full_at - present.now > BY_LIST_PERIODS * tick:
        return None
    return max(present.full_at, present.now) + 1.5 * tick


def _free_at(quantiles: Quantiles, since: datetime, present: Circumstances) -> float | None:
    """When the whole list is read next, in seconds since the beginning; None if that is later than usual.

    A place that AWS has freed is not shown as taken until then.
    """
    if present.full_at is None:
        return None
    seconds = (present.full_at - since).total_seconds() + settings.OBSERVE_SECONDS / 2
    return seconds if seconds <= quantiles.at(look_plan.LATE) else None


def after_look(model: type[ManagedResource], key: str, looked_at: datetime) -> dict[int, dict[str, Any]]:
    """The columns of the rows that wait for the list and that it showed still at work. Six queries."""
    rows = list(
        model._default_manager.filter(polled_list=key, not_before__isnull=True, awaits_since__lt=looked_at)
        .exclude(awaits="")
        .only("pk", "awaits", "awaits_since")
    )
    if not rows:
        return {}
    present = circumstances(model, key)
    awaited = {row.awaits for row in rows}
    known = {each.key: durations.history(each) for each in durations.operations() if each.key in awaited}
    plans = {
        row.pk: planned(known[row.awaits], row.awaits_since, present)
        for row in rows
        if row.awaits in known and row.awaits_since is not None
    }
    return {pk: {"awaits_seen_at": looked_at, "look_at": look_at} for pk, look_at in plans.items()}
