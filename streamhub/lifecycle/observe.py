"""Observing AWS for many rows at once, with as few calls as possible.

A `PolledList` connects one list of AWS with the columns that hold its facts. Every observation looks at the
rows that wait for a change, each when its look is planned (`awaiting`), and at those that are watched
closely; the others are looked at with the whole list, every `FULL_OBSERVE_SECONDS`. While describing the rows
one by one takes fewer calls than the list has pages, they are described: a waiting row by its own step, a
watched one here. Otherwise the list is read, which is a look at all that wait, and the complete list that is
due next is due later. Only changed rows are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from streamhub.clock import database_now
from streamhub.errors import AwsError, Retryable
from streamhub.lifecycle import intent
from streamhub.lifecycle.claim import after
from streamhub.lifecycle.locking import update_in_order
from streamhub.lifecycle.models import Listing
from streamhub.lifecycle.polled_lists import PolledList, identified, unscheduled
from streamhub.lifecycle.reading import progressed, read_list, read_one

NOTHING = "nothing to observe"
# A look planned so many `OBSERVE_SECONDS` after the last one loses nothing by half of one.
LOOSE_PERIODS = 2
# A list is read for deletions alone if it proves so many with a page, or after so many `OBSERVE_SECONDS`.
CONFIRMED_BY_A_PAGE = 10
CONFIRM_PERIODS = 20


def observe(polled_list: PolledList) -> str:
    """Observe once, and return what was done. Raises `AwsError` if AWS could not be read."""
    known = identified(polled_list)
    awaited = known.filter(polled_list=polled_list.key)
    confirming = awaited.filter(polled_list.confirms) if polled_list.confirms else awaited.none()
    waiting, exact = _left(awaited.exclude(pk__in=confirming.values("pk")))
    # If others wait for a place, which one of these may free, no look waits for its plan.
    hurried = any(waiting.values()) and polled_list.needed()
    looks = _Looks(waiting, _watched(polled_list), exact, hurried)
    listing, _ = Listing.objects.get_or_create(key=polled_list.key)
    full_due = _is_due(listing.listed_at) and (known.exists() or polled_list.needed())
    wake_due = _is_due(listing.woken_at or listing.listed_at)
    confirm_due = not full_due and _may_confirm(polled_list, listing, confirming.count())
    if full_due or confirm_due or looks.list_is_cheaper(listing.pages):
        outcome = read_list(polled_list, listing, plans=looks.are_planned)
    elif looks.due(listing.pages) or looks.watched:
        outcome = _describe(polled_list, looks, listing)
    elif looks.waiting:
        outcome = NOTHING
    else:
        _is_not_unread(listing)  # nothing waits for it, so it is no matter that it could not be read
        return NOTHING
    if wake_due:
        # A row must not wait for ever for a change that was observed but not acted upon: it decides again.
        intent.requeue(polled_list.model, unscheduled(polled_list, list(looks.waiting)))
        Listing.objects.filter(pk=listing.pk).update(woken_at=Now())
    return outcome


@dataclass(frozen=True)
class _Looks:
    """The rows of a list that are looked at before the whole list is due.

    `waiting`: the rows that wait for it, each with the time left until its planned look; None: it has no
    plan, and is always due. `watched`: the rows that are watched closely. `exact`: whether a row waits whose
    look is worth its own second. `hurried`: no plan counts.
    """

    waiting: Mapping[int, timedelta | None]
    watched: list[int]
    exact: bool
    hurried: bool

    @property
    def are_planned(self) -> bool:
        return any(left is not None for left in self.waiting.values())

    def list_is_cheaper(self, pages: int) -> bool:
        """Whether the list shows what is due in fewer calls, or in as many and more than is due.

        The next complete list is due later then, so that a list costs less than as many describes.
        """
        due = len({*self._near(), *self.watched})
        return due > pages or (due == pages and self._share(pages))

    def due(self, pages: int) -> list[int]:
        """The waiting rows to describe: few at their own second, but rows that share a list wait for it."""
        return self._near() if self._share(pages) else self._within(settings.OBSERVE_SECONDS)

    def _share(self, pages: int) -> bool:
        """Whether the rows are looked at by the list, when it is nearest to their plans."""
        rows = len({*self.waiting, *self.watched})
        return rows > pages or (rows == pages and not (self.watched or self.exact))

    def _near(self) -> list[int]:
        """A list is read now or a period later, whichever is nearer to the planned look."""
        return self._within(settings.OBSERVE_SECONDS / 2)

    def _within(self, seconds: float) -> list[int]:
        if self.hurried:
            return list(self.waiting)
        return [pk for pk, left in self.waiting.items() if left is None or left.total_seconds() <= seconds]


def _left(waiting: QuerySet[Any]) -> tuple[dict[int, timedelta | None], bool]:
    """How long each of these rows still waits for its planned look, and whether one is `exact`. One query.

    A row that has no plan, or whose look is planned soon after its last one, is.
    """
    left = ExpressionWrapper(F("look_at") - Now(), output_field=DurationField())
    seen_at = Coalesce("awaits_seen_at", "awaits_since")
    loose = timedelta(seconds=LOOSE_PERIODS * settings.OBSERVE_SECONDS)
    rows = list(waiting.annotate(left=left, seen_at=seen_at).values_list("pk", "left", "look_at", "seen_at"))
    exact = any(not (look_at and seen_at) or look_at - seen_at < loose for _, _, look_at, seen_at in rows)
    return {pk: left for pk, left, _, _ in rows}, exact


def _is_not_unread(listing: Listing) -> None:
    if listing.unread_since is not None:
        Listing.objects.filter(pk=listing.pk).update(unread_since=None)


def confirm_seconds(pages: int, rows: int) -> int:
    """How long so many deletions are collected before a list of so many pages is read for them.

    So that it is no more than one page each `OBSERVE_SECONDS`, and ten deletions are proven by a page. Fewer
    wait for the next complete list: nobody waits for them.
    """
    enough = rows >= CONFIRMED_BY_A_PAGE * pages
    periods = pages if enough else max(pages, CONFIRM_PERIODS)
    return min(settings.FULL_OBSERVE_SECONDS, settings.OBSERVE_SECONDS * periods)


def _may_confirm(polled_list: PolledList, listing: Listing, rows: int) -> bool:
    """Whether the last reading of the list is long enough ago to read it for so many deletions.

    If others wait for the places that these free, there are always enough.
    """
    if not rows:
        return False
    if polled_list.needed():
        rows = CONFIRMED_BY_A_PAGE * listing.pages
    least = timedelta(seconds=confirm_seconds(listing.pages, rows))
    return listing.listed_at is None or database_now() - listing.listed_at >= least


def _watched(polled_list: PolledList) -> list[int]:
    """The rows that are watched closely, without those that their own next step is about to describe."""
    if polled_list.watch is None:
        return []
    soon = Q(observe_requested=True, not_before__lte=after(settings.OBSERVE_SECONDS))
    describes_it = Q(polled_list__in=("", polled_list.key))
    rows = identified(polled_list).filter(polled_list.watch.rows()).exclude(soon & describes_it)
    return list(rows.values_list("pk", flat=True))


def _describe(polled_list: PolledList, looks: _Looks, listing: Listing) -> str:
    """Let the waiting rows describe themselves when it is time, and describe the watched ones that do not."""
    stepping = unscheduled(polled_list, looks.due(listing.pages))
    later = [] if looks.hurried else _take_steps_at_their_look(polled_list, stepping)
    intent.requeue(polled_list.model, [pk for pk in stepping if pk not in later], observe=True)
    looked_at = [pk for pk in looks.watched if pk not in stepping]
    errors = []
    for row in polled_list.model._default_manager.filter(pk__in=looked_at):
        try:
            read_one(polled_list, row)
        except AwsError as error:  # what is on air is looked at even if another row cannot be read
            errors.append(error)
            if _is_silent(error):
                break
        progressed()
    if errors:
        raise errors[0]
    if looked_at:
        # AWS answers again, and the whole list is not due: else the pages were red for minutes more.
        _is_not_unread(listing)
    return f"rows to describe: {len(stepping)}, described: {len(looked_at)}"


def _is_silent(error: AwsError) -> bool:
    """Whether AWS did not answer at all: reading the next row would wait as long, and in vain."""
    return type(error) is Retryable and error.status is None


def _take_steps_at_their_look(polled_list: PolledList, pks: list[int]) -> list[int]:
    """Make the rows due at their planned look, if that is still to come; return which.

    Not those that somebody made due meanwhile: a new intent does not wait for a look.
    """
    rows = polled_list.model._default_manager.filter(not_before__isnull=True, look_at__gt=Now())
    later = list(rows.filter(pk__in=pks).values_list("pk", flat=True)) if pks else []
    update_in_order(
        rows, later, not_before=F("look_at"), observe_requested=True, generation=F("generation") + 1
    )
    return later


def _is_due(last: datetime | None) -> bool:
    """Whether something that is done every `FULL_OBSERVE_SECONDS` is due; `last`: when it was done."""
    return last is None or database_now() - last >= timedelta(seconds=settings.FULL_OBSERVE_SECONDS)
