"""The items of a month: what each breakout has of each distribution, its encoder, and what nobody explains.

Each byte of the ledger and each second of an encoder is in one item, and each item is one customer's: the
breakout's, or UNATTRIBUTED_CUSTOMER's for what no breakout explains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet

from billing.costs.breakouts import encoder_at, on_air, runs_of, with_attachments
from billing.costs.encoder import SECONDS_AN_HOUR, Part
from billing.costs.hours import hours_within
from billing.costs.now import delivery_parts
from billing.costs.phases import encoder_of_phase
from billing.ledger import tail
from billing.models import EncoderPhase
from billing.monthly_usage import UsageSum, batches, distributions_between, usage_sums
from billing.pricing.catalogue import Usage
from billing.statement_rows import LineKind, StatementLine
from channels_app.models import Attachment, Breakout

ROWS_AT_ONCE = 500
Span = tuple[datetime, datetime]


class Key(NamedTuple):
    """What an item is, the same in every statement. `subject`: the uid of a breakout or channel, or ""."""

    month: date
    kind: str
    subject: str
    aws_distribution_id: str


class Used(NamedTuple):
    """A quantity of one kind of usage, to be priced by the rates in force at `when`."""

    usage: Usage
    quantity: Decimal
    when: datetime


@dataclass(frozen=True)
class Item:
    """What an item has now. `customer` "": the house."""

    key: Key
    customer: str
    name: str = ""
    channel_name: str = ""
    bytes_downloaded: int = 0
    requests: int = 0
    seconds: int = 0
    used: tuple[Used, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Some items of a month, and the condition under which a line is about one of them or was."""

    lines: Q
    items: Sequence[Item]


@dataclass(frozen=True)
class Month:
    """A month for one customer, from `start` to `end` (exclusive). `now`: the database's time."""

    customer: str
    start: datetime
    end: datetime
    now: datetime

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def takes_the_rest(self) -> bool:
        """Whether what no breakout explains is this customer's."""
        return self.customer == settings.UNATTRIBUTED_CUSTOMER

    def key(self, kind: str, subject: str = "", aws_distribution_id: str = "") -> Key:
        return Key(self.first_day, kind, subject, aws_distribution_id)

    def breakouts(self) -> Q:
        """Those that were on air or delivered in this month."""
        ended = Q(attachments__ended_at=None) | Q(attachments__ended_at__gt=self.start - tail())
        return ended & Q(attachments__started_at__lt=self.end)


def month_items(month: Month) -> Iterator[Batch]:
    """All items that are this customer's, and all that once were on its lines, in a fixed order."""
    yield from _delivery(month)
    yield from _encoders(month)
    yield from _idle(month)


def _lined(month: Month, column: str, *kinds: str) -> QuerySet[StatementLine, str]:
    """What the customer's lines of these kinds were about."""
    rows = StatementLine.objects.filter(
        month=month.first_day, kind__in=kinds, statement__customer=month.customer
    ).exclude(statement__number=None)
    return rows.order_by().values_list(column, flat=True).distinct()


# --- delivery ---------------------------------------------------------------------------------


def _delivery(month: Month) -> Iterator[Batch]:
    kinds = (LineKind.DELIVERY, LineKind.UNATTRIBUTED)
    ids = set(distributions_between(month.start, month.end))
    if not month.takes_the_rest:
        attached = Attachment.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=month.start - tail()),
            started_at__lt=month.end,
            breakout__customer=month.customer,
        )
        ids &= set(attached.values_list("aws_distribution_id", flat=True))
    ids |= set(_lined(month, "aws_distribution_id", *kinds))
    wanted = Q(customer=month.customer) | Q(uid__in=_lined(month, "subject", LineKind.DELIVERY))
    for some in batches(sorted(ids)):
        sums = usage_sums(some, month.start, month.end)
        pks = {pk for by_breakout in sums.values() for pk in by_breakout if pk}
        rows = {row.pk: row for row in with_attachments(list(Breakout.objects.filter(wanted, pk__in=pks)))}
        items = [
            _delivered(month, rows.get(pk or 0), aws_id, its_sum)
            for aws_id in some
            for pk, its_sum in sorted(sums[aws_id].items(), key=lambda pair: (pair[0] is None, pair[0] or 0))
            if pk is None or pk in rows
        ]
        yield Batch(Q(kind__in=kinds, aws_distribution_id__in=some), items)


def _delivered(month: Month, row: Breakout | None, aws_id: str, its_sum: UsageSum) -> Item:
    amount = its_sum.amount.bytes_downloaded, its_sum.amount.requests
    if row is None:
        when, key, customer = month.start, month.key(LineKind.UNATTRIBUTED, "", aws_id), ""
        customer, names = settings.UNATTRIBUTED_CUSTOMER, ("", "")
    else:
        span = on_air(row, month.now)
        when, key = span[0] if span else month.start, month.key(LineKind.DELIVERY, row.uid, aws_id)
        customer, names = row.customer, (row.name, row.channel_name)
    used = tuple(Used(usage, quantity, when) for usage, quantity in delivery_parts(*amount))
    return Item(key, customer, *names, *amount, used=used)


# --- encoders of breakouts --------------------------------------------------------------------


def _encoders(month: Month) -> Iterator[Batch]:
    mine = Q(month.breakouts(), customer=month.customer)
    uids = set(Breakout.objects.filter(mine).values_list("uid", flat=True))
    uids |= set(_lined(month, "subject", LineKind.ENCODER))
    for some in _some(sorted(uids)):
        rows = list(with_attachments(list(Breakout.objects.filter(uid__in=some).order_by("pk"))))
        spans = {row.pk: span for row in rows if (span := on_air(row, month.now))}
        runs = runs_of(rows, spans)
        items = [
            _encoder(month, row, spans[row.pk], runs.get(row.channel_uid, []))
            for row in rows
            if row.pk in spans
        ]
        yield Batch(Q(kind=LineKind.ENCODER, subject__in=some), items)


def _encoder(month: Month, row: Breakout, span: Span, runs: list[EncoderPhase]) -> Item:
    seconds = _seconds(hours_within(*span, month.start, month.end, run=True))
    encoder = encoder_at(row, span, runs)
    used = _used(encoder.running(), seconds, span[0]) if encoder else ()
    key = month.key(LineKind.ENCODER, row.uid)
    return Item(key, row.customer, row.name, row.channel_name, seconds=seconds, used=used)


def _seconds(hours: Decimal) -> int:
    return int((hours * SECONDS_AN_HOUR).to_integral_value())


def _used(parts: Sequence[Part], seconds: int, when: datetime) -> tuple[Used, ...]:
    hours = Decimal(seconds) / SECONDS_AN_HOUR
    return tuple(Used(part.usage, part.an_hour * hours, when) for part in parts) if seconds else ()


def _some(uids: Sequence[str]) -> Iterator[Sequence[str]]:
    for n in range(0, len(uids), ROWS_AT_ONCE):
        yield uids[n : n + ROWS_AT_ONCE]


# --- channels outside of breakouts ------------------------------------------------------------


def _idle(month: Month) -> Iterator[Batch]:
    uids = set(_lined(month, "subject", LineKind.IDLE))
    phases = EncoderPhase.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=month.start), started_at__lt=month.end
    ).exclude(channel_uid="")
    if month.takes_the_rest:
        uids |= set(phases.order_by().values_list("channel_uid", flat=True).distinct())
    for some in _some(sorted(uids)):
        by_channel: defaultdict[str, list[EncoderPhase]] = defaultdict(list)
        for phase in phases.filter(channel_uid__in=some).order_by("channel_uid", "started_at", "pk"):
            by_channel[phase.channel_uid].append(phase)
        covered = _covered(month, some)
        items = [_outside(month, uid, its, covered[uid]) for uid, its in by_channel.items()]
        yield Batch(Q(kind=LineKind.IDLE, subject__in=some), items)


def _covered(month: Month, channel_uids: Sequence[str]) -> defaultdict[str, list[Span]]:
    """By channel: when its breakouts were on air, in order."""
    rows = Breakout.objects.filter(month.breakouts(), channel_uid__in=channel_uids).distinct()
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for row in with_attachments(list(rows)):
        if span := on_air(row, month.now):
            found[row.channel_uid].append(span)
    for spans in found.values():
        spans.sort()
    return found


def _outside(month: Month, uid: str, phases: Sequence[EncoderPhase], covered: Sequence[Span]) -> Item:
    seconds = 0
    used: list[Used] = []
    for phase in phases:
        span = max(phase.started_at, month.start), min(phase.ended_at or month.now, month.end)
        encoder = encoder_of_phase(phase)
        free = _uncovered(span, covered) if phase.running else max(0, _length(span))
        parts: Callable[[], list[Part]] = encoder.running if phase.running else encoder.idle
        seconds += free
        used += _used(parts(), free, span[0]) if phase.profile else ()
    key = month.key(LineKind.IDLE, uid)
    return Item(
        key,
        settings.UNATTRIBUTED_CUSTOMER,
        channel_name=phases[-1].channel_name,
        seconds=seconds,
        used=tuple(used),
    )


def _length(span: Span) -> int:
    return int((span[1] - span[0]).total_seconds())


def _uncovered(span: Span, covered: Sequence[Span]) -> int:
    """The seconds of the span in which none of the others, which are in order, is."""
    free, reached = 0, span[0]
    for start, end in covered:
        if end <= reached or start >= span[1]:
            continue
        free += max(0, _length((reached, start)))
        reached = end
    return free + max(0, _length((reached, span[1])))
