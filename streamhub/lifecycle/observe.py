"""Looking at AWS for many rows at once, in proportion to how many wait.

A `PolledList` couples one list of AWS with the columns that hold its facts. While fewer rows wait on it than
the list has pages, each is described by its own step; otherwise, and at least every
`FULL_OBSERVE_SECONDS`, the whole list is read. Only changed rows are written. Absence from a list never
proves anything, unless our own delete was accepted before the list was begun; otherwise it only causes
a describe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from streamhub.contributions import contributed
from streamhub.lifecycle import intent
from streamhub.lifecycle.claim import FREE
from streamhub.lifecycle.locking import update_all
from streamhub.lifecycle.models import Listing, ManagedResource, database_now

NOTHING = "nothing to look at"


class ListPage(Protocol):
    @property
    def items(self) -> tuple[Any, ...]: ...


@dataclass(frozen=True)
class PolledList:
    """One list of AWS and the rows it tells about.

    `facts(item)` are the columns an item of the list speaks for; `gone(row, listed_at)` those to write
    when the row's resource is absent from a list begun at `listed_at`, or None if that proves nothing.
    """

    key: str
    model: type[ManagedResource]
    id_field: str
    pages: Callable[[], Iterable[ListPage]]
    facts: Callable[[Any], dict[str, Any]]
    gone: Callable[[Any, datetime], dict[str, Any] | None]
    item_id: Callable[[Any], str] = lambda item: str(item.id)


def polled_lists() -> list[PolledList]:
    """Those of all apps."""
    return list(contributed("polled_lists"))


def observe(watch: PolledList) -> str:
    """Look once; a sentence on what was done. Raises `AwsError` when AWS could not be read."""
    known = watch.model._default_manager.exclude(**{f"{watch.id_field}__isnull": True}).exclude(
        **{watch.id_field: ""}
    )
    waiting = list(known.filter(polled_list=watch.key).values_list("pk", flat=True))
    listing, _ = Listing.objects.get_or_create(key=watch.key)
    full_due = _full_due(listing) and known.exists()
    if not waiting and not full_due:
        return NOTHING
    if len(waiting) < listing.pages and not full_due:
        intent.requeue(watch.model, _idle(watch, waiting), observe=True)
        return f"{len(waiting)} to describe"
    said = read_list(watch, listing)
    if full_due:
        # Nobody may wait for ever on a change that was seen but not acted upon: decide afresh.
        intent.requeue(watch.model, _idle(watch, waiting))
    return said


def _idle(watch: PolledList, pks: list[int]) -> list[int]:
    """Those of the rows that wait for nothing but an observation."""
    rows = watch.model._default_manager.filter(pk__in=pks, not_before__isnull=True)
    return list(rows.values_list("pk", flat=True))


def _full_due(listing: Listing) -> bool:
    if listing.listed_at is None:
        return True
    return database_now() - listing.listed_at >= timedelta(seconds=settings.FULL_OBSERVE_SECONDS)


def read_list(watch: PolledList, listing: Listing | None = None) -> str:
    """Read the complete list and write what changed."""
    started = database_now()
    seen: set[str] = set()
    pages = changed = 0
    for page in watch.pages():
        pages += 1
        items = {watch.item_id(item): item for item in page.items}
        seen.update(items)
        changed += _write_changed(watch, items, started)
    absent = _absent(watch, seen, started)
    listing = listing or Listing.objects.get_or_create(key=watch.key)[0]
    listing.pages, listing.items, listing.listed_at = max(pages, 1), len(seen), started
    listing.save()
    return f"{pages} pages, {len(seen)} items, {changed} changed, {absent} absent"


def _write_changed(watch: PolledList, items: dict[str, Any], started: datetime) -> int:
    changed = []
    for row in watch.model._default_manager.filter(**{f"{watch.id_field}__in": list(items)}):
        facts = watch.facts(items[getattr(row, watch.id_field)])
        if not _differs(row, facts):
            continue
        if _write(row, facts, started):
            changed.append(row.pk)
    intent.requeue(watch.model, changed)
    return len(changed)


def _differs(row: ManagedResource, facts: dict[str, Any]) -> bool:
    return any(getattr(row, column) != value for column, value in facts.items())


def _write(row: ManagedResource, facts: dict[str, Any], started: datetime) -> int:
    """Write facts unless a step holds the row or has read AWS since the list was begun."""
    older = Q(observed_at__isnull=True) | Q(observed_at__lt=started)
    rows = type(row)._default_manager.filter(FREE, older, pk=row.pk)
    return rows.update(**facts, observed_at=Now())


def _absent(watch: PolledList, seen: set[str], started: datetime) -> int:
    """Rows whose resource should be in the list and is not: describe them, or believe our own delete."""
    rows = watch.model._default_manager
    known = rows.exclude(**{f"{watch.id_field}__isnull": True}).exclude(**{watch.id_field: ""})
    absent = [pk for pk, aws_id in known.values_list("pk", watch.id_field) if aws_id not in seen]
    doubtful = []
    for row in rows.filter(pk__in=absent):
        facts = watch.gone(row, started)
        if facts is None:
            doubtful.append(row.pk)
        elif _differs(row, facts) and _write(row, facts, started):
            intent.requeue(watch.model, [row.pk])
    # Whatever else they wait for or watch: all of each is to be described at their next step, which
    # comes now unless they have one to come.
    update_all(watch.model, doubtful, observe_requested=True, polled_list="")
    intent.requeue(watch.model, _idle(watch, doubtful))
    return len(absent)
