"""Documents of a statement: flat in memory, exact, and harmless in a spreadsheet; rounding that adds up."""

from __future__ import annotations

import random
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib.util import find_spec
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.statement_rows import NANOS_A_CENT, Statement, StatementLine
from billing.statements import services
from billing.statements.documents import csv_lines
from billing.statements.rounding import floor_cents, lines_round, total_cents
from billing.statements.spreadsheet import workbook
from channels_app.models import Breakout
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import PERIOD, BilledMonth

pytestmark = pytest.mark.django_db
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def with_lines(nanos: list[int]) -> Statement:
    row = Statement.objects.create(period=date(2026, 9, 1), created_by="test")
    StatementLine.objects.bulk_create(
        StatementLine(
            statement=row,
            position=n,
            month=row.period,
            kind="delivery",
            name=f"talk {n}",
            nanos=each,
            cents=floor_cents(each),
        )
        for n, each in enumerate(nanos, start=1)
    )
    return row


def largest_remainder(nanos: list[int]) -> list[int]:
    """The rule of docs/billing.md once more, by other code."""
    exact = [Decimal(each) / NANOS_A_CENT for each in nanos]
    floors = [int(each.to_integral_value("ROUND_FLOOR")) for each in exact]
    left = int(sum(exact).quantize(Decimal(1), ROUND_HALF_UP)) - sum(floors)
    order = sorted(range(len(exact)), key=lambda n: (floors[n] - exact[n], n))
    return [floor + (n in order[:left]) for n, floor in enumerate(floors)]


@pytest.mark.parametrize(
    "nanos",
    [
        [3_333_333] * 3,
        [-3_333_333] * 3,
        [5_000_000],
        [-5_000_000],
        [15_000_000, -15_000_000],
        [9_999_999, 1, 123_456_789_012],
        [random.Random(7).randrange(-(10**9), 10**9) for _ in range(200)],
    ],
    ids=["thirds", "thirds less", "half", "half less", "both signs", "large", "drawn"],
)
def test_lines_add_up_to_the_rounded_total(nanos: list[int]) -> None:
    row = with_lines(nanos)
    total = lines_round(row)
    cents = list(StatementLine.objects.order_by("position").values_list("cents", flat=True))
    assert cents == largest_remainder(nanos)
    assert sum(cents) == total == total_cents(sum(nanos))


def _csv(row: Statement) -> None:
    for _piece in csv_lines(row):
        pass


def _xlsx(row: Statement) -> None:
    workbook(row).close()


@pytest.mark.parametrize("write", [_csv, _xlsx], ids=["csv", "xlsx"])
def test_memory_does_not_grow_with_the_lines(write: Callable[[Statement], None]) -> None:
    row = with_lines([20_000_000] * 20_000)
    write(row)  # what is loaded once is loaded
    tracemalloc.start()
    write(row)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # All lines at once would be above 15 MB.
    assert peak < 8_000_000


def test_a_workbook_has_texts_as_texts_and_adds_up() -> None:
    BilledMonth()
    Breakout.objects.filter(name="talk 0").update(name='=HYPERLINK("http://evil")')
    row = services.statement_draft(PERIOD, "acme", who=TESTER)
    with zipfile.ZipFile(workbook(row)) as parts:
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    assert list(sheet.iter(f"{SHEET}f")) == []
    cells = {cell.get("r"): "".join(cell.itertext()) for cell in sheet.iter(f"{SHEET}c")}
    assert '=HYPERLINK("http://evil")' in cells.values()
    amounts = [Decimal(cells[f"O{n}"]) for n in range(2, row.lines_count + 2)]
    assert sum(amounts) == row.total == Decimal(cells[f"O{row.lines_count + 2}"])


def test_pdf_is_written_or_the_page_says_what_to_install(superuser: Client) -> None:
    BilledMonth()
    Breakout.objects.filter(name="talk 0").update(name="<img src=file:///etc/passwd>")
    row = services.statement_draft(PERIOD, "acme", who=TESTER)
    answer = superuser.post(f"/admin/billing/statement/{row.pk}/pdf/", follow=True)
    if find_spec("weasyprint"):
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
    else:
        assert "pip install weasyprint" in answer.content.decode()


def test_the_link_to_a_customer_has_its_whole_name(superuser: Client) -> None:
    row = Statement.objects.create(period=date(2026, 9, 1), customer="Sound & Light #2", created_by="test")
    page = superuser.get(f"/admin/billing/statement/{row.pk}/change/").content.decode()
    assert f"{reverse('admin:customer')}?name=Sound+%26+Light+%232" in page


def test_the_check_finds_a_statement_that_was_changed_by_force() -> None:
    BilledMonth()
    row = services.statement_issue(services.statement_draft(PERIOD, "acme", who=TESTER), who=TESTER)
    out = StringIO()
    call_command("check_statements", stdout=out)
    assert "Statements: 1." in out.getvalue()
    with connection.cursor() as cursor:  # as who owns the database can
        on = " ON billing_statementline" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER line_no_update{on}")
        cursor.execute(f"UPDATE billing_statementline SET cents = cents + 1 WHERE statement_id = {row.pk}")
    with pytest.raises(CommandError, match="differs: 1"):
        call_command("check_statements")
