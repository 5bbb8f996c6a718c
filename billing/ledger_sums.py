"""Read the ledger: what each breakout has of a stretch of time, summed by the database.

Time is cut into segments in which coverage is the same; the database sums each of them, and only the sums
are split. Longer periods are rare and are split one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from billing.attribution import (
    Amount,
    Coverage,
    Period,
    Segment,
    Span,
    Why,
    coarse_weights,
    shares,
)
from billing.ledger import HOUR, counts_after
from billing.models import LedgerMinute
from billing.usage_window import MINUTE
from channels_app.models import Attachment

SEGMENTS_AT_ONCE = {"postgresql": 20_000, "sqlite": 5000}  # SQLite takes 32,766 values in a query
COLUMNS = ("minute", "period_seconds", "bytes_downloaded", "requests", "changed_at")

# One row for each segment that has periods. Both forms make the database use the ledger's index.
SUM = "SUM(ledger.bytes_downloaded), SUM(ledger.requests), COUNT(*), MAX(ledger.changed_at)"
CONDITION = """ledger.aws_distribution_id = segment.aws_id AND ledger.minute >= segment.since
AND ledger.minute < segment.till AND ledger.period_seconds = 60"""
SUMS = {
    "postgresql": f"""WITH segment (n, aws_id, since, till) AS (VALUES %s)
SELECT segment.n, sums.* FROM segment CROSS JOIN LATERAL (
    SELECT {SUM} FROM billing_ledgerminute AS ledger WHERE {CONDITION} HAVING COUNT(*) > 0
) AS sums""",  # noqa: S608 - constants only
    "sqlite": f"""WITH segment (n, aws_id, since, till) AS (VALUES %s)
SELECT segment.n, {SUM} FROM segment CROSS JOIN billing_ledgerminute AS ledger ON {CONDITION}
GROUP BY segment.n""",  # noqa: S608 - constants only
}


@dataclass(frozen=True, slots=True)
class Attributed:
    """What a breakout (None: nobody, with the reason) has of a stretch of one distribution's time.

    `alone`: it covers all of that time alone, so that a datapoint there is surely its own.
    """

    aws_distribution_id: str
    start: datetime
    breakout: int | None
    amount: Amount
    approximate: bool = False
    alone: bool = False
    changed_at: datetime | None = None
    why: Why | None = None


def coverages(ids: Collection[str], start: datetime, end: datetime) -> dict[str, Coverage]:
    """The coverage of each of these distributions from `start` to `end`. One query."""
    rows = Attachment.objects.filter(
        counts_after(start - HOUR),
        aws_distribution_id__in=ids,
        started_at__lt=end + HOUR,
    ).values_list("aws_distribution_id", "breakout_id", "started_at", "ended_at", "tail")
    spans: defaultdict[str, list[Span]] = defaultdict(list)
    for aws_id, breakout, started_at, ended_at, tail in rows:
        spans[aws_id].append(Span(breakout, started_at, ended_at, tail))
    return {aws_id: Coverage(spans[aws_id]) for aws_id in ids}


def attributed(
    stretches: Mapping[str, Iterable[tuple[datetime, datetime]]],
    by_id: Mapping[str, Coverage],
    *,
    wanted: Collection[int] | None = None,
    reasons: bool = False,
) -> Iterator[Attributed]:
    """What the ledger has of these stretches of whole minutes, by distribution and share.

    `wanted`: only these breakouts (None: all, and what belongs to nobody). Distributions come one after the
    other; what has no datapoint is left out. A longer period belongs to the stretch in which it begins, or
    with `wanted` to each that it touches.
    """
    segments = (
        (aws_id, segment)
        for aws_id, its in stretches.items()
        for start, end in its
        for segment in by_id[aws_id].segments(start, end, reasons=reasons)
        if wanted is None or any(weight.breakout in wanted for weight in segment.weights)
    )
    coarse = _coarse(stretches, by_id, wanted, reasons)
    last = None
    for aws_id, segment, amount, changed_at in _summed(segments):
        if aws_id != last and last is not None:
            yield from coarse.pop(last, [])
        last = aws_id
        alone = segment.sole is not None
        for share in shares(amount, segment.weights):
            if wanted is None or share.breakout in wanted:
                yield Attributed(
                    aws_id, segment.start, share.breakout, share.amount, False, alone, changed_at, segment.why
                )
    for rest in coarse.values():
        yield from rest


def periods(aws_distribution_id: str, start: datetime, end: datetime) -> list[Period]:
    """The ledger's periods of a distribution that begin in start..end, with those inside them."""
    rows = LedgerMinute.objects.filter(
        aws_distribution_id=aws_distribution_id, minute__gte=start, minute__lt=end
    )
    return [Period(*row) for row in rows.order_by("minute", "-period_seconds").values_list(*COLUMNS)]


def _summed(
    segments: Iterable[tuple[str, Segment]],
) -> Iterator[tuple[str, Segment, Amount, datetime | None]]:
    batch: list[tuple[str, Segment]] = []
    for each in segments:
        batch.append(each)
        if len(batch) == SEGMENTS_AT_ONCE[connection.vendor]:
            yield from _sums(batch)
            batch = []
    yield from _sums(batch)


def _sums(batch: Sequence[tuple[str, Segment]]) -> Iterator[tuple[str, Segment, Amount, datetime | None]]:
    if not batch:
        return
    adapt = connection.ops.adapt_datetimefield_value
    params: list[Any] = []
    for n, (aws_id, segment) in enumerate(batch):
        params += [n, aws_id, adapt(segment.start), adapt(segment.end)]
    sql = SUMS[connection.vendor] % ", ".join(["(%s, %s, %s, %s)"] * len(batch))
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    for n in sorted(found):
        downloaded, requests, periods, changed_at = found[n]
        yield *batch[n], Amount(int(downloaded), int(requests), periods), _aware(changed_at)


def _aware(value: Any) -> datetime | None:
    """SQLite returns a time of a raw query as text."""
    if isinstance(value, str):
        return datetime.fromisoformat(value + "+00:00")
    moment: datetime | None = value
    return moment


def _coarse(
    stretches: Mapping[str, Iterable[tuple[datetime, datetime]]],
    by_id: Mapping[str, Coverage],
    wanted: Collection[int] | None,
    reasons: bool,
) -> dict[str, list[Attributed]]:
    """The shares of the periods longer than a minute, by distribution. One query if there are none."""
    bounds = {aws_id: list(its) for aws_id, its in stretches.items()}
    if not any(bounds.values()):
        return {}
    first = min(start for its in bounds.values() for start, _ in its)
    last = max(end for its in bounds.values() for _, end in its)
    rows = LedgerMinute.objects.filter(
        aws_distribution_id__in=bounds, minute__gte=first - HOUR, minute__lt=last, period_seconds__gt=MINUTE
    )
    by_distribution: defaultdict[str, list[Period]] = defaultdict(list)
    columns = rows.order_by("aws_distribution_id", "minute", "-period_seconds").values_list
    for aws_id, *values in columns("aws_distribution_id", *COLUMNS):
        period = Period(*values)
        until = period.start if wanted is None else period.end - timedelta(seconds=1)
        if any(start <= until and period.start < end for start, end in bounds[aws_id]):
            by_distribution[aws_id].append(period)
    found: dict[str, list[Attributed]] = {}
    for aws_id, its_periods in by_distribution.items():
        found[aws_id] = [
            each
            for each in _coarse_of(aws_id, its_periods, by_id[aws_id], reasons)
            if wanted is None or each.breakout in wanted
        ]
    return found


def _coarse_of(
    aws_id: str, its_periods: Sequence[Period], coverage: Coverage, reasons: bool
) -> Iterator[Attributed]:
    inner = periods(aws_id, its_periods[0].start, max(period.end for period in its_periods))
    for period in its_periods:
        shorter = [
            each
            for each in inner
            if each.seconds < period.seconds and period.start <= each.start < period.end
        ]
        weights = coarse_weights(period, shorter, coverage)
        why = coverage.why(period.start) if reasons and not weights else None
        amount = Amount(period.bytes_downloaded, period.requests, 1)
        for share in shares(amount, weights):
            yield Attributed(
                aws_id, period.start, share.breakout, share.amount, True, False, period.changed_at, why
            )
