"""A billed month, its sample bill, and an import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum
from django.db.models.functions import TruncHour

from billing.bill_rows import BilledResource, Ours
from billing.bills.services import bill_import
from billing.models import LedgerMinute
from streamhub.access.actors import SYSTEM
from tests.scenarios import sample_bill
from tests.scenarios.billed_month import MONTH, BilledMonth
from tests.scenarios.sample_bill import SampleLine


@pytest.fixture
def month(db: Any) -> BilledMonth:
    """Six breakouts on two channels and distributions, and bytes that are nobody's."""
    made = BilledMonth()
    made.outside()
    BilledResource.objects.bulk_create(
        BilledResource(match=match, ours=ours, channel_uid=f"{n:032x}", channel_name=f"stage {n}")
        for n in range(2)
        for match, ours in (
            (f"channel:{7000 + n}", Ours.CHANNEL),
            (f"input:{8000 + n}", Ours.INPUT),
            (f"channels/aaa{n}", Ours.PACKAGE),
        )
    )
    return made


@pytest.fixture
def lines(month: BilledMonth) -> list[SampleLine]:
    """What AWS would bill of the month: by hour and resource, and what every bill has besides."""
    found: list[SampleLine] = []
    hours = LedgerMinute.objects.annotate(hour=TruncHour("minute")).values("aws_distribution_id", "hour")
    for row in hours.annotate(b=Sum("bytes_downloaded"), r=Sum("requests")).order_by(
        "hour", "aws_distribution_id"
    ):
        found += sample_bill.delivery(row["aws_distribution_id"], row["hour"], row["b"], row["r"])
    for n in range(2):
        for hour in (MONTH + timedelta(hours=2), MONTH + timedelta(hours=3)):
            name, package = (
                sample_bill.encoder(7000 + n),
                f"arn:aws:mediapackage:eu-central-1:1:channels/aaa{n}",
            )
            found += [
                SampleLine(
                    "AWSElementalMediaLive",
                    "EUC1-EML1-OUT-AVC-HD-L10-30-S",
                    name,
                    hour,
                    Decimal("0.1404000001"),
                ),
                SampleLine(
                    "AWSElementalMediaLive", "EUC1-Idle", name, hour, Decimal("0.01"), "INACTIVE_CHANNEL"
                ),
                SampleLine(
                    "AWSElementalMediaPackage", "EUC1-EMP-ingest-bytes", package, hour, Decimal("0.07")
                ),
                SampleLine(
                    "AWSElementalMediaPackage",
                    "EUC1-EMP-origin-packaging-bytes",
                    package,
                    hour,
                    Decimal("0.02"),
                ),
            ]
    return found + sample_bill.of_the_house(MONTH)


Import = Callable[..., Any]


@pytest.fixture
def imported(tmp_path: Path, lines: list[SampleLine]) -> Import:
    """Import these lines (all of the month) in a layout and form."""

    def run(given: list[SampleLine] | None = None, layout: str = "cur", form: str = "parquet") -> Any:
        rows = getattr(sample_bill, layout)(lines if given is None else given, MONTH)
        file = getattr(sample_bill, f"write_{form}")(rows, tmp_path / f"bill.{form}")
        return bill_import([file], source=file.name, who=SYSTEM)

    return run
