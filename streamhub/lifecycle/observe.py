"""Observing AWS for many rows at once, with as few calls as possible.

A `PolledList` connects one list of AWS with the columns that hold its facts. Every observation looks at the
rows that wait for a change, each when its look is planned (`awaiting`), and at those that are watched
closely; the others are looked at with the whole list, every `FULL_OBSERVE_SECONDS`. While describing the rows
one by one takes fewer calls than the list has pages, they are described: a waiting row by its own step, a
watched one here. Otherwise the list is read, which is a look at all that wait. Only changed rows are written.
Absence from a list, or a NotFound, proves that a resource is gone only if our delete was accepted before;
else it causes a describe by the row's own step.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now

from streamhub.clock import database_now
from streamhub.contributions import contributed
from streamhub.errors import AwsError, NotFound, NotSent, StreamHubError
from streamhub.lifecycle import awaiting, intent, observed_facts
from streamhub.lifecycle.claim import after
from streamhub.lifecycle.locking import update_all
from streamhub.lifecycle.models import Listing, ManagedResource

NOTHING = "nothing to observe"
# How much of a list is read before what changed is written.
BATCH_ITEMS = 1000
BATCH_SECONDS = 2.0
# How long steps wait for one that reads the list for all (it may be dead), and how often they ask.
READING_SECONDS = 10
READ_AGAIN_SECONDS = 1.0
_LISTED = ("pages", "items", "counts", "listed_at")


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
    the column with the time at which the row's item was last read. `service`: AWS's name of the service, for
    people. `confirms`: the condition of the rows that wait only for their absence, because AWS accepted their
    deletion. None of them is described: the whole list confirms all that came together. `counts(item)`: the
    quotas that count the item, and within each the group that has the quota to itself ("": the account).
    `needed()`: whether the list is read although no row is in it, because rows wait for what it counts.
    """

    key: str
    model: type[ManagedResource]
    id_field: str
    pages: Callable[[], Iterable[ListPage]]
    facts: Callable[[Any], dict[str, Any]]
    gone: Callable[[Any, datetime], dict[str, Any] | None]
    item_id: Callable[[Any], str] = lambda item: str(item.id)
    service: str = "AWS"
    watch: Watch | None = None
    read_at: str = "observed_at"
    confirms: Q | None = None
    counts: Callable[[Any], Iterable[tuple[str, str]]] = lambda item: ()
    needed: Callable[[], bool] = lambda: False


def polled_lists() -> list[PolledList]:
    """The polled lists of all apps."""
    return list(contributed("polled_lists"))


def observe(polled_list: PolledList) -> str:
    """Observe once, and return what was done. Raises `AwsError` if AWS could not be read."""
    identified = _identified(polled_list)
    awaited = identified.filter(polled_list=polled_list.key)
    confirming = awaited.filter(polled_list.confirms) if polled_list.confirms else awaited.none()
    waiting = awaited.exclude(pk__in=confirming.values("pk"))
    looks = _planned_looks(waiting)
    every, due = list(looks), _within(looks, settings.OBSERVE_SECONDS)
    # A list is read now or a period later, whichever is nearer to the planned look.
    near = _within(looks, settings.OBSERVE_SECONDS / 2)
    listing, _ = Listing.objects.get_or_create(key=polled_list.key)
    watched = _watched(polled_list)
    full_due = _is_due(listing.listed_at) and (identified.exists() or polled_list.needed())
    wake_due = _is_due(listing.woken_at or listing.listed_at)
    confirm_due = not full_due and _may_confirm(listing) and confirming.exists()
    if full_due or confirm_due or _list_is_cheaper({*near, *watched}, {*every, *watched}, listing.pages):
        outcome = read_list(polled_list, listing, plans=any(left is not None for left in looks.values()))
    elif due or watched:
        # Rows that share a list wait for it; few look at themselves, at the planned second.
        share = len({*every, *watched}) > listing.pages
        outcome = _describe(polled_list, near if share else due, watched)
    elif not every:
        # Nothing waits for it, so it is no matter that it could not be read.
        if listing.unread_since is not None:
            Listing.objects.filter(pk=listing.pk).update(unread_since=None)
        return NOTHING
    else:
        outcome = NOTHING
    if wake_due:
        # A row must not wait for ever for a change that was observed but not acted upon: it decides again.
        intent.requeue(polled_list.model, _unscheduled(polled_list, every))
        Listing.objects.filter(pk=listing.pk).update(woken_at=Now())
    return outcome


def _planned_looks(waiting: QuerySet[Any]) -> dict[int, timedelta | None]:
    """How long each waiting row still waits for its planned look; None: it has no plan, and is always due."""
    left = ExpressionWrapper(F("look_at") - Now(), output_field=DurationField())
    return dict(waiting.annotate(left=left).values_list("pk", "left"))


def _within(looks: dict[int, timedelta | None], seconds: float) -> list[int]:
    """The rows whose look is due in so many seconds."""
    return [pk for pk, left in looks.items() if left is None or left.total_seconds() <= seconds]


def _list_is_cheaper(looks: set[int], every: set[int], pages: int) -> bool:
    """Whether the list shows what is due in fewer calls, or in as many calls more than is due."""
    return len(looks) > pages or (len(looks) == pages and len(every) > pages)


def confirm_seconds(pages: int) -> int:
    """How long deletions are collected before a list of so many pages is read for them.

    So that it is no more than one page each `OBSERVE_SECONDS`.
    """
    return min(settings.FULL_OBSERVE_SECONDS, settings.OBSERVE_SECONDS * pages)


def _may_confirm(listing: Listing) -> bool:
    """Whether the last reading of the list is long enough ago."""
    least = timedelta(seconds=confirm_seconds(listing.pages))
    return listing.listed_at is None or database_now() - listing.listed_at >= least


def _watched(polled_list: PolledList) -> list[int]:
    """The rows that are watched closely, without those that their own next step is about to describe."""
    if polled_list.watch is None:
        return []
    soon = Q(observe_requested=True, not_before__lte=after(settings.OBSERVE_SECONDS))
    describes_it = Q(polled_list__in=("", polled_list.key))
    rows = _identified(polled_list).filter(polled_list.watch.rows()).exclude(soon & describes_it)
    return list(rows.values_list("pk", flat=True))


def _describe(polled_list: PolledList, due: list[int], watched: list[int]) -> str:
    """Let the waiting rows describe themselves when it is time, and describe the watched ones that do not."""
    stepping = _unscheduled(polled_list, due)
    rows = polled_list.model._default_manager.filter(pk__in=stepping, look_at__gt=Now())
    later = list(rows.values_list("pk", flat=True)) if stepping else []
    planned = {"not_before": F("look_at"), "observe_requested": True}
    update_all(polled_list.model, later, generation=F("generation") + 1, **planned)
    intent.requeue(polled_list.model, [pk for pk in stepping if pk not in later], observe=True)
    looked_at = [pk for pk in watched if pk not in stepping]
    errors = []
    for row in polled_list.model._default_manager.filter(pk__in=looked_at):
        try:
            _look_at(polled_list, row)
        except AwsError as error:  # what is on air is looked at even if another row cannot be read
            errors.append(error)
    if errors:
        raise errors[0]
    return f"rows to describe: {len(stepping)}, described: {len(looked_at)}"


def _look_at(polled_list: PolledList, row: ManagedResource) -> None:
    """Describe one watched row, and write what changed."""
    if polled_list.watch is None:
        return
    began = database_now()
    aws_id = getattr(row, polled_list.id_field)
    try:
        item = polled_list.watch.describe(aws_id)
    except NotFound:
        _write_absent(polled_list, [row.pk], began)
        return
    if not _write_listed(polled_list, {aws_id: item}, began):
        _reading(polled_list, lambda row: {}, began).confirm(row.pk)


def _identified(polled_list: PolledList) -> QuerySet[Any]:
    """The rows whose AWS id is known."""
    rows = polled_list.model._default_manager.exclude(**{f"{polled_list.id_field}__isnull": True})
    return rows.exclude(**{polled_list.id_field: ""})


def _unscheduled(polled_list: PolledList, pks: list[int]) -> list[int]:
    """Those rows that have no next step planned: they wait only for an observation."""
    rows = polled_list.model._default_manager.filter(pk__in=pks, not_before__isnull=True)
    return list(rows.values_list("pk", flat=True))


def _is_due(last: datetime | None) -> bool:
    """Whether something that is done every `FULL_OBSERVE_SECONDS` is due; `last`: when it was done."""
    return last is None or database_now() - last >= timedelta(seconds=settings.FULL_OBSERVE_SECONDS)


def lists_read_at(model: type[ManagedResource]) -> datetime | None:
    """When all lists that observe the model had been read; None if one of them never was. One query."""
    keys = [polled_list.key for polled_list in polled_lists() if polled_list.model is model]
    listed = list(Listing.objects.filter(key__in=keys).values_list("listed_at", flat=True))
    read = [moment for moment in listed if moment is not None]
    return min(read) if keys and len(read) == len(keys) else None


def last_read(row: ManagedResource) -> datetime | None:
    """When AWS was last read for the row: by a describe, or when all of its lists had been read."""
    return max(filter(None, (row.observed_at, lists_read_at(type(row)))), default=None)


def read_for_all(polled_list: PolledList) -> None:
    """In a step: read the list for all steps that need it now, unless another step is reading it.

    Raises `NotSent` in that case: the step comes back when it has been read. Raises `AwsError`.
    """
    Listing.objects.get_or_create(key=polled_list.key)
    listing = Listing.objects.filter(key=polled_list.key)
    nobody = Q(reading_until__isnull=True) | Q(reading_until__lt=Now())
    if not listing.filter(nobody).update(reading_until=after(READING_SECONDS)):
        raise NotSent(f"{polled_list.key}: list", READ_AGAIN_SECONDS)
    try:
        read_list(polled_list)
    finally:
        listing.update(reading_until=None)


def pages_of(key: str) -> int:
    """How many pages the list had when it was last read; 1 if it never was."""
    return Listing.objects.filter(key=key).values_list("pages", flat=True).first() or 1


def read_list(polled_list: PolledList, listing: Listing | None = None, *, plans: bool = True) -> str:
    """Read the complete list and write what changed; if it ends early, what changed until then.

    `plans`: whether rows that wait for it may have a planned look.
    """
    started = database_now()
    listed: set[str] = set()
    counted: Counter[tuple[str, str]] = Counter()
    pages = changed = 0
    for batch in _batches(polled_list, started):
        pages += batch.pages
        listed.update(batch.items)
        counted.update(place for item in batch.items.values() for place in polled_list.counts(item))
        changed += _write_listed(polled_list, batch.items, batch.began)
    absent = _absent_from(polled_list, listed)
    _write_absent(polled_list, absent, started)
    if plans:
        _plan_again(polled_list, started)
    listing = listing or Listing.objects.get_or_create(key=polled_list.key)[0]
    listing.pages, listing.items, listing.listed_at = max(pages, 1), len(listed), started
    listing.unread_since, listing.unread_error, listing.unread_hint = None, "", ""
    listing.counts = _most_of_a_group(counted)
    listing.save(update_fields=[*_LISTED, "unread_since", "unread_error", "unread_hint"])
    for notify in contributed("at_list"):
        notify(listing)
    return f"pages {pages}, items {len(listed)}, changed {changed}, absent {len(absent)}"


def _plan_again(polled_list: PolledList, looked_at: datetime) -> None:
    """The list was a look at all rows that wait for it: plan the next one of those that wait still."""
    plans = awaiting.after_look(polled_list.model, polled_list.key, looked_at)
    if not plans:
        return
    with transaction.atomic():
        rows = polled_list.model._default_manager.filter(pk__in=list(plans), not_before__isnull=True)
        locked = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
        observed_facts.update_each(polled_list.model, {pk: plans[pk] for pk in locked})


def _most_of_a_group(counted: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """By quota, the count of the group that has used the most of it."""
    most: dict[str, int] = {}
    for (quota, _group), count in counted.items():
        most[quota] = max(most.get(quota, 0), count)
    return most


@dataclass
class _Batch:
    """Items of the list by their ids, all read after `began`."""

    began: datetime
    pages: int = 0
    items: dict[str, Any] = field(default_factory=dict)


def _batches(polled_list: PolledList, started: datetime) -> Iterator[_Batch]:
    """The list in batches of pages, each at most `BATCH_ITEMS` and a page, or `BATCH_SECONDS` and a page.

    Ends with the error if the list cannot be read to its end, after the batch until then.
    """
    batch, since = _Batch(started), time.monotonic()
    try:
        for page in polled_list.pages():
            batch.pages += 1
            batch.items.update({polled_list.item_id(item): item for item in page.items})
            if len(batch.items) > BATCH_ITEMS or time.monotonic() - since >= BATCH_SECONDS:
                yield batch
                batch, since = _Batch(database_now()), time.monotonic()
    except StreamHubError:
        yield batch
        raise
    if batch.pages:
        yield batch


def _write_listed(polled_list: PolledList, items: dict[str, Any], began: datetime) -> int:
    """Write what AWS showed of the rows of these items, and return how many changed."""

    def facts(row: ManagedResource) -> dict[str, Any]:
        item = items.get(getattr(row, polled_list.id_field))
        return {} if item is None else polled_list.facts(item)

    rows = polled_list.model._default_manager.filter(**{f"{polled_list.id_field}__in": list(items)})
    return len(_reading(polled_list, facts, began).write(rows))


def _reading(
    polled_list: PolledList, facts: Callable[[Any], dict[str, Any]], began: datetime
) -> observed_facts.Reading:
    return observed_facts.Reading(polled_list.model, facts, began, polled_list.read_at)


def _absent_from(polled_list: PolledList, listed: set[str]) -> list[int]:
    """The rows whose resource is not in the list."""
    known_ids = _identified(polled_list).values_list("pk", polled_list.id_field)
    return [pk for pk, aws_id in known_ids if aws_id not in listed]


def _write_absent(polled_list: PolledList, absent: list[int], began: datetime) -> None:
    """For rows whose resource AWS did not show: our delete has taken effect, or they need a describe."""
    if not absent:
        return
    rows = list(polled_list.model._default_manager.filter(pk__in=absent))
    _reading(polled_list, lambda row: polled_list.gone(row, began) or {}, began).write(rows)
    unproven = [row.pk for row in rows if polled_list.gone(row, began) is None]
    # Their next step describes the whole row. It is due now, unless one is planned already.
    update_all(polled_list.model, unproven, observe_requested=True, polled_list="")
    intent.requeue(polled_list.model, _unscheduled(polled_list, unproven))
