"""The statement of docs/billing.md, worked by hand to the cent, against what the product says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.ledger import ledger_write
from billing.ledger_merge import MetricReading
from billing.models import DailySeries, EncoderPhase
from billing.pricing.services import rates_seed
from billing.statement_rows import Statement, StatementLine
from billing.statements import services
from streamhub.clock import database_now
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

DOCUMENT = (Path(__file__).parents[3] / "docs" / "billing.md").read_text()
START = datetime(2026, 9, 20, 12, tzinfo=UTC)
END = START + timedelta(hours=1, minutes=30, seconds=20)


def table() -> list[tuple[str, ...]]:
    text = DOCUMENT[DOCUMENT.index("### A statement to the cent") : DOCUMENT.index("## How exact it is")]
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [tuple(cell.strip().strip("*") for cell in line.strip("|").split("|")) for line in lines]


def delivered(downloaded: int) -> None:
    reading = MetricReading("E1", START + timedelta(minutes=5), 60, downloaded, 250_000)
    ledger_write([reading], database_now())


def issued(period: str) -> Statement:
    return services.statement_issue(services.statement_draft(period, "acme", who=TESTER), who=TESTER)


def said(row: Statement) -> list[tuple[str, ...]]:
    lines = list(StatementLine.objects.filter(statement=row).order_by("position"))
    found = [
        (
            str(row.number),
            f"{line.kind}, correction of {line.month:%Y-%m}" if line.correction else line.kind,
            f"{Decimal(line.nanos).scaleb(-9):.6f}",
            str(line.amount),
        )
        for line in lines
    ]
    exact = sum(line.nanos for line in lines)
    return [*found, (str(row.number), "total", f"{Decimal(exact).scaleb(-9):.6f}", str(row.total))]


@pytest.mark.django_db
def test_the_statement_is_what_the_product_says_to_the_cent(settings: Any) -> None:
    settings.ORIGIN_BYTES_PERCENT, settings.CLOUDFRONT_PRICE_REGION = 1, "EU"
    rates_seed()
    row = rows.breakout("completed", customer="acme", usage_status="final", usage_complete=True)
    row.attachments.create(aws_distribution_id="E1", started_at=START, ended_at=END)
    EncoderPhase.objects.create(
        channel_id=1,
        channel_uid=row.channel_uid,
        transition=1,
        running=True,
        started_at=START,
        ended_at=END,
        profile=row.channel.encoding_profile if row.channel else "",
        channel_class="SINGLE_PIPELINE",
    )
    read = date(2026, 11, 3)
    pointers = {"next_day": read, "second_day": read, "third_day": read, "wanted_through": read}
    DailySeries.objects.create(aws_distribution_id="E1", first_day=START.date(), **pointers)
    delivered(107_374_182_400)
    first = said(issued("2026-09"))
    delivered(107_374_182_400 - 1_073_741_824)
    assert [*first, *said(issued("2026-10"))] == table()
