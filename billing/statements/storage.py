"""Recordings as items: what each breakout's took of S3 in the month, in byte-hours, as the rows of usage say.

They are the customer's for as long as they are kept, also in months after the breakout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from billing.costs.breakouts import with_attachments
from billing.pricing.catalogue import GB, HOURS_A_MONTH, STORAGE
from billing.statement_rows import LineKind
from billing.statements.month import Batch, Item, Month, Used, lined, some_of
from billing.usage_rows import ServiceUsage
from channels_app.airtime import times_on_air
from channels_app.models import Breakout


def storage_items(month: Month) -> Iterator[Batch]:
    for some in some_of(storage_breakouts(month)):
        found = Breakout.objects.filter(uid__in=some).order_by("pk")
        rows = {row.uid: row for row in with_attachments(list(found))}
        byte_hours = _byte_hours(month, some)
        items = [_stored(month, uid, rows.get(uid), byte_hours[uid]) for uid in some if byte_hours[uid]]
        yield Batch(Q(kind=LineKind.STORAGE, subject__in=some), items, len(some))


def storage_breakouts(month: Month) -> list[str]:
    """The uids of the breakouts of whose recordings the month may have a line for this customer, in order."""
    rows = _rows(month)
    mine = Breakout.objects.filter(customer=month.customer).values("uid")
    uids = set(rows.filter(breakout_uid__in=mine).values_list("breakout_uid", flat=True).distinct())
    if month.takes_the_rest:
        gone = rows.exclude(breakout_uid__in=Breakout.objects.values("uid"))
        uids |= set(gone.values_list("breakout_uid", flat=True).distinct())
    return sorted(uids | set(lined(month, "subject", LineKind.STORAGE)))


def _rows(month: Month) -> QuerySet[ServiceUsage]:
    rows = ServiceUsage.objects.filter(start__gte=month.start, start__lt=month.end)
    return rows.filter(usage_type=STORAGE.usage_type, quantity__isnull=False).order_by()


def _byte_hours(month: Month, uids: Sequence[str]) -> defaultdict[str, int]:
    rows = _rows(month).filter(breakout_uid__in=uids).values_list("breakout_uid")
    sums = rows.annotate(total=Sum("quantity"))
    whole = {uid: int((total * GB * HOURS_A_MONTH).to_integral_value()) for uid, total in sums}
    return defaultdict(int, whole)


def _stored(month: Month, uid: str, row: Breakout | None, byte_hours: int) -> Item:
    """`row` None: the breakout was deleted, so they are whose everything unexplained is."""
    times = times_on_air(row, month.now) if row else []
    when = max(month.start, times[0][0]) if times else month.start
    used = (Used(STORAGE, Decimal(byte_hours) / GB / HOURS_A_MONTH, when),)
    customer = row.customer if row else settings.UNATTRIBUTED_CUSTOMER
    names = (row.name, row.channel_name) if row else ("", "")
    return Item(month.key(LineKind.STORAGE, uid), customer, *names, quantity=byte_hours, used=used)
