"""Work out a draft: its lines, their rounding, its sums, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Sum

from billing.pricing.services import price_book
from billing.statement_rows import Statement, StatementLine
from billing.statements.canonical import WorkedHash
from billing.statements.differences import month_of, statement_lines
from billing.statements.missing import statement_missing
from billing.statements.pricing import Prices
from billing.statements.rounding import floor_cents, lines_round

ROWS_AT_ONCE = 2000


def draft_work_out(statement: Statement, now: datetime) -> None:
    """Replace the lines of a draft, whose row is locked, by what they are now; the row is not saved.

    Its caller has locked the ledger. Memory does not grow with the number of lines.
    """
    StatementLine.objects.filter(statement=statement).delete()
    worked = lines_work_out(statement, now, StatementLine.objects.bulk_create)
    draft_close(statement, now, *worked)


def lines_work_out(
    statement: Statement,
    now: datetime,
    store: Callable[[Sequence[StatementLine]], object],
    done: Callable[[int], None] = lambda size: None,
) -> tuple[Prices, WorkedHash]:
    """Hand the lines to `store`, many at once; `done` as in `statement_lines`. Both are for `draft_close`."""
    prices, worked = Prices(price_book()), WorkedHash()
    batch: list[StatementLine] = []
    for line in statement_lines(statement, prices, now, done):
        worked.add(line)
        line.cents = floor_cents(line.nanos)
        batch.append(line)
        if len(batch) == ROWS_AT_ONCE:
            store(batch)
            batch = []
    store(batch)
    return prices, worked


def draft_close(statement: Statement, now: datetime, prices: Prices, worked: WorkedHash) -> None:
    """Round the stored lines, and set the sums, the hash and what is missing; the row is not saved."""
    statement.total_cents = lines_round(statement)
    lines = StatementLine.objects.filter(statement=statement)
    statement.lines_count = lines.count()
    statement.bytes_downloaded = int(lines.aggregate(total=Sum("bytes_downloaded"))["total"] or 0)
    statement.worked_sha256 = worked.hexdigest()
    statement.worked_out_at = now
    month = month_of(statement.period, statement.customer, now)
    statement.missing = statement_missing(statement, month, prices.unpriced)


def draft_differs(
    statement: Statement, now: datetime, done: Callable[[int], None] = lambda size: None
) -> tuple[bool, list[str]]:
    """Whether its lines would be others now, and what is missing now. `done` as in `statement_lines`."""
    prices, worked = Prices(price_book()), WorkedHash()
    for line in statement_lines(statement, prices, now, done):
        worked.add(line)
    month = month_of(statement.period, statement.customer, now)
    differs = worked.hexdigest() != statement.worked_sha256
    return differs, statement_missing(statement, month, prices.unpriced)
