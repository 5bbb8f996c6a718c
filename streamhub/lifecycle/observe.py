"""Observing AWS for many rows at once, in proportion to how many wait.

A `PolledList` connects one list of AWS with the columns that hold its facts. While fewer rows wait for it
than the list has pages, each row's own step describes it. Otherwise, and at least every
`FULL_OBSERVE_SECONDS`, the whole list is read. Only changed rows are written. Absence from a list proves
that a resource is gone only if our delete was accepted before the list began; else it causes a describe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from streamhub.contributions import contributed
from streamhub.lifecycle import intent
from streamhub.lifecycle.claim import FREE
from streamhub.lifecycle.locking import update_all
from streamhub.lifecycle.models import Listing, ManagedResource, database_now

NOTHING = "nothing to observe"


class ListPage(Protocol):
    @property
    def items(self) -> tuple[Any, ...]: ...


@dataclass(frozen=True)
class PolledList:
    """One list of AWS and the rows that it observes.

    `facts(item)`: the columns that an item determines. `gone(row, listed_at)`: the columns to write if the
    row's resource is absent from a list begun at `listed_at`, or None if absence proves nothing. `service`:
    AWS's name of the service, for people.
    """

    key: str
    model: type[ManagedResource]
    id_field: str
    pages: Callable[[], Iterable[ListPage]]
    facts: Callable[[Any], dict[str, Any]]
    gone: Callable[[Any, datetime], dict[str, Any] | None]
    item_id: Callable[[Any], str] = lambda item: str(item.id)
    service: str = "AWS"


def polled_lists() -> list[PolledList]:
    """The polled lists of all apps."""
    return list(contributed("polled_lists"))


def observe(polled_list: PolledList) -> str:
    """Observe once, and return what was done. Raises `AwsError` if AWS could not be read."""
    identified = _identified(polled_list)
    waiting = list(identified.filter(polled_list=polled_list.key).values_list("pk", flat=True))
    listing, _ = Listing.objects.get_or_create(key=polled_list.key)
    full_due = _full_due(listing) and identified.exists()
    if not waiting and not full_due:
        # Nothing waits for it, so it is no matter that it could not be read.
        Listing.objects.filter(pk=listing.pk, unread_since__isnull=False).update(unread_since=None)
        return NOTHING
    if len(waiting) < listing.pages and not full_due:
        intent.requeue(polled_list.model, _unscheduled(polled_list, waiting), observe=True)
        return f"rows to describe: {len(waiting)}"
    outcome = read_list(polled_list, listing)
    if full_due:
        # A row must not wait for ever for a change that was observed but not acted upon: it decides again.
        intent.requeue(polled_list.model, _unscheduled(polled_list, waiting))
    return outcome


def _identified(polled_list: PolledList) -> QuerySet[Any]:
    """The rows whose AWS id is known."""
    rows = polled_list.model._default_manager.exclude(**{f"{polled_list.id_field}__isnull": True})
    return rows.exclude(**{polled_list.id_field: ""})


def _unscheduled(polled_list: PolledList, pks: list[int]) -> list[int]:
    """Those rows that have no next step planned: they wait only for an observation."""
    rows = polled_list.model._default_manager.filter(pk__in=pks, not_before__isnull=True)
    return list(rows.values_list("pk", flat=True))


def _full_due(listing: Listing) -> bool:
    if listing.listed_at is None:
        return True
    return database_now() - listing.listed_at >= timedelta(seconds=settings.FULL_OBSERVE_SECONDS)


def lists_read_at(model: type[ManagedResource]) -> datetime | None:
    """When all lists that observe the model had been read; None if one of them never was. One query."""
    keys = [polled_list.key for polled_list in polled_lists() if polled_list.model is model]
    listed = list(Listing.objects.filter(key__in=keys).values_list("listed_at", flat=True))
    read = [moment for moment in listed if moment is not None]
    return min(read) if keys and len(read) == len(keys) else None


def last_read(row: ManagedResource) -> datetime | None:
    """When AWS was last read for the row: by a describe, or when all of its lists had been read."""
    return max(filter(None, (row.observed_at, lists_read_at(type(row)))), default=None)


def read_list(polled_list: PolledList, listing: Listing | None = None) -> str:
    """Read the complete list and write what changed."""
    started = database_now()
    listed: set[str] = set()
    pages = changed = 0
    for page in polled_list.pages():
        pages += 1
        items = {polled_list.item_id(item): item for item in page.items}
        listed.update(items)
        changed += _write_changed(polled_list, items, started)
    absent = _handle_absent(polled_list, listed, started)
    listing = listing or Listing.objects.get_or_create(key=polled_list.key)[0]
    listing.pages, listing.items, listing.listed_at = max(pages, 1), len(listed), started
    listing.unread_since, listing.unread_error, listing.unread_hint = None, "", ""
    listing.save()
    return f"pages {pages}, items {len(listed)}, changed {changed}, absent {absent}"


def _write_changed(polled_list: PolledList, items: dict[str, Any], started: datetime) -> int:
    changed: list[int] = []
    held: list[int] = []
    rows = polled_list.model._default_manager.filter(**{f"{polled_list.id_field}__in": list(items)})
    for row in rows:
        facts = polled_list.facts(items[getattr(row, polled_list.id_field)])
        if _differs(row, facts):
            (changed if _write(row, facts, started) else held).append(row.pk)
    # A step holds these, or has read them since: the next step reads what the list could not write.
    update_all(polled_list.model, held, observe_requested=True)
    intent.requeue(polled_list.model, changed)
    return len(changed)


def _differs(row: ManagedResource, facts: dict[str, Any]) -> bool:
    return any(getattr(row, column) != value for column, value in facts.items())


def _write(row: ManagedResource, facts: dict[str, Any], started: datetime) -> int:
    """Write facts, unless a step holds the row or has observed it since the list was begun."""
    older = Q(observed_at__isnull=True) | Q(observed_at__lt=started)
    rows = type(row)._default_manager.filter(FREE, older, pk=row.pk)
    return rows.update(**facts, observed_at=Now())


def _handle_absent(polled_list: PolledList, listed: set[str], started: datetime) -> int:
    """Rows whose resource is absent from the list: our delete has taken effect, or they need a describe."""
    known_ids = _identified(polled_list).values_list("pk", polled_list.id_field)
    absent = [pk for pk, aws_id in known_ids if aws_id not in listed]
    unproven = []
    for row in polled_list.model._default_manager.filter(pk__in=absent):
        facts = polled_list.gone(row, started)
        if facts is None:
            unproven.append(row.pk)
        elif _differs(row, facts) and _write(row, facts, started):
            intent.requeue(polled_list.model, [row.pk])
    # Their next step describes the whole row. It is due now, unless one is planned already.
    update_all(polled_list.model, unproven, observe_requested=True, polled_list="")
    intent.requeue(polled_list.model, _unscheduled(polled_list, unproven))
    return len(absent)
