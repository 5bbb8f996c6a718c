"""Why a statement cannot be issued yet, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from billing.completeness import missing
from billing.statement_rows import Statement
from billing.statements.items import Month
from channels_app.models import Breakout


def statement_missing(statement: Statement, month: Month, unpriced: Iterable[str]) -> list[str]:
    """What is open of everything that it covers: days, breakouts, rates; and whether there is anything."""
    of = Breakout.objects.filter(customer=month.customer)
    lacks = missing(month.start, month.end, month.now, of=of, whole=month.takes_the_rest).sentences
    lacks += [f"The price book has no rate for {title}." for title in sorted(unpriced)]
    if not statement.lines_count and not lacks:
        lacks.append("There is nothing new to state: it has no line.")
    return lacks
