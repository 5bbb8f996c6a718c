"""Bytes and cost by day of a month, by customer or channel: for pages. Costs are ESTIMATES.

Final figures stand at their days. Of breakouts that are not final the ledger says what they have of which
day: that is provisional. The rest of the ledger is outside of breakouts, or came late; where it has less than
the final figures, the difference is below zero. So the sum of a month's days is what the ledger has of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncDate

from billing.costs.breakouts import encoder_at, phases_of, times_encoded, with_attachments
from billing.costs.hours import hours_within
from billing.costs.lines import cost_of
from billing.costs.now import delivery_parts
from billing.ledger import counts_after
from billing.models import EncoderPhase, FinalFigure, LedgerHour, LedgerMinute
from billing.pricing.book import PriceBook
from billing.pricing.services import price_book
from billing.usage_figures import attachments_by_breakout, figures_of
from channels_app.airtime import Span, times_on_air
from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus

DAY = timedelta(days=1)
OUTSIDE = "outside of breakouts"
LESS = "lowered after it was final"
NOBODY = "no customer"


class Cell(NamedTuple):
    """What the figures are of. `series`: a customer or a channel."""

    day: date
    series: str
    provisional: bool


@dataclass
class Figures:
    """`amount`: in dollars, exact."""

    bytes_downloaded: int = 0
    requests: int = 0
    amount: Decimal = Decimal(0)

    def add(self, bytes_downloaded: int, requests: int) -> None:
        self.bytes_downloaded += bytes_downloaded
        self.requests += requests


Cells = defaultdict[Cell, Figures]


def days_of(start: datetime, end: datetime) -> list[date]:
    """The days from start to end (exclusive)."""
    return [(start + n * DAY).date() for n in range((end - start).days)]


def figures_by_day(
    start: datetime, end: datetime, now: datetime, *, by: str = "customer", customer: str | None = None
) -> Cells:
    """The figures of whole days. `by`: "customer" or "channel". `customer`: only this one's breakouts.

    A constant number of queries.
    """
    cells: Cells = defaultdict(Figures)
    rows = Breakout.objects.all() if customer is None else Breakout.objects.filter(customer=customer)
    series = "customer" if by == "customer" else "channel_name"
    _final(cells, rows, start, end, series)
    on_air_then = _rows(rows, start, end)
    _provisional(cells, on_air_then, start, end, now, series)
    if customer is None:
        _outside(cells, start, end)
    book = price_book()
    for cell, found in cells.items():
        found.amount += _delivery(found, book, _midnight(cell.day))
    _encoders(cells, on_air_then, start, end, now, series, book)
    return cells


def _delivery(found: Figures, book: PriceBook, when: datetime) -> Decimal:
    """What it costs; what was lowered is taken off at the same price."""
    less = found.bytes_downloaded < 0 or found.requests < 0
    parts = delivery_parts(abs(found.bytes_downloaded), abs(found.requests))
    amount = cost_of(parts, book, when).exact
    return -amount if less else amount


def _name(text: str, series: str) -> str:
    return text or (NOBODY if series == "customer" else "-")


def _final(cells: Cells, rows: QuerySet[Breakout], start: datetime, end: datetime, series: str) -> None:
    figures = FinalFigure.objects.filter(day__gte=start.date(), day__lt=end.date(), breakout__in=rows)
    sums = figures.order_by().values_list("day", f"breakout__{series}")
    for day, name, downloaded, requests in sums.annotate(Sum("bytes_downloaded"), Sum("requests")):
        cells[Cell(day, _name(name, series), False)].add(int(downloaded), int(requests))


def _rows(rows: QuerySet[Breakout], start: datetime, end: datetime) -> Sequence[Breakout]:
    """Those that were on air or delivered then, with what their cost needs."""
    then = rows.filter(counts_after(start, "attachments__"), attachments__started_at__lt=end)
    return with_attachments(list(then.distinct()))


def _provisional(
    cells: Cells, rows: Sequence[Breakout], start: datetime, end: datetime, now: datetime, series: str
) -> None:
    breakouts = {row.pk: row for row in rows if row.usage_status != UsageStatus.FINAL}
    figures = figures_of(breakouts, attachments_by_breakout(breakouts), now)
    for pk, row in breakouts.items():
        for (_aws_id, day), amount in figures[pk].by_day.items():
            if start.date() <= day < end.date():
                cell = Cell(day, _name(getattr(row, series), series), True)
                cells[cell].add(amount.bytes_downloaded, amount.requests)


def _outside(cells: Cells, start: datetime, end: datetime) -> None:
    """The ledger less what is on breakouts: one scan of the month's minutes."""
    totals: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])
    for model, moment in ((LedgerMinute, "minute"), (LedgerHour, "hour")):
        rows = model._default_manager.filter(**{f"{moment}__gte": start, f"{moment}__lt": end})
        days = rows.annotate(on=TruncDate(moment, tzinfo=UTC)).order_by().values_list("on")
        for day, downloaded, requests in days.annotate(Sum("bytes_downloaded"), Sum("requests")):
            totals[day][0] += int(downloaded)
            totals[day][1] += int(requests)
    for cell, found in list(cells.items()):
        totals[cell.day][0] -= found.bytes_downloaded
        totals[cell.day][1] -= found.requests
    for day, rest in totals.items():
        for name, (downloaded, requests) in (
            (OUTSIDE, [max(0, each) for each in rest]),
            (LESS, [min(0, each) for each in rest]),
        ):
            if downloaded or requests:
                cells[Cell(day, name, False)].add(downloaded, requests)


def _encoders(
    cells: Cells,
    rows: Sequence[Breakout],
    start: datetime,
    end: datetime,
    now: datetime,
    series: str,
    book: PriceBook,
) -> None:
    times = {row.pk: found for row in rows if (found := times_on_air(row, now))}
    phases = phases_of(rows, times)
    for row, span in _encoded(rows, times, phases):
        encoder = encoder_at(row, span, phases.get(row.channel_uid, []))
        if encoder is None:
            continue
        an_hour = cost_of([(part.usage, part.an_hour) for part in encoder.running()], book, span[0]).exact
        provisional = row.usage_status != UsageStatus.FINAL
        for day, hours in _hours_by_day(span, start, end):
            cells[Cell(day, _name(getattr(row, series), series), provisional)].amount += an_hour * hours


def _encoded(
    rows: Sequence[Breakout],
    times: Mapping[int, Sequence[Span]],
    phases: Mapping[str, Sequence[EncoderPhase]],
) -> Iterator[tuple[Breakout, Span]]:
    """Each show with each of its times in which its encoder may have run."""
    for row in rows:
        for span in times_encoded(row, times.get(row.pk, ()), phases.get(row.channel_uid, ())):
            yield row, span


def _hours_by_day(
    span: tuple[datetime, datetime], start: datetime, end: datetime
) -> Iterator[tuple[date, Decimal]]:
    day = max(_midnight(span[0].astimezone(UTC).date()), start)
    while day < min(span[1], end):
        yield day.date(), hours_within(*span, day, day + DAY, run=True)
        day += DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
