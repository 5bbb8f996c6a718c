"""What amounts are shared by: bytes and requests of the ledger, minutes of the encoder, recordings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from billing.attribution import Why
from billing.bill_rows import Unexplained
from billing.bills.shares import Interval, Weights, minutes_of
from billing.costs.breakouts import with_attachments
from billing.ledger import counts_after
from billing.ledger_sums import attributed, coverages
from billing.models import EncoderPhase, LedgerHour
from billing.usage_window import ceil_to, floor_to
from channels_app.airtime import times_on_air
from channels_app.models import Attachment, Breakout, Channel
from recordings.models import Recording

HOUR = timedelta(hours=1)
SECONDS_AN_HOUR = 3600


class Delivered:
    """What each of these distributions delivered in each of these hours, by breakout or reason."""

    def __init__(self, ids: Collection[str], hours: Collection[datetime]) -> None:
        self._bytes: defaultdict[tuple[str, datetime], Weights] = defaultdict(Counter)
        self._requests: defaultdict[tuple[str, datetime], Weights] = defaultdict(Counter)
        if ids and hours:
            self._read_minutes(ids, sorted(hours))
            self._read_hours(ids, min(hours), max(hours) + HOUR)

    def weights(self, ids: Iterable[str], within: Interval, *, requests: bool = False) -> Weights:
        """Of these distributions together in whole hours."""
        found, total = self._requests if requests else self._bytes, Weights()
        for aws_id in ids:
            for hour in hours_of(within):
                if (aws_id, hour) in found:
                    total.update(found[aws_id, hour])
        return total

    def _read_minutes(self, ids: Collection[str], hours: list[datetime]) -> None:
        by_id = coverages(ids, hours[0], hours[-1] + HOUR)
        stretches = {aws_id: [(hour, hour + HOUR) for hour in hours] for aws_id in ids}
        for part in attributed(stretches, by_id, reasons=True):
            whose = part.breakout if part.breakout is not None else _why(part.why)
            key = part.aws_distribution_id, floor_to(part.start, SECONDS_AN_HOUR)
            self._bytes[key][whose] += part.amount.bytes_downloaded
            self._requests[key][whose] += part.amount.requests

    def _read_hours(self, ids: Collection[str], start: datetime, end: datetime) -> None:
        rows = list(LedgerHour.objects.filter(aws_distribution_id__in=ids, hour__gte=start, hour__lt=end))
        uids = {row.breakout_uid for row in rows if row.breakout_uid}
        pks = dict(Breakout.objects.filter(uid__in=uids).values_list("uid", "pk"))
        for row in rows:
            whose = pks.get(row.breakout_uid, Unexplained.UNATTRIBUTED)
            self._bytes[row.aws_distribution_id, row.hour][whose] += row.bytes_downloaded
            self._requests[row.aws_distribution_id, row.hour][whose] += row.requests


def _why(why: Why | None) -> Unexplained:
    return Unexplained.REHEARSAL if why == Why.REHEARSAL else Unexplained.UNATTRIBUTED


class Encoded:
    """When the encoder of each of these channels ran, and when which breakout was on air."""

    def __init__(self, uids: Collection[str], start: datetime, end: datetime, now: datetime) -> None:
        self._runs: defaultdict[str, list[Interval]] = defaultdict(list)
        self._spans: defaultdict[str, list[tuple[int, Interval]]] = defaultdict(list)
        phases = EncoderPhase.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=start), channel_uid__in=uids, running=True, started_at__lt=end
        )
        for phase in phases:
            self._runs[phase.channel_uid].append((phase.started_at, phase.ended_at or now))
        for row in with_attachments(list(_breakouts(start, end).filter(channel_uid__in=uids))):
            self._spans[row.channel_uid] += ((row.pk, span) for span in times_on_air(row, now))

    def weights(self, uid: str, within: Interval) -> Weights:
        return minutes_of(self._spans[uid], self._runs[uid], within)


def _breakouts(start: datetime, end: datetime) -> QuerySet[Breakout]:
    rows = Breakout.objects.filter(counts_after(start, "attachments__"), attachments__started_at__lt=end)
    return rows.distinct()


def distributions_of(uids: Collection[str]) -> dict[str, set[str]]:
    """By channel: the distributions that ever delivered it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    rows = Attachment.objects.filter(breakout__channel_uid__in=uids).exclude(aws_distribution_id="")
    for uid, aws_id in rows.values_list("breakout__channel_uid", "aws_distribution_id").distinct():
        found[uid].add(aws_id)
    living = Channel.objects.filter(uid__in=uids, distribution__aws_distribution_id__gt="")
    for uid, living_id in living.values_list("uid", "distribution__aws_distribution_id"):
        found[uid].add(living_id or "")
    return found


def stored_until(end: datetime, bucket: str) -> Weights:
    """By breakout: the size of its recordings that were in this bucket at `end`.

    Those of which no list has proven yet where they are count for RECORDING_BUCKET.
    """
    there = Q(breakout__bucket_listing__bucket=bucket)
    if bucket == settings.RECORDING_BUCKET[:64]:
        there |= Q(breakout__bucket_listing=None) | Q(breakout__bucket_listing__bucket="")
    rows = Recording.objects.stored_within(end, end).filter(there, billed=True).values_list("breakout_id")
    return Counter(dict(rows.annotate(Sum("size_bytes")).order_by("breakout_id")))


def hours_of(within: Interval) -> Iterable[datetime]:
    """The whole hours that the interval touches; one of no length is the hour in which it lies."""
    hour = floor_to(within[0], SECONDS_AN_HOUR)
    end = max(ceil_to(within[1], SECONDS_AN_HOUR), hour + HOUR)
    while hour < end:
        yield hour
        hour += HOUR
