"""Bytes and cost by day of a month, by customer or channel: for pages. Costs are ESTIMATES.

Final figures stand at their days. What is not final yet stands at the day of its start, and is provisional.
The rest of the ledger is outside of breakouts, or came late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from billing.costs.breakouts import encoder_at, on_air, runs_of, with_attachments
from billing.costs.hours import hours_within
from billing.costs.lines import cost_of
from billing.costs.now import delivery_parts
from billing.models import FinalFigure, LedgerHour, LedgerMinute
from billing.pricing.book import PriceBook
from billing.pricing.services import price_book
from channels_app.models import Breakout
from channels_app.models.breakout import UsageStatus

DAY = timedelta(days=1)
OUTSIDE = "outside of breakouts"
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
    _provisional(cells, on_air_then, start, end, series)
    if customer is None:
        _outside(cells, start, end)
    book = price_book()
    for cell, found in cells.items():
        parts = delivery_parts(found.bytes_downloaded, found.requests)
        found.amount += cost_of(parts, book, _midnight(cell.day)).exact
    _encoders(cells, on_air_then, start, end, now, series, book)
    return cells


def _name(text: str, series: str) -> str:
    return text or (NOBODY if series == "customer" else "-")


def _final(cells: Cells, rows: QuerySet[Breakout], start: datetime, end: datetime, series: str) -> None:
    figures = FinalFigure.objects.filter(day__gte=start.date(), day__lt=end.date(), breakout__in=rows)
    sums = figures.order_by().values_list("day", f"breakout__{series}")
    for day, name, downloaded, requests in sums.annotate(Sum("bytes_downloaded"), Sum("requests")):
        cells[Cell(day, _name(name, series), False)].add(int(downloaded), int(requests))


def _rows(rows: QuerySet[Breakout], start: datetime, end: datetime) -> Sequence[Breakout]:
    """Those that were on air then, with what their cost needs."""
    then = Q(attachments__ended_at=None) | Q(attachments__ended_at__gt=start)
    return with_attachments(list(rows.filter(then, attachments__started_at__lt=end).distinct()))


def _provisional(cells: Cells, rows: Sequence[Breakout], start: datetime, end: datetime, series: str) -> None:
    for row in rows:
        began = min((each.started_at for each in row.attachments.all()), default=None)
        if row.usage_status != UsageStatus.FINAL and began is not None and start <= began < end:
            cell = Cell(began.astimezone(UTC).date(), _name(getattr(row, series), series), True)
            cells[cell].add(row.usage_bytes_downloaded or 0, row.usage_requests or 0)


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
    for day, (downloaded, requests) in totals.items():
        if downloaded > 0:
            cells[Cell(day, OUTSIDE, False)].add(downloaded, max(0, requests))


def _encoders(
    cells: Cells,
    rows: Sequence[Breakout],
    start: datetime,
    end: datetime,
    now: datetime,
    series: str,
    book: PriceBook,
) -> None:
    spans = {row.pk: span for row in rows if (span := on_air(row, now))}
    runs = runs_of(rows, spans)
    for row in (row for row in rows if row.pk in spans):
        span = spans[row.pk]
        encoder = encoder_at(row, span, runs.get(row.channel_uid, []))
        if encoder is None:
            continue
        an_hour = cost_of([(part.usage, part.an_hour) for part in encoder.running()], book, span[0]).exact
        provisional = row.usage_status != UsageStatus.FINAL
        for day, hours in _hours_by_day(span, start, end):
            cells[Cell(day, _name(getattr(row, series), series), provisional)].amount += an_hour * hours


def _hours_by_day(
    span: tuple[datetime, datetime], start: datetime, end: datetime
) -> Iterator[tuple[date, Decimal]]:
    day = max(_midnight(span[0].astimezone(UTC).date()), start)
    while day < min(span[1], end):
        yield day.date(), hours_within(*span, day, day + DAY, run=True)
        day += DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
