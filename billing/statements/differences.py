"""The lines of a statement: of each item, what it has now less what was issued of it and is not void.

One rule makes first lines, corrections of both signs, and the lines of what was voided. A draft covers its
own month, and of the months before it whatever was on a line before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from billing.monthly_usage import month_bounds
from billing.statement_rows import NANOS_A_CENT, Statement, StatementLine, StatementState
from billing.statements.items import month_items, month_size
from billing.statements.month import Batch, Item, Key, Month
from billing.statements.pricing import Prices

# Whole days are read for the last time after four days, and minutes are rolled up after three months. A
# draft of an older month itself has what came even later.
MONTHS_BACK = 3


@dataclass(frozen=True)
class Issued:
    """What stands on issued lines of an item, in sum. `rates`: those of its first line."""

    name: str
    channel_name: str
    rates: str
    bytes_downloaded: int = 0
    requests: int = 0
    seconds: int = 0
    quantity: int = 0
    cents: int = 0


def month_of(period: date, customer: str, now: datetime) -> Month:
    return Month(customer, *month_bounds(f"{period:%Y-%m}"), now)


def months_covered(statement: Statement, now: datetime) -> list[Month]:
    """The months of which it may have lines, its own last."""
    periods = (*_periods_before(statement), statement.period)
    return [month_of(period, statement.customer, now) for period in periods]


def statement_size(statement: Statement, now: datetime) -> int:
    """Of how many distributions, breakouts and channels its lines may be."""
    return sum(month_size(month) for month in months_covered(statement, now))


def statement_lines(
    statement: Statement, prices: Prices, now: datetime, done: Callable[[int], None] = lambda size: None
) -> Iterator[StatementLine]:
    """The lines as rows that are not saved: exact, not rounded. The order is always the same.

    `done` is called with each part of `statement_size` when the lines of that part were read.
    """
    position = 0
    for month in months_covered(statement, now):
        for line in _month_lines(statement, month, prices, done):
            position += 1
            line.statement, line.position = statement, position
            yield line


def _periods_before(statement: Statement) -> list[date]:
    """The months before it of which something was issued, to anybody."""
    rows = Statement.objects.exclude(number=None).filter(
        period__lt=statement.period, period__gte=_months_before(statement.period, MONTHS_BACK)
    )
    return sorted(set(rows.order_by().values_list("period", flat=True).distinct()))


def _months_before(period: date, count: int) -> date:
    months = period.year * 12 + period.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


def _month_lines(
    statement: Statement, month: Month, prices: Prices, done: Callable[[int], None]
) -> Iterator[StatementLine]:
    own = month.first_day == statement.period or _has_own(month)
    for batch in month_items(month):
        known, issued = _issued(month, batch)
        for item in batch.items:
            mine = item.customer == month.customer
            had = issued.pop(item.key, None)
            if had is None and not (mine and (own or item.key in known)):
                continue
            if line := _line(statement, item.key, item if mine else None, had, prices):
                yield line
        for key in sorted(issued):
            if line := _line(statement, key, None, issued[key], prices):
                yield line
        done(batch.size)


def _has_own(month: Month) -> bool:
    rows = Statement.objects.filter(period=month.first_day, customer=month.customer)
    return rows.exclude(number=None).exists()


def _issued(month: Month, batch: Batch) -> tuple[set[Key], dict[Key, Issued]]:
    """The items of the batch that were on a line, whoever's; and of those issued to the customer the sums."""
    rows = StatementLine.objects.filter(batch.lines, month=month.first_day).exclude(statement__number=None)
    known: set[Key] = set()
    issued: dict[Key, Issued] = {}
    for kind, subject, aws_id, customer, state, name, channel, rates, *figures in rows.order_by(
        "statement__number", "position"
    ).values_list(
        "kind",
        "subject",
        "aws_distribution_id",
        "statement__customer",
        "statement__state",
        "name",
        "channel_name",
        "rates",
        "bytes_downloaded",
        "requests",
        "seconds",
        "quantity",
        "cents",
    ):
        key = Key(month.first_day, kind, subject, aws_id)
        known.add(key)
        if customer == month.customer and state == StatementState.ISSUED:
            issued[key] = _added(issued.get(key) or Issued(name, channel, rates), *figures)
    return known, issued


def _added(
    before: Issued, bytes_downloaded: int, requests: int, seconds: int, quantity: int, cents: int
) -> Issued:
    return replace(
        before,
        bytes_downloaded=before.bytes_downloaded + bytes_downloaded,
        requests=before.requests + requests,
        seconds=before.seconds + seconds,
        quantity=before.quantity + quantity,
        cents=before.cents + cents,
    )


def _line(
    statement: Statement, key: Key, item: Item | None, had: Issued | None, prices: Prices
) -> StatementLine | None:
    """The difference, or None if there is none in what was used."""
    now = item or Item(key, statement.customer)
    before = had or Issued(now.name, now.channel_name, "")
    used = [
        now.bytes_downloaded - before.bytes_downloaded,
        now.requests - before.requests,
        now.seconds - before.seconds,
        now.quantity - before.quantity,
    ]
    if not any(used):
        return None
    nanos, rates = prices.cost(now.used, before.rates)
    return StatementLine(
        **key._asdict(),
        correction=had is not None or key.month < statement.period,
        name=now.name or before.name,
        channel_name=now.channel_name or before.channel_name,
        bytes_downloaded=used[0],
        requests=used[1],
        seconds=used[2],
        quantity=used[3],
        nanos=nanos - before.cents * NANOS_A_CENT,
        cents=0,
        currency=statement.currency,
        rates=rates or before.rates,
    )
