"""The statement of docs/billing.md, worked by hand to the cent, against what the product says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.costs.usage.packager import Answer, packaged
from billing.costs.usage.rows import usage_write
from billing.costs.usage.runs import runs_between
from billing.costs.usage.storage import storage_figures
from billing.daily_rereads import day_bounds
from billing.ledger import ledger_write
from billing.ledger_merge import MetricReading
from billing.models import DailySeries, EncoderPhase
from billing.pricing.services import rates_seed
from billing.statement_rows import Statement, StatementLine
from billing.statements import services
from billing.usage_rows import UsageSource
from channels_app.models import Breakout
from recordings.models import Recording
from streamhub.clock import database_now
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

DOCUMENT = (Path(__file__).parents[3] / "docs" / "billing.md").read_text()
START = datetime(2026, 9, 20, 12, tzinfo=UTC)
END = START + timedelta(hours=1, minutes=30, seconds=20)
HOUR = timedelta(hours=1)


def table() -> list[tuple[str, ...]]:
    text = DOCUMENT[DOCUMENT.index("### A statement to the cent") :]
    text = text[: text.index("\n## ")]
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [tuple(cell.strip().strip("*") for cell in line.strip("|").split("|")) for line in lines]


def show(customer: str, aws_id: str, channel: int) -> Breakout:
    row = rows.breakout("completed", customer=customer, usage_status="final", usage_complete=True)
    row.attachments.create(aws_distribution_id=aws_id, started_at=START, ended_at=END)
    EncoderPhase.objects.create(
        channel_id=channel,
        channel_uid=row.channel_uid,
        transition=channel,
        running=True,
        started_at=START,
        ended_at=END,
        profile=row.channel.encoding_profile if row.channel else "",
        channel_class="SINGLE_PIPELINE",
        mp_channel_id=f"mp-{channel}",
    )
    read = date(2026, 11, 3)
    pointers = {"next_day": read, "second_day": read, "third_day": read, "wanted_through": read}
    DailySeries.objects.create(aws_distribution_id=aws_id, first_day=START.date(), **pointers)
    return row


def measured(row: Breakout) -> None:
    """What the job collects of MediaPackage and of the recording: hours, and the day."""
    gigabyte, half = 2**30, timedelta(minutes=30)
    points = {
        "IngressBytes": ((START + half, 5.0 * gigabyte), (START + HOUR + half / 3, 1.0 * gigabyte)),
        "EgressBytes": ((START + half, 1.0 * gigabyte), (START + HOUR, 2.0 * gigabyte)),
    }
    now = START + timedelta(days=2)
    for hour in (START, START + HOUR):
        runs = [
            run for run in runs_between(hour, hour + HOUR, now) if run.phase.channel_uid == row.channel_uid
        ]
        answers = {
            metric: Answer(tuple(point for point in of if hour <= point[0] < hour + HOUR), 60, True)
            for metric, of in points.items()
        }
        figures = [each for some in packaged(runs) for each in some.figures(hour, timedelta(), answers)]
        usage_write(hour, 3600, figures, UsageSource.CLOUDWATCH, now, final=True)
    Recording.objects.create(breakout=row, size_bytes=73 * gigabyte, modified_at=START + 2 * HOUR)
    day = START.date()
    figures = list(storage_figures(day, START + 12 * HOUR))
    usage_write(day_bounds(day)[0], 86_400, figures, UsageSource.LISTING, now, final=True)


def delivered(downloaded: int, aws_id: str = "E1") -> None:
    reading = MetricReading(aws_id, START + timedelta(minutes=5), 60, downloaded, 250_000)
    ledger_write([reading], database_now())


def issued(period: str, customer: str = "acme") -> Statement:
    return services.statement_issue(services.statement_draft(period, customer, who=TESTER), who=TESTER)


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
    show("acme", "E1", channel=1)
    delivered(107_374_182_400)
    first = said(issued("2026-09"))
    delivered(107_374_182_400 - 1_073_741_824)
    second = said(issued("2026-10"))
    other = show("globex", "E2", channel=2)
    delivered(107_374_182_400, "E2")
    measured(other)
    assert [*first, *second, *said(issued("2026-09", "globex"))] == table()
