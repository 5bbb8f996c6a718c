"""The example of docs/billing.md, worked by hand to the cent, against what the product says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.costs.breakouts import costs_of
from billing.costs.usage.priced import services_used
from billing.pricing.services import price_book, rates_seed
from recordings.models import Recording
from tests.scenarios import rows
from tests.scenarios.measured import FakeMetrics, collect, phase, show

DOCUMENT = (Path(__file__).parents[2] / "docs" / "billing.md").read_text()


BREAKOUT, DAY = "### An example to the cent", "### The channel's day, from what was measured"


def example(title: str) -> str:
    """The text from this title to the next."""
    text = DOCUMENT[DOCUMENT.index(title) + len(title) :]
    return text[: text.index("\n##")]


def table(title: str) -> dict[str, Decimal]:
    """The dollars of each line."""
    lines = [line for line in example(title).splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip().strip("*") for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: Decimal(row[3]) for row in cells}


def rounded(amounts: Iterable[Decimal | None]) -> list[Decimal]:
    return sorted(round(amount or Decimal(0), 6) for amount in amounts)


def moment(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-20T{time}").replace(tzinfo=UTC)


@pytest.mark.django_db
def test_the_example_is_what_the_product_says_to_the_cent(settings: Any) -> None:
    settings.ORIGIN_BYTES_PERCENT, settings.CLOUDFRONT_PRICE_REGION = 1, "EU"
    rates_seed()
    text = " ".join(example(BREAKOUT).split())
    times = re.search(r"accepted at ([\d:]+) and idle again at ([\d:]+)", text)
    delivered = re.search(r"delivered ([\d,]+) bytes in ([\d,]+) requests", text)
    assert times is not None
    assert delivered is not None
    start, end = map(moment, times.groups())
    count, requests = (int(each.replace(",", "")) for each in delivered.groups())
    row = rows.breakout("completed", usage_bytes_downloaded=count, usage_requests=requests)
    row.attachments.create(started_at=start, ended_at=end)
    cost = costs_of([row])[row.pk].cost
    wanted = table(BREAKOUT)
    total = wanted.pop("sum")
    assert sorted(wanted.values()) == rounded(line.amount for line in cost.lines)
    assert cost.amount == total == sum(wanted.values()).quantize(Decimal("0.01"))


@pytest.mark.django_db
def test_the_channels_day_is_what_is_collected_to_the_cent() -> None:
    rates_seed()
    text = " ".join(example(DAY).split())
    numbers = [int(each.replace(",", "")) for each in re.findall(r"([\d,]+) bytes", text)]
    times = re.findall(r"\d\d:\d\d:\d\d|(?<=at )\d\d:\d\d", text)
    midnight, start, end, first, second, written = (moment(each) for each in times[:6])
    channel = rows.channel("idle")
    breakout = show(channel, start, end)
    phase(channel, midnight, start, running=False)
    phase(channel, start, end)
    phase(channel, end, midnight + timedelta(days=1), running=False)
    metrics = FakeMetrics()
    metrics.put("IngressBytes", "package-1", first, numbers[0])
    metrics.put("EgressBytes", "package-1", second, numbers[1])
    Recording.objects.create(breakout=breakout, key="a", size_bytes=numbers[2], modified_at=written)
    collect(midnight + timedelta(hours=12, minutes=5))
    collect(midnight + timedelta(days=2, hours=7), metrics)
    services = services_used(midnight, midnight + timedelta(days=1), price_book(), channel)
    wanted = table(DAY)
    total = wanted.pop("sum")
    assert sorted(wanted.values()) == rounded(line.amount for each in services for line in each.cost.lines)
    assert round(sum(each.cost.exact for each in services), 2) == total
    assert [each.unknown for each in services if each.name == "MediaPackage"] == [2]
