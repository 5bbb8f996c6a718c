"""Hand-over of usage to billing engines: an event when it is final, and one for each correction.

`ReportedUsage` keeps what was told. What is true now is compared with it, and the difference is told and
noted in one transaction, under the ledger's lock. So the events of a breakout always sum up to its usage,
however often this runs. It runs with every write of figures, and hourly for breakouts whose customer was
corrected: then what was told is taken back from the one and given to the other.

After the restore of an older database the same is told once more. So the id of an event is made from what it
tells: receivers and billing engines drop what they have, and no customer pays twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from billing.ledger import ledger_lock
from billing.models import ReportedUsage
from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus
from streamhub.lifecycle.lease import JobRun
from streamhub.webhooks.kinds import EventKind
from streamhub.webhooks.models import Event
from streamhub.webhooks.outbox import events_add

FINAL = EventKind("usage.final", "a breakout's usage becomes final", usage=True)
CORRECTED = EventKind("usage.corrected", "final usage is corrected", usage=True)
EVENT_KINDS = (FINAL, CORRECTED)

BATCH = 1000


def usage_hand_over(breakout_ids: Collection[int]) -> int:
    """Tell what is new of these breakouts; returns how many events. In the caller's transaction and lock."""
    rows = _billable().filter(pk__in=breakout_ids)
    told = {row.breakout_id: row for row in ReportedUsage.objects.filter(breakout__in=breakout_ids)}
    news = {row: list(_news(row, told.get(row.pk))) for row in rows}
    events = [event for its in news.values() for event in its]
    events_add(events)
    ReportedUsage.objects.bulk_create(
        [_told(row, told.get(row.pk), len(its)) for row, its in news.items() if its],
        update_conflicts=True,
        unique_fields=["breakout"],
        update_fields=["customer", "bytes_downloaded", "requests", "number"],
    )
    return len(events)


def hand_over_usage(run: JobRun) -> None:
    """The job: all breakouts of which something else is true than was told."""
    events = 0
    while ids := list(_to_tell().values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            ledger_lock()
            events += usage_hand_over(ids)
        if not run.extend():
            break
    run.say(f"events: {events}")


def _billable() -> QuerySet[Breakout]:
    """Those with final usage. What never was on air and has no bytes is nothing to tell."""
    used = Q(session_started_at__isnull=False) | ~Q(_bytes=0) | ~Q(_requests=0)
    return (
        Breakout.objects.filter(usage_status=UsageStatus.FINAL)
        .annotate(
            _bytes=F("usage_bytes_downloaded") + F("usage_late_bytes"),
            _requests=F("usage_requests") + F("usage_late_requests"),
        )
        .filter(used)
        .order_by("pk")
    )


def _to_tell() -> QuerySet[Breakout]:
    same = Q(
        reported_usage__customer=F("customer"),
        reported_usage__bytes_downloaded=F("_bytes"),
        reported_usage__requests=F("_requests"),
    )
    return _billable().filter(Q(reported_usage=None) | ~same)


def _sum(row: Any) -> tuple[int, int]:
    return row._bytes, row._requests


def _news(row: Breakout, told: ReportedUsage | None) -> Iterator[Event]:
    now = _sum(row)
    if told is None:
        yield _event(FINAL, row, 1, row.customer, now, now)
        return
    before = told.bytes_downloaded, told.requests
    if told.customer != row.customer:
        taken = -before[0], -before[1]
        yield _event(CORRECTED, row, told.number + 1, told.customer, taken, (0, 0))
        yield _event(CORRECTED, row, told.number + 2, row.customer, now, now)
    elif before != now:
        change = now[0] - before[0], now[1] - before[1]
        yield _event(CORRECTED, row, told.number + 1, row.customer, change, now)


def _event(
    kind: EventKind,
    row: Breakout,
    number: int,
    customer: str,
    change: tuple[int, int],
    total: tuple[int, int],
) -> Event:
    return Event(
        uid=_uid(kind, row, number, customer, change),
        key=f"usage:{row.uid}:{number}",
        kind=kind.name,
        subject=f"{Breakout.KIND}/{row.pk}",
        customer=customer,
        data={
            "id": str(row.pk),
            "name": row.name,
            "channel": row.channel_name,
            "customer": customer or None,
            "bytes": change[0],
            "requests": change[1],
            "total_bytes": total[0],
            "total_requests": total[1],
            "number": number,
            "approximate": row.usage_approximate,
            "session_started_at": _time(row.session_started_at),
            "session_ended_at": _time(row.session_ended_at),
        },
    )


def _uid(kind: EventKind, row: Breakout, number: int, customer: str, change: tuple[int, int]) -> str:
    """The event's id. The first one of a breakout has the same whatever figure became final."""
    what = [row.uid, number, customer, *(() if kind is FINAL else change)]
    return f"evt_{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]}"


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _told(row: Breakout, before: ReportedUsage | None, new: int) -> ReportedUsage:
    downloaded, requests = _sum(row)
    return ReportedUsage(
        breakout=row,
        customer=row.customer,
        bytes_downloaded=downloaded,
        requests=requests,
        number=(before.number if before else 0) + new,
    )
