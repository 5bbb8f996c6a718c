"""The example of docs/billing.md, worked by hand to the cent, against what the product says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.costs.breakouts import costs_of
from billing.pricing.services import rates_seed
from tests.scenarios import rows

DOCUMENT = (Path(__file__).parents[2] / "docs" / "billing.md").read_text()


def example() -> str:
    return DOCUMENT[DOCUMENT.index("### An example to the cent") : DOCUMENT.index("## Statements")]


def table() -> dict[str, Decimal]:
    """The dollars of each line."""
    lines = [line for line in example().splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip().strip("*") for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: Decimal(row[3]) for row in cells}


@pytest.mark.django_db
def test_the_example_is_what_the_product_says_to_the_cent(settings: Any) -> None:
    settings.ORIGIN_BYTES_PERCENT, settings.CLOUDFRONT_PRICE_REGION = 1, "EU"
    rates_seed()
    text = " ".join(example().split())
    times = re.search(r"accepted at ([\d:]+) and idle again at ([\d:]+)", text)
    delivered = re.search(r"delivered ([\d,]+) bytes in ([\d,]+) requests", text)
    assert times is not None
    assert delivered is not None
    start, end = (datetime.fromisoformat(f"2026-11-20T{each}").replace(tzinfo=UTC) for each in times.groups())
    count, requests = (int(each.replace(",", "")) for each in delivered.groups())
    row = rows.breakout("completed", usage_bytes_downloaded=count, usage_requests=requests)
    row.attachments.create(started_at=start, ended_at=end)
    cost = costs_of([row])[row.pk].cost
    wanted = table()
    total = wanted.pop("sum")
    found = {line.usage.title: line.amount for line in cost.lines}
    assert sorted(wanted.values()) == sorted(round(amount or Decimal(0), 6) for amount in found.values())
    assert cost.amount == total == sum(wanted.values()).quantize(Decimal("0.01"))
