"""A month of 500 breakouts: issued, corrected by the next, unchanged for ever."""

from __future__ import annotations

import csv
import hashlib
import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum

from billing.models import LedgerMinute
from billing.statement_rows import Statement, StatementLine
from billing.statements import services
from billing.statements.documents import csv_lines, written_lines
from streamhub.csv_cells import STARTS
from streamhub.errors import Invalid, NotPossible
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import PERIOD, BilledMonth, values

pytestmark = pytest.mark.django_db

NEXT = "2026-10"


def issued(period: str = PERIOD, customer: str = "acme") -> Statement:
    return services.statement_issue(services.statement_draft(period, customer, who=TESTER), who=TESTER)


def csv_of(row: Statement) -> bytes:
    return "".join(csv_lines(row)).encode()


def stored(row: Statement) -> tuple[Any, ...]:
    return (
        values(Statement.objects.filter(pk=row.pk)),
        values(StatementLine.objects.filter(statement=row)),
        csv_of(Statement.objects.get(pk=row.pk)),
    )


def recomputed_sha256(row: Statement) -> str:
    """The recipe of docs/billing.md once more, by other code."""
    text = ""
    for line in StatementLine.objects.filter(statement=row).order_by("position"):
        amount = str(Decimal(line.cents) / 100) if line.cents % 100 else f"{line.cents // 100}.00"
        amount = f"{Decimal(amount):.2f}"
        fields = [
            line.position,
            line.month.isoformat()[:7],
            line.kind,
            line.correction,
            line.subject,
            line.name,
            line.channel_name,
            line.aws_distribution_id,
            line.bytes_downloaded,
            line.requests,
            line.seconds,
            line.quantity,
            amount,
            line.currency,
            line.rates,
        ]
        text += json.dumps(fields, separators=(",", ":")) + "\n"
    head = {
        "bytes_downloaded": row.bytes_downloaded,
        "currency": "USD",
        "customer": row.customer or None,
        "issued_at": row.issued_at and row.issued_at.isoformat()[:19] + "Z",
        "lines": row.lines_count,
        "number": row.number,
        "period": row.period.isoformat()[:7],
        "total": f"{row.total:.2f}",
    }
    text += json.dumps(head, separators=(",", ":"), sort_keys=True) + "\n"
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_month_of_500_breakouts_is_stated_and_corrected_by_the_next() -> None:
    month = BilledMonth(count=500, customers=("acme", "globex", "", "initech"), distributions=25)
    month.outside()
    rows = [issued(customer=customer) for customer in ("acme", "globex", "initech", "")]
    assert [row.number for row in rows] == [1, 2, 3, 4]
    ledger = LedgerMinute.objects.aggregate(total=Sum("bytes_downloaded"))["total"]
    assert sum(row.bytes_downloaded for row in rows) == ledger
    for row in rows:
        lines = StatementLine.objects.filter(statement=row)
        assert sum(lines.values_list("cents", flat=True)) == row.total_cents
        assert row.sha256 == recomputed_sha256(row)
    before = [stored(row) for row in rows]

    month.late(0, 7_000_000_000, requests=5)  # acme's
    month.late(4, -1_000_000)  # acme's, less than before
    month.late(1, 11)  # globex's
    following = issued(NEXT)
    lines = list(StatementLine.objects.filter(statement=following).order_by("position"))
    delivered = [line for line in lines if line.kind == "delivery"]
    changes = {(line.name, line.correction, line.month.isoformat()): line for line in delivered}
    assert {key: line.bytes_downloaded for key, line in changes.items()} == {
        ("talk 0", True, "2026-09-01"): 7_000_000_000,
        ("talk 4", True, "2026-09-01"): -1_000_000,
    }
    assert changes["talk 0", True, "2026-09-01"].requests == 5
    assert following.number == 5
    assert following.total == sum((line.amount for line in lines), Decimal(0))
    assert following.sha256 == recomputed_sha256(following)
    # 7 GB and 5 requests at the first step, and what the cents of the first line left over.
    assert following.total == Decimal("0.56")
    assert [stored(row) for row in rows] == before


def test_the_lines_are_written_alike_on_every_database() -> None:
    """On PostgreSQL it writes them itself (tests/integration)."""
    names = [
        "=1+1",
        "  =1",
        "+1",
        "-1",
        "@x",
        "\t=",
        "\r1",
        "\uff1d1",
        "\uff201",
        'a "b", c',
        "a\nb",
        "  ",
        "",
        "\\.",
        "é",
    ]
    row = Statement.objects.create(period="2026-09-01", created_by="test")
    StatementLine.objects.bulk_create(
        StatementLine(
            statement=row,
            position=n,
            month=f"2026-0{8 + n % 2}-01",
            kind="delivery",
            correction=n % 3 == 0,
            name=name,
            channel_name=name[::-1],
            aws_distribution_id="E1" if n % 2 else "",
            nanos=0,
            cents=(-1) ** n * 10**n,
            rates="20 23" if n % 2 else "",
        )
        for n, name in enumerate(names, start=1)
    )
    row.refresh_from_db()
    lines = csv_of(row).decode().split("\n", 1)[1]
    assert lines.startswith("".join(written_lines(row)))
    read = list(csv.reader(StringIO(lines)))[: len(names)]
    assert [each[6].removeprefix("'") for each in read] == names
    assert not [text for each in read for text in each[6:8] if text.lstrip(" ")[:1] in tuple(STARTS)]


def test_it_is_refused_with_sentences_while_a_breakout_is_open() -> None:
    month = BilledMonth()
    row = services.statement_draft(PERIOD, "acme", who=TESTER)
    assert row.complete
    type(month.breakouts[0]).objects.filter(pk=month.breakouts[0].pk).update(usage_complete=False)
    with pytest.raises(services.Incomplete) as refusal:
        services.statement_issue(row, who=TESTER)
    assert refusal.value.missing == ["Breakouts whose days are still read again: 1 (talk 0)."]
    assert issued(customer="globex").number == 1


def test_days_that_are_read_again_hold_it_up() -> None:
    BilledMonth()
    from billing.models import DailySeries

    DailySeries.objects.filter(aws_distribution_id="E00000").update(third_day="2026-09-28")
    row = services.statement_draft(PERIOD, "acme", who=TESTER)
    assert row.missing == ["Days of distributions that are read again until four days later: 3 (E00000)."]
    with pytest.raises(services.Incomplete):
        services.statement_issue(row, who=TESTER)
    # The other's breakouts were all on the other distribution.
    assert services.statement_draft(PERIOD, "globex", who=TESTER).complete


def test_what_changed_since_it_was_worked_out_is_not_issued() -> None:
    month = BilledMonth()
    row = services.statement_draft(PERIOD, "acme", who=TESTER)
    month.late(0, 1)
    with pytest.raises(NotPossible, match="changed since"):
        services.statement_issue(row, who=TESTER)
    row = services.statement_recompute(row, who=TESTER)
    assert services.statement_issue(row, who=TESTER).number == 1


def test_what_was_voided_is_on_the_next_draft_again() -> None:
    month = BilledMonth()
    first = issued()
    total, lines = first.total_cents, first.lines_count
    with pytest.raises(Invalid):
        services.statement_void(first, " ", who=TESTER)
    services.statement_void(first, "wrong address", who=TESTER)
    month.late(0, 1_000_000_000_000)
    again = issued()
    assert (again.number, again.lines_count) == (2, lines)
    assert again.total_cents > total
    with pytest.raises(services.Incomplete, match="nothing new"):
        issued()


def test_a_voided_month_goes_into_the_draft_of_the_month_after() -> None:
    BilledMonth()
    first = services.statement_void(issued(), "wrong", who=TESTER)
    following = services.statement_draft(NEXT, "acme", who=TESTER)
    assert (following.lines_count, following.total_cents) == (first.lines_count, first.total_cents)


def test_a_breakout_given_to_another_customer_is_taken_back_and_charged_there() -> None:
    month = BilledMonth()
    first = issued()
    row = month.breakouts[0]
    type(row).objects.filter(pk=row.pk).update(customer="globex")
    back = services.statement_draft(NEXT, "acme", who=TESTER)
    there = services.statement_draft(NEXT, "globex", who=TESTER)
    assert back.bytes_downloaded == -there.bytes_downloaded < 0
    stated = StatementLine.objects.filter(statement=first, subject=row.uid)
    assert back.total_cents == -sum(line.cents for line in stated)
    assert abs(back.total_cents + there.total_cents) <= 1  # each total is rounded for itself
    # What was never stated for globex waits for its own month.
    assert there.lines_count == back.lines_count == 4  # delivery, encoder, and MediaPackage's of both


def test_what_no_breakout_explains_goes_where_the_setting_says(settings: Any) -> None:
    month = BilledMonth()
    month.outside(123_456_789)
    house = services.statement_draft(PERIOD, "", who=TESTER)
    assert house.bytes_downloaded == 123_456_789
    settings.UNATTRIBUTED_CUSTOMER = "globex"
    mine = StatementLine.objects.filter(statement=services.statement_draft(PERIOD, "globex", who=TESTER))
    assert mine.get(kind="unattributed").bytes_downloaded == 123_456_789
    assert services.statement_recompute(house, who=TESTER).lines_count == 0


def test_a_new_rate_changes_nothing_that_was_issued() -> None:
    from billing.models import PriceRate

    month = BilledMonth(count=1)
    first = issued()
    line = StatementLine.objects.get(statement=first, kind="delivery")
    for row in list(PriceRate.objects.filter(usage_type="DataTransfer-Out-Bytes")):
        row.pk = None
        row.tiers = [["0", "99"]]
        row.save(force_insert=True)
    month.late(0, 2**30)
    following = services.statement_draft(NEXT, "acme", who=TESTER)
    correction = StatementLine.objects.get(statement=following, kind="delivery")
    assert correction.rates == line.rates
    assert following.total < 1


def test_the_database_refuses_every_change_of_what_is_issued() -> None:
    BilledMonth()
    row = issued()
    before = stored(row)
    line = StatementLine.objects.filter(statement=row)[0]
    statements = [
        f"UPDATE billing_statementline SET cents = cents + 1 WHERE id = {line.pk}",
        f"DELETE FROM billing_statementline WHERE id = {line.pk}",
        f"UPDATE billing_statement SET total_cents = 0 WHERE id = {row.pk}",
        f"UPDATE billing_statement SET state = 'draft' WHERE id = {row.pk}",
        f"UPDATE billing_statement SET state = 'void', sha256 = 'x' WHERE id = {row.pk}",
        f"DELETE FROM billing_statement WHERE id = {row.pk}",
    ]
    for sql in statements:
        with (
            pytest.raises(IntegrityError, match="frozen"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    line.pk, line.position = None, 99
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        line.save(force_insert=True)
    assert stored(row) == before
