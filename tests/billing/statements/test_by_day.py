"""The page *By day*: each byte of the ledger once, on its day, whatever is final."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from billing.models import FinalFigure, LedgerHour, LedgerMinute
from billing.pricing.services import rates_seed
from billing.statements.by_day import LESS, OUTSIDE, Cells, figures_by_day
from channels_app.models import Breakout
from tests.scenarios.billed_month import MONTH, BilledMonth
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
END = datetime(2026, 10, 1, tzinfo=UTC)
NOW = END + 5 * DAY


def on_air(start: datetime, end: datetime | None, **more: Any) -> Breakout:
    """A breakout whose figures are not final, as the last collection wrote them."""
    values = {"usage_status": "provisional", "customer": "acme", "channel_name": "stage 0"}
    row = Breakout.objects.create(name="festival", state="running", **{**values, **more})
    row.attachments.create(aws_distribution_id="E1", started_at=start, ended_at=end)
    return row


def delivered(minute: datetime, count: int, requests: int = 1) -> None:
    LedgerMinute.objects.create(
        aws_distribution_id="E1",
        minute=minute,
        bytes_downloaded=count,
        requests=requests,
        first_seen_at=minute,
        changed_at=minute,
    )


def by_day(cells: Cells) -> dict[tuple[str, bool], dict[date, int]]:
    found: defaultdict[tuple[str, bool], dict[date, int]] = defaultdict(dict)
    for cell, figures in cells.items():
        if figures.bytes_downloaded:
            found[cell.series, cell.provisional][cell.day] = figures.bytes_downloaded
    return dict(found)


def sums(cells: Cells) -> tuple[int, int]:
    values = cells.values()
    return sum(each.bytes_downloaded for each in values), sum(each.requests for each in values)


def ledger() -> tuple[int, int]:
    rows = LedgerMinute.objects.filter(minute__gte=MONTH, minute__lt=END)
    found = rows.aggregate(b=Sum("bytes_downloaded"), r=Sum("requests"))
    return found["b"], found["r"]


@pytest.mark.parametrize("by", ["customer", "channel"])
def test_a_show_of_days_that_is_not_final_counts_once_and_on_its_days(by: str) -> None:
    on_air(MONTH + 10 * DAY, None, usage_bytes_downloaded=500, usage_requests=5)
    for n in range(5):
        delivered(MONTH + (10 + n) * DAY + HOUR, 100)
    cells = figures_by_day(MONTH, END, NOW, by=by)
    days = {(MONTH + (10 + n) * DAY).date(): 100 for n in range(5)}
    assert by_day(cells) == {("acme" if by == "customer" else "stage 0", True): days}
    assert sums(cells) == ledger() == (500, 5)


def test_a_show_that_began_in_the_month_before_has_its_bytes_of_this_one() -> None:
    on_air(MONTH - 2 * HOUR, MONTH + HOUR, usage_bytes_downloaded=70, usage_requests=2)
    on_air(MONTH + 5 * HOUR, MONTH + 6 * HOUR, customer="")
    delivered(MONTH - HOUR, 50)
    delivered(MONTH, 20)
    first = MONTH.date()
    cells = figures_by_day(MONTH, END, NOW)
    assert by_day(cells) == {("acme", True): {first: 20}}
    assert sums(cells) == ledger() == (20, 1)
    assert by_day(figures_by_day(MONTH, END, NOW, by="channel", customer="acme")) == {
        ("stage 0", True): {first: 20}
    }
    before = figures_by_day(MONTH - 31 * DAY, MONTH, NOW)
    assert by_day(before) == {("acme", True): {(MONTH - DAY).date(): 50}}


def test_the_tail_of_a_show_that_ended_at_midnight_is_its_own() -> None:
    on_air(MONTH - 2 * HOUR, MONTH - timedelta(seconds=5))
    delivered(MONTH, 20)
    delivered(MONTH + HOUR, 3)
    LedgerHour.objects.create(
        aws_distribution_id="E1", hour=MONTH + 5 * HOUR, breakout_uid="", bytes_downloaded=4, requests=0
    )
    cells = figures_by_day(MONTH, END, NOW)
    assert by_day(cells) == {("acme", True): {MONTH.date(): 20}, (OUTSIDE, False): {MONTH.date(): 7}}


def test_what_the_ledger_lowers_after_it_was_final_is_taken_off_and_said() -> None:
    row = on_air(MONTH + HOUR, MONTH + 2 * HOUR, usage_status="final", usage_bytes_downloaded=2**30)
    day = MONTH.date()
    FinalFigure.objects.create(
        breakout=row, aws_distribution_id="E1", day=day, bytes_downloaded=2**30, requests=10
    )
    delivered(MONTH + HOUR, 2**29, requests=12)
    rates_seed()
    cells = figures_by_day(MONTH, END, NOW)
    assert by_day(cells) == {("acme", False): {day: 2**30}, (LESS, False): {day: -(2**29)}}
    assert sums(cells) == ledger() == (2**29, 12)
    amounts = {cell.series: figures.amount for cell, figures in cells.items()}
    assert amounts[LESS] == Decimal("-0.5") * Decimal("0.085") - Decimal("0.005") * Decimal("0.06")
    assert amounts[OUTSIDE] == 2 * Decimal("0.0000012")


def test_the_page_says_what_the_ledger_has(as_role: As) -> None:
    month = BilledMonth()
    month.late(0, -7_000_000)
    month.late(3, 900)
    staff = as_role("engineer")
    page = staff.get("/admin/billing/by-day/", {"month": "2026-09"})
    assert page.context["bytes_total"] == ledger()[0]
    assert [row["figures"].bytes_downloaded for row in page.context["days"]] == [ledger()[0]]
    text = page.content.decode()
    assert "-7.00 MB" in text
    assert LESS in text
    assert "name=lowered" not in text
    assert LESS in staff.get("/admin/billing/customers/", {"month": "2026-09"}).content.decode()


@pytest.mark.parametrize("count", [2, 40])
def test_it_takes_as_many_queries_for_any_number(count: int, django_assert_num_queries: Any) -> None:
    month = BilledMonth(count=count)
    Breakout.objects.update(usage_status="provisional")
    FinalFigure.objects.all().delete()
    with django_assert_num_queries(12):
        cells = figures_by_day(MONTH, END, NOW)
    assert sums(cells)[0] == ledger()[0]
    assert len(month.breakouts) == count
