"""The lists of AWS that observe many rows at once: what each is, and when it was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Q, QuerySet

from streamhub.contributions import contributed
from streamhub.lifecycle.models import Listing, ManagedResource


class ListPage(Protocol):
    @property
    def items(self) -> tuple[Any, ...]: ...


@dataclass(frozen=True)
class Watch:
    """Which rows are looked at in every observation, even if they wait for nothing.

    `rows()`: their condition. `describe(id)`: reads one item of the list. Raises `NotFound`.
    """

    rows: Callable[[], Q]
    describe: Callable[[str], Any]


@dataclass(frozen=True)
class PolledList:
    """One list of AWS and the rows that it observes.

    `facts(item)`: the columns that an item determines. `gone(row, listed_at)`: the columns to write if the
    row's resource is absent from a list begun at `listed_at`, or None if absence proves nothing. `read_at`:
    the column with the time at which the row's item was last read. `service`: AWS's name of the service, and
    `title` that of the items, for people. `confirms`: the condition of the rows that wait only for their
    absence, because AWS accepted their deletion. None of them is described: the whole list confirms all that
    came together. `counts(item)`: the quotas that count the item, and within each the group that has the
    quota to itself ("": the account).
    `source`: lists with the same one have the same pages, read once in an observation ("": its own).
    `needed()`: whether the list is read although no row is in it, because rows wait for what it counts.
    `forget(rows, listed_at)`: remove the rows, of those absent from a list begun at `listed_at`, of which
    nothing else is left to do; the others take their step. `first`: shows wait for what it says, so it
    is read before lists that may be long.
    """

    key: str
    model: type[ManagedResource]
    id_field: str
    pages: Callable[[], Iterable[ListPage]]
    facts: Callable[[Any], dict[str, Any]]
    gone: Callable[[Any, datetime], dict[str, Any] | None]
    title: str
    item_id: Callable[[Any], str] = lambda item: str(item.id)
    service: str = "AWS"
    watch: Watch | None = None
    read_at: str = "observed_at"
    confirms: Q | None = None
    counts: Callable[[Any], Iterable[tuple[str, str]]] = lambda item: ()
    needed: Callable[[], bool] = lambda: False
    source: str = ""
    forget: Callable[[QuerySet[Any], datetime], object] = lambda rows, listed_at: None
    first: bool = False


def polled_lists() -> list[PolledList]:
    """The polled lists of all apps."""
    return list(contributed("polled_lists"))


def identified(polled_list: PolledList) -> QuerySet[Any]:
    """The rows whose AWS id is known."""
    rows = polled_list.model._default_manager.exclude(**{f"{polled_list.id_field}__isnull": True})
    return rows.exclude(**{polled_list.id_field: ""})


def unscheduled(polled_list: PolledList, pks: list[int]) -> list[int]:
    """Those rows that have no next step planned: they wait only for an observation."""
    rows = polled_list.model._default_manager.filter(pk__in=pks, not_before__isnull=True)
    return list(rows.values_list("pk", flat=True))


def lists_read_at(model: type[ManagedResource]) -> datetime | None:
    """When all lists that observe the model had been read; None if one of them never was. One query."""
    keys = [polled_list.key for polled_list in polled_lists() if polled_list.model is model]
    listed = list(Listing.objects.filter(key__in=keys).values_list("listed_at", flat=True))
    read = [moment for moment in listed if moment is not None]
    return min(read) if keys and len(read) == len(keys) else None


def last_read(row: ManagedResource) -> datetime | None:
    """When AWS was last read for the row: by a describe, or when all of its lists had been read."""
    return max(filter(None, (row.observed_at, lists_read_at(type(row)))), default=None)


def pages_of(key: str) -> int:
    """How many pages the list had when it was last read; 1 if it never was."""
    return Listing.objects.filter(key=key).values_list("pages", flat=True).first() or 1
