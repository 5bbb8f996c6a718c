"""Places in quotas: a create takes one before it is sent, or its row waits until there is room.

The count is a few minutes old and others create too, so AWS has the last word. A place is taken under a lock
of the quota's row, so that of two creates only one gets the last place. Nothing is sent only to be refused;
but the count may be wrong, so one create is tried now and then, at growing intervals.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.apps import apps
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext, gettext_lazy

from streamhub.clock import database_now
from streamhub.errors import AwsError, NotSent, QuotaExceeded, QuotaFull, Retryable
from streamhub.lifecycle import intent, wake
from streamhub.lifecycle.claim import backoff
from streamhub.lifecycle.models import Listing, ManagedResource
from streamhub.quotas.arithmetic import try_after
from streamhub.quotas.catalogue import KINDS, Kind
from streamhub.quotas.models import Place, Quota
from streamhub.quotas.standing import Standing, counting, standing_of, standings
from streamhub.task_names import QueueName, TaskName

# A row that waits asks at least every five minutes; one that has not asked for so long wants none any more.
FORGOTTEN = timedelta(hours=1)
# AWS's limits are read again after a refusal, but not more often than this.
READ_AGAIN = timedelta(minutes=1)
# The first asks in vain are some seconds apart.
FIRST_ASKS = 3
GOES_ON = gettext_lazy("StreamHub goes on by itself as soon as there is room.")


def hint(kind: Kind) -> str:
    """What to do while the quota is full."""
    return gettext(
        "%(goes_on)s Delete what nobody needs, or ask AWS for a higher quota (%(title)s; in Service "
        "Quotas: %(name)s)."
    ) % {"goes_on": GOES_ON, "title": kind.title, "name": kind.name}


@contextmanager
def place(kind: Kind, row: ManagedResource, *, in_doubt: bool = False) -> Iterator[None]:
    """Make the call that creates a resource of this kind inside this context.

    `in_doubt`: an earlier create may have taken effect, so that this one needs no place of its own. Raises
    `QuotaFull` if the quota is known to be full: then nothing was sent. A refusal because of another quota
    says nothing about this one.
    """
    if not in_doubt:
        _take(kind, row)
    try:
        yield
    except (AwsError, NotSent) as error:
        if isinstance(error, QuotaExceeded) and kind.is_refused_by(error.code):
            _note_refusal(kind, row)
            error.hint = hint(kind)
        elif isinstance(error, Retryable) and error.effect_unknown:
            _of(kind, row).update(done_at=Now())
        elif not in_doubt:
            _of(kind, row).delete()
        raise
    _of(kind, row).update(done_at=Now())
    looked_full = Q(refused_at__isnull=False) | Q(next_try_at__isnull=False)
    Quota.objects.filter(looked_full, key=kind.key).update(
        refused_at=None, refused_count=None, tries=0, next_try_at=None
    )


def waits_for(listing: str) -> bool:
    """Whether rows wait for a place in a quota that this list counts."""
    keys = [kind.key for kind in KINDS if kind.listing == listing]
    return Place.objects.filter(quota__in=keys, taken_at=None).exists()


def list_was_read(listing: Listing) -> None:
    """The whole list was read: what is known of its quotas is new, and who waits may have room."""
    kinds = [kind for kind in KINDS if kind.listing == listing.key]
    for standing in standings(kinds, listing) if kinds else ():
        _act_on(standing)


def look_again(kind: Kind) -> None:
    """Note how the quota stands, and wake as many of the rows that wait as there is room for."""
    _act_on(standing_of(kind))


def _act_on(standing: Standing) -> None:
    kind = standing.kind
    if not standing.noted:
        standing = _note(kind)
    if standing.headroom and standing.waiting:
        _wake(kind, standing.headroom)


def _note(kind: Kind) -> Standing:
    with transaction.atomic():
        quota = _locked(kind)
        standing = standing_of(kind)
        if standing.more_than_refused:
            # AWS refused, so there is no more room than for what exists.
            Quota.objects.filter(pk=quota.pk).update(refused_count=standing.listed)
        _forget_old_places(kind, standing.observed_at)
        standing = standing_of(kind)
        if quota.level != standing.level:
            Quota.objects.filter(pk=quota.pk).update(level=standing.level, level_since=Now())
    return standing


def _take(kind: Kind, row: ManagedResource) -> None:
    with transaction.atomic():
        quota = _locked(kind)
        own, _ = Place.objects.get_or_create(quota=kind.key, model=row._meta.label_lower, object_id=row.pk)
        if own.taken_at is not None:
            # It has one from a create that did not end: that counts already.
            Place.objects.filter(pk=own.pk).update(taken_at=Now(), done_at=None)
            return
        standing = standing_of(kind)
        if not standing.full:
            if quota.next_try_at is not None:
                Quota.objects.filter(pk=quota.pk).update(tries=0, next_try_at=None)
            _grant(own)
            return
        now = database_now()
        if quota.next_try_at is not None and quota.next_try_at <= now:
            _plan_try(quota, now, quota.tries + 1, standing)
            _grant(own)
            return
        if quota.next_try_at is None:
            _plan_try(quota, now, 0, standing)
        Place.objects.filter(pk=own.pk).update(asked_at=Now(), asks=F("asks") + 1)
    raise QuotaFull(_sentence(standing), after=backoff(own.asks + FIRST_ASKS), hint=hint(kind))


def _sentence(standing: Standing) -> str:
    title, used = standing.kind.title, standing.used
    if standing.refused_at:
        return gettext(
            "AWS refused another one of %(title)s: the account's quota is full (%(used)s counted)."
        ) % {"title": title, "used": used}
    return gettext("The account's quota of %(title)s is full: %(used)s of %(limit)s.") % {
        "title": title,
        "used": used,
        "limit": standing.limit,
    }


def _grant(own: Place) -> None:
    Place.objects.filter(pk=own.pk).update(taken_at=Now(), done_at=None, asks=0)


def _plan_try(quota: Quota, now: datetime, tries: int, standing: Standing) -> None:
    next_try_at = now + try_after(tries, counted=standing.counted_full)
    Quota.objects.filter(pk=quota.pk).update(tries=tries, next_try_at=next_try_at)


def _note_refusal(kind: Kind, row: ManagedResource) -> None:
    """AWS says that the quota is full: the row waits, and the limit is read again."""
    with transaction.atomic():
        quota = _locked(kind)
        Place.objects.update_or_create(
            quota=kind.key,
            model=row._meta.label_lower,
            object_id=row.pk,
            defaults={"taken_at": None, "done_at": None, "asked_at": Now()},
        )
        standing, now = standing_of(kind), database_now()
        known = standing.used if standing.observed_at else None
        Quota.objects.filter(pk=quota.pk).update(refused_at=Now(), refused_count=known)
        if quota.next_try_at is None or quota.next_try_at <= now:
            _plan_try(quota, now, quota.tries, standing)
        if quota.tried_at is None or now - quota.tried_at > READ_AGAIN:
            transaction.on_commit(lambda: wake.send_safely(TaskName.READ_QUOTAS, QueueName.BULK))
    look_again(kind)


def _of(kind: Kind, row: ManagedResource) -> QuerySet[Place]:
    return Place.objects.filter(quota=kind.key, model=row._meta.label_lower, object_id=row.pk)


def _locked(kind: Kind) -> Quota:
    """The quota's row, locked until the end of the transaction."""
    found = Quota.objects.select_for_update().filter(key=kind.key).first()
    if found is None:
        Quota.objects.get_or_create(key=kind.key)
        found = Quota.objects.select_for_update().get(key=kind.key)
    return found


def _forget_old_places(kind: Kind, listed_at: datetime | None) -> None:
    """Those that the list shows, and those of rows that have not asked for long."""
    own = Place.objects.filter(quota=kind.key)
    own.filter(taken_at__isnull=False).exclude(pk__in=own.filter(counting(listed_at)).values("pk")).delete()
    own.filter(taken_at=None, asked_at__lt=database_now() - FORGOTTEN).delete()


def _wake(kind: Kind, room: int) -> None:
    """Let so many of the waiting rows ask now, urgent and old ones first. Rows that are gone wait no more."""
    waiting = Place.objects.filter(quota=kind.key, taken_at=None)
    for label in waiting.order_by("model").values_list("model", flat=True).distinct():
        model, ids = (
            apps.get_model(label),
            list(waiting.filter(model=label).values_list("object_id", flat=True)),
        )
        rows = model._default_manager.filter(pk__in=ids)
        waiting.filter(model=label).exclude(object_id__in=rows.values("pk")).delete()
        intent.requeue(model, list(rows.order_by("priority", "pk").values_list("pk", flat=True)[:room]))
