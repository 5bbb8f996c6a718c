"""Rounding of a statement's lines to cents by largest remainder, so that they add up to the rounded total."""

from __future__ import annotations

from django.db.models import F, Sum

from billing.statement_rows import NANOS_A_CENT, Statement, StatementLine


def total_cents(nanos: int) -> int:
    """The exact amount rounded to cents, a half away from zero, as a person does."""
    whole, rest = divmod(abs(nanos), NANOS_A_CENT)
    cents = whole + (2 * rest >= NANOS_A_CENT)
    return cents if nanos >= 0 else -cents


def floor_cents(nanos: int) -> int:
    """The cents of a line before what is left over is given out."""
    return nanos // NANOS_A_CENT


def lines_round(statement: Statement) -> int:
    """Round the stored lines, which have their `floor_cents`; returns the total's cents.

    The cents that are left over go to the lines with the largest remainders, of equal ones to the first.
    """
    rows = StatementLine.objects.filter(statement=statement)
    sums = rows.aggregate(exact=Sum("nanos"), floors=Sum("cents"))
    total = total_cents(int(sums["exact"] or 0))
    left_over = total - int(sums["floors"] or 0)
    if left_over:
        remainder = F("nanos") - F("cents") * NANOS_A_CENT
        chosen = rows.annotate(remainder=remainder).order_by("-remainder", "position")[:left_over]
        rows.filter(pk__in=chosen.values("pk")).update(cents=F("cents") + 1)
    return total
