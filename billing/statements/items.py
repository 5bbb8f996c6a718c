"""The items of a month: what each breakout has of each distribution, its encoder, and what nobody explains.

Each byte of the ledger and each second of an encoder is in one item, and each item is one customer's: the
breakout's, or UNATTRIBUTED_CUSTOMER's for what no breakout explains. MediaPackage's bytes are items beside
them (`packaged`), and so are recordings (`storage`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, QuerySet

from billing.costs.breakouts import encoder_at, phases_of, times_encoded, with_attachments
from billing.costs.encoder import SECONDS_AN_HOUR, Encoder, Part
from billing.costs.hours import hours_within
from billing.costs.now import delivery_parts
from billing.costs.phases import encoder_of_phase
from billing.costs.usage.sums import ShowUsage, usage_of_channels, usage_of_shows
from billing.ledger import counts_after
from billing.models import EncoderPhase
from billing.monthly_usage import UsageSum, batches, distributions_between, usage_sums
from billing.pricing.catalogue import INGEST, ORIGINATION
from billing.statement_rows import LineKind
from billing.statements import packaged
from billing.statements.month import Batch, Item, Month, Span, Used, lined, some_of
from billing.statements.storage import storage_breakouts, storage_items
from channels_app.airtime import times_on_air
from channels_app.models import Attachment, Breakout

DELIVERED = (LineKind.DELIVERY, LineKind.UNATTRIBUTED)
# Assumed origination is of a distribution, measured of a breakout or channel.
OF_DISTRIBUTIONS = (*DELIVERED, LineKind.ORIGINATION, LineKind.ORIGIN_OUTSIDE)
OF_BREAKOUTS = (LineKind.ENCODER, LineKind.INGEST, LineKind.ORIGINATION)
OUTSIDE = (LineKind.IDLE, LineKind.INGEST_OUTSIDE, LineKind.ORIGIN_OUTSIDE)


def month_items(month: Month) -> Iterator[Batch]:
    """All items that are this customer's, and all that once were on its lines, in a fixed order."""
    yield from _delivery(month)
    yield from _encoders(month)
    yield from _idle(month)
    yield from storage_items(month)


def month_size(month: Month) -> int:
    """The sum of the sizes of its batches."""
    return sum(len(found(month)) for found in (_distributions, _breakouts, _channels, storage_breakouts))


# --- delivery ---------------------------------------------------------------------------------


def _delivery(month: Month) -> Iterator[Batch]:
    issued = lined(month, "subject", LineKind.DELIVERY, LineKind.ORIGINATION)
    wanted = Q(customer=month.customer) | Q(uid__in=issued)
    for some in batches(_distributions(month)):
        sums = usage_sums(some, month.start, month.end)
        pks = {pk for by_breakout in sums.values() for pk in by_breakout if pk}
        rows = {row.pk: row for row in with_attachments(list(Breakout.objects.filter(wanted, pk__in=pks)))}
        usage = usage_of_shows([row.uid for row in rows.values()], month.start, month.end)
        items = [
            item
            for aws_id in some
            for pk, its_sum in sorted(sums[aws_id].items(), key=lambda pair: (pair[0] is None, pair[0] or 0))
            if pk is None or pk in rows
            for item in _delivered(month, rows.get(pk or 0), aws_id, its_sum, usage)
        ]
        yield Batch(Q(kind__in=OF_DISTRIBUTIONS, aws_distribution_id__in=some), items, len(some))


def _distributions(month: Month) -> list[str]:
    """Those of which the month may have a line for this customer, in order."""
    ids = set(distributions_between(month.start, month.end))
    if not month.takes_the_rest:
        attached = Attachment.objects.filter(
            counts_after(month.start), started_at__lt=month.end, breakout__customer=month.customer
        )
        ids &= set(attached.values_list("aws_distribution_id", flat=True))
    return sorted((ids | set(lined(month, "aws_distribution_id", *OF_DISTRIBUTIONS))) - {""})


def _delivered(
    month: Month, row: Breakout | None, aws_id: str, its_sum: UsageSum, usage: defaultdict[str, ShowUsage]
) -> Iterator[Item]:
    """What was delivered, and what of MediaPackage is assumed for it."""
    amount = its_sum.amount.bytes_downloaded, its_sum.amount.requests
    if row is None:
        when, key, customer = month.start, month.key(LineKind.UNATTRIBUTED, "", aws_id), ""
        customer, names = settings.UNATTRIBUTED_CUSTOMER, ("", "")
        origin, unknown = LineKind.ORIGIN_OUTSIDE, Decimal(not month.origination_measured)
    else:
        times = times_on_air(row, month.now)
        when, key = times[0][0] if times else month.start, month.key(LineKind.DELIVERY, row.uid, aws_id)
        customer, names = row.customer, (row.name, row.channel_name)
        origin = LineKind.ORIGINATION
        unknown = packaged.share_unknown(usage[row.uid].packaged[ORIGINATION], times, month)
    parts = [part for part in delivery_parts(*amount) if part[0] != ORIGINATION]
    yield Item(key, customer, *names, *amount, used=tuple(Used(*part, when) for part in parts))
    assumed = packaged.assumed_origination(amount[0], unknown)
    key = month.key(origin, key.subject, aws_id)
    yield from packaged.items(key, customer, names, ORIGINATION, assumed, when)


# --- encoders of breakouts --------------------------------------------------------------------


def _encoders(month: Month) -> Iterator[Batch]:
    for some in some_of(_breakouts(month)):
        rows = list(with_attachments(list(Breakout.objects.filter(uid__in=some).order_by("pk"))))
        times = {row.pk: found for row in rows if (found := times_on_air(row, month.now))}
        phases = phases_of(rows, times)
        usage = usage_of_shows(some, month.start, month.end)
        items = [
            item
            for row in rows
            if row.pk in times
            for item in _encoder(month, row, times[row.pk], phases.get(row.channel_uid, []), usage[row.uid])
        ]
        yield Batch(_lines_of(some, *OF_BREAKOUTS), items, len(some))


def _lines_of(subjects: Sequence[str], *kinds: str) -> Q:
    """The lines about these breakouts or channels that are of no distribution."""
    return Q(kind__in=kinds, subject__in=subjects, aws_distribution_id="")


def _breakouts(month: Month) -> list[str]:
    mine = Q(month.breakouts(), customer=month.customer)
    uids = set(Breakout.objects.filter(mine).values_list("uid", flat=True))
    return sorted(uids | set(lined(month, "subject", *OF_BREAKOUTS)))


def _encoder(
    month: Month, row: Breakout, times: Sequence[Span], phases: list[EncoderPhase], usage: ShowUsage
) -> Iterator[Item]:
    """The encoder, what MediaPackage got from it, and what was measured of MediaPackage's egress."""
    seconds, assumed = 0, Decimal(0)
    used: list[Used] = []
    ingest, origin = usage.packaged[INGEST], usage.packaged[ORIGINATION]
    for span in times_encoded(row, times, phases):
        ran = _seconds(hours_within(*span, month.start, month.end, run=True))
        encoder = encoder_at(row, span, phases)
        seconds += ran
        used += _used(_billed(encoder), ran, span[0]) if encoder else ()
        assumed += packaged.assumed_ingest(encoder, ran) * packaged.share_unknown(ingest, [span], month)
    key = month.key(LineKind.ENCODER, row.uid)
    yield Item(key, row.customer, row.name, row.channel_name, seconds=seconds, used=tuple(used))
    about = row.customer, (row.name, row.channel_name)
    key = month.key(LineKind.INGEST, row.uid)
    yield from packaged.items(key, *about, INGEST, ingest.quantity + assumed, times[0][0])
    key = month.key(LineKind.ORIGINATION, row.uid)
    yield from packaged.items(key, *about, ORIGINATION, origin.quantity, times[0][0])


def _billed(encoder: Encoder) -> list[Part]:
    """What MediaLive bills of a running channel."""
    return [part for part in encoder.running() if part.usage != INGEST]


def _seconds(hours: Decimal) -> int:
    return int((hours * SECONDS_AN_HOUR).to_integral_value())


def _used(parts: Sequence[Part], seconds: int, when: datetime) -> tuple[Used, ...]:
    hours = Decimal(seconds) / SECONDS_AN_HOUR
    return tuple(Used(part.usage, part.an_hour * hours, when) for part in parts) if seconds else ()


# --- channels outside of breakouts ------------------------------------------------------------


def _idle(month: Month) -> Iterator[Batch]:
    phases = _phases(month)
    for some in some_of(_channels(month)):
        by_channel: defaultdict[str, list[EncoderPhase]] = defaultdict(list)
        for phase in phases.filter(channel_uid__in=some).order_by("channel_uid", "started_at", "pk"):
            by_channel[phase.channel_uid].append(phase)
        covered, usage = _covered(month, some), usage_of_channels(some, month.start, month.end)
        items = [
            item
            for uid, its in by_channel.items()
            for item in _outside(month, uid, its, covered[uid], usage[uid])
        ]
        yield Batch(_lines_of(some, *OUTSIDE), items, len(some))


def _phases(month: Month) -> QuerySet[EncoderPhase]:
    lasted = Q(ended_at=None) | Q(ended_at__gt=month.start)
    return EncoderPhase.objects.filter(lasted, started_at__lt=month.end).exclude(channel_uid="")


def _channels(month: Month) -> list[str]:
    uids = set(lined(month, "subject", *OUTSIDE)) - {""}
    if month.takes_the_rest:
        uids |= set(_phases(month).order_by().values_list("channel_uid", flat=True).distinct())
    return sorted(uids)


def _covered(month: Month, channel_uids: Sequence[str]) -> defaultdict[str, list[Span]]:
    """By channel: when its breakouts were on air, in order."""
    rows = Breakout.objects.filter(month.breakouts(), channel_uid__in=channel_uids).distinct()
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for row in with_attachments(list(rows)):
        found[row.channel_uid] += times_on_air(row, month.now)
    for spans in found.values():
        spans.sort()
    return found


def _outside(
    month: Month, uid: str, phases: Sequence[EncoderPhase], covered: Sequence[Span], usage: ShowUsage
) -> Iterator[Item]:
    """The channel's time, and MediaPackage's bytes of it."""
    seconds = 0
    used: list[Used] = []
    ingest, origin = usage.packaged[INGEST], usage.packaged[ORIGINATION]
    got = ingest.quantity
    for phase in phases:
        span = max(phase.started_at, month.start), min(phase.ended_at or month.now, month.end)
        encoder = encoder_of_phase(phase)
        free = _uncovered(span, covered) if phase.running else max(0, _length(span))
        seconds += free
        if not phase.profile:
            continue
        used += _used(_billed(encoder) if phase.running else encoder.idle(), free, span[0])
        if phase.running:
            got += packaged.assumed_ingest(encoder, free) * packaged.share_unknown(ingest, [span], month)
    about = settings.UNATTRIBUTED_CUSTOMER, ("", phases[-1].channel_name)
    when = max(month.start, phases[0].started_at)
    key = month.key(LineKind.IDLE, uid)
    yield Item(key, about[0], *about[1], seconds=seconds, used=tuple(used))
    yield from packaged.items(month.key(LineKind.INGEST_OUTSIDE, uid), *about, INGEST, got, when)
    key = month.key(LineKind.ORIGIN_OUTSIDE, uid)
    yield from packaged.items(key, *about, ORIGINATION, origin.quantity, when)


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
