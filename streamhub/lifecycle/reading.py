"""Reading AWS for the rows of a polled list, and writing what it shows: the whole list, or one watched row.

Absence from a list, or a NotFound, proves that a resource is gone only if our delete was accepted before;
else it causes a describe by the row's own step.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from streamhub.clock import database_now
from streamhub.contributions import contributed
from streamhub.errors import NotFound, NotSent, StreamHubError
from streamhub.lifecycle import awaiting, intent, observed_facts
from streamhub.lifecycle.claim import after
from streamhub.lifecycle.locking import update_all
from streamhub.lifecycle.models import Listing, ManagedResource
from streamhub.lifecycle.polled_lists import PolledList, identified, unscheduled

# How much of a list is read before what changed is written.
BATCH_ITEMS = 1000
BATCH_SECONDS = 2.0
# How long a job that reads lists may take. Long lists wait for their turns at AWS and for a busy machine; the
# lease is prolonged by what was read, and ends with its worker.
LISTING_SECONDS = 1800
# How long steps wait for one that reads the list for all (it may be dead), and how often they ask.
READING_SECONDS = 10
READ_AGAIN_SECONDS = 1.0
_LISTED = ("pages", "items", "counts", "listed_at")


@dataclass
class _Source:
    """The complete pages of a list that serves several polled lists. They were read after `began`."""

    began: datetime
    pages: list[Any]


_sources: ContextVar[dict[str, _Source] | None] = ContextVar("streamhub_sources", default=None)
_progress: ContextVar[Callable[[], object]] = ContextVar("streamhub_progress", default=lambda: None)


@contextmanager
def observing(progress: Callable[[], object]) -> Iterator[None]:
    """In this context, which is one run of a job, lists with the same source are read once.

    `progress()` is called whenever a part of a list, or a row, was read: that must not lose the job's lease.
    """
    sources, progressing = _sources.set({}), _progress.set(progress)
    try:
        yield
    finally:
        _sources.reset(sources)
        _progress.reset(progressing)


def progressed() -> None:
    """Something was read: the job that reads still lives."""
    _progress.get()()


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


def read_list(polled_list: PolledList, listing: Listing | None = None, *, plans: bool = True) -> str:
    """Read the complete list and write what changed; if it ends early, what changed until then.

    `plans`: whether rows that wait for it may have a planned look.
    """
    source = (_sources.get() or {}).get(polled_list.source)
    started = source.began if source else database_now()
    listed: set[str] = set()
    counted: Counter[tuple[str, str]] = Counter()
    pages = changed = 0
    pages_read = source.pages if source else _read_pages(polled_list, started)
    for batch in _batches(polled_list, pages_read, started):
        pages += batch.pages
        listed.update(batch.items)
        counted.update(place for item in batch.items.values() for place in polled_list.counts(item))
        changed += _write_listed(polled_list, batch.items, batch.began)
        progressed()
    absent = _absent_from(polled_list, listed)
    _write_absent(polled_list, absent, started)
    listing = listing or Listing.objects.get_or_create(key=polled_list.key)[0]
    listing.pages, listing.items, listing.listed_at = max(pages, 1), len(listed), started
    listing.unread_since, listing.unread_error, listing.unread_hint = None, "", ""
    listing.counts = _most_of_a_group(counted)
    listing.save(update_fields=[*_LISTED, "unread_since", "unread_error", "unread_hint"])
    if plans:
        _plan_again(polled_list, started)
    for notify in contributed("at_list"):
        notify(listing)
    return f"pages {pages}, items {len(listed)}, changed {changed}, absent {len(absent)}"


def read_one(polled_list: PolledList, row: ManagedResource) -> None:
    """Describe one watched row, and write what changed. Raises `AwsError`."""
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


def _read_pages(polled_list: PolledList, began: datetime) -> Iterator[Any]:
    """The pages, each read when it is needed; complete ones are kept for the lists of the same source."""
    sources = _sources.get()
    if sources is None or not polled_list.source:
        yield from polled_list.pages()
        return
    pages = []
    for page in polled_list.pages():
        pages.append(page)
        yield page
    sources[polled_list.source] = _Source(began, pages)


def _batches(polled_list: PolledList, pages: Iterable[Any], started: datetime) -> Iterator[_Batch]:
    """The list in batches of pages, each at most `BATCH_ITEMS` and a page, or `BATCH_SECONDS` and a page.

    Ends with the error if the list cannot be read to its end, after the batch until then.
    """
    batch, since = _Batch(started), time.monotonic()
    kept = isinstance(pages, list)
    try:
        for page in pages:
            batch.pages += 1
            batch.items.update({polled_list.item_id(item): item for item in page.items})
            if len(batch.items) > BATCH_ITEMS or time.monotonic() - since >= BATCH_SECONDS:
                yield batch
                batch, since = _Batch(started if kept else database_now()), time.monotonic()
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
    known_ids = identified(polled_list).values_list("pk", polled_list.id_field)
    return [pk for pk, aws_id in known_ids if aws_id not in listed]


def _write_absent(polled_list: PolledList, absent: list[int], began: datetime) -> None:
    """For rows whose resource AWS did not show: our delete has taken effect, or they need a describe."""
    if not absent:
        return
    polled_list.forget(polled_list.model._default_manager.filter(pk__in=absent), began)
    rows = list(polled_list.model._default_manager.filter(pk__in=absent))
    _reading(polled_list, lambda row: polled_list.gone(row, began) or {}, began).write(rows)
    unproven = [row.pk for row in rows if polled_list.gone(row, began) is None]
    # Their next step describes the whole row. It is due now, unless one is planned already.
    update_all(polled_list.model, unproven, observe_requested=True, polled_list="")
    intent.requeue(polled_list.model, unscheduled(polled_list, unproven))
