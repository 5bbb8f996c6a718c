"""Files of AWS's bill, made from a month's ledger in the columns that AWS documents: CUR 2.0 and FOCUS.

`python -m tests.scenarios.sample_bill FOLDER LINES` writes a made-up bill of so many lines.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

HOUR = timedelta(hours=1)
ACCOUNT = "111122223333"
GB = Decimal(2**30)
FOCUS_KINDS = {
    "Usage": "Usage",
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Adjustment",
    "RIFee": "Purchase",
}


@dataclass(frozen=True)
class SampleLine:
    """A line as AWS means it, whatever the layout calls it."""

    service: str
    usage_type: str
    resource: str
    start: datetime
    cost: Decimal
    operation: str = ""
    quantity: Decimal = Decimal(1)
    kind: str = "Usage"
    hours: int = 1


def distribution(aws_id: str) -> str:
    return f"arn:aws:cloudfront::{ACCOUNT}:distribution/{aws_id}"


def encoder(number: int) -> str:
    return f"arn:aws:medialive:eu-central-1:{ACCOUNT}:channel:{number}"


def delivery(aws_id: str, hour: datetime, downloaded: int, requests: int) -> list[SampleLine]:
    """CloudFront's two lines of an hour, at the list price of the first step."""
    gb = Decimal(downloaded) / GB
    name = distribution(aws_id)
    return [
        SampleLine(
            "AmazonCloudFront",
            "EU-DataTransfer-Out-Bytes",
            name,
            hour,
            _cost(gb * Decimal("0.085")),
            "GET",
            gb,
        ),
        SampleLine(
            "AmazonCloudFront",
            "EU-Requests-Tier2-HTTPS",
            name,
            hour,
            _cost(requests * Decimal("0.0000012")),
            "GET",
            Decimal(requests),
        ),
    ]


def of_the_house(month: datetime) -> list[SampleLine]:
    """What every bill has besides: others' resources, tax, credits, fees, a refund of no resource."""
    return [
        SampleLine("AmazonEC2", "EUC1-BoxUsage:t3.micro", "i-0123456789abcdef0", month, Decimal("0.0108")),
        SampleLine(
            "AmazonCloudFront", "US-DataTransfer-Out-Bytes", distribution("EOTHERS"), month, Decimal("3.5")
        ),
        SampleLine("AWSCloudTrail", "EUC1-PaidEventsRecorded", "", month, Decimal("0.0000020001")),
        SampleLine("AmazonCloudFront", "", "", month, Decimal("1.234567"), kind="Tax", hours=720),
        SampleLine("AmazonCloudFront", "", "", month, Decimal("-2.5"), kind="Credit", hours=720),
        SampleLine(
            "AWSElementalMediaLive", "", "", month, Decimal("-0.3333333333"), kind="Refund", hours=720
        ),
        SampleLine(
            "AWSElementalMediaLive", "EUC1-Reserved", "", month, Decimal("9.99"), kind="RIFee", hours=720
        ),
    ]


def _cost(exact: Decimal) -> Decimal:
    """AWS states ten digits."""
    return exact.quantize(Decimal("0.0000000001"))


def cur(lines: Iterable[SampleLine], month: datetime) -> Iterator[dict[str, Any]]:
    """The lines in CUR 2.0 ("Cost and Usage Report (CUR) 2.0", Table dictionary)."""
    for n, line in enumerate(lines):
        yield {
            "identity_line_item_id": f"line{n}",
            "bill_billing_period_start_date": month,
            "bill_payer_account_id": ACCOUNT,
            "line_item_usage_account_id": ACCOUNT,
            "line_item_line_item_type": line.kind,
            "line_item_usage_start_date": line.start,
            "line_item_usage_end_date": line.start + line.hours * HOUR,
            "line_item_product_code": line.service,
            "line_item_usage_type": line.usage_type,
            "line_item_operation": line.operation,
            "line_item_resource_id": line.resource,
            "line_item_usage_amount": line.quantity,
            "line_item_currency_code": "USD",
            "line_item_unblended_cost": line.cost,
        }


def focus(lines: Iterable[SampleLine], month: datetime) -> Iterator[dict[str, Any]]:
    """The lines in FOCUS 1.0 ("FOCUS 1.0 with AWS columns")."""
    for line in lines:
        yield {
            "BilledCost": line.cost,
            "BillingAccountId": ACCOUNT,
            "BillingCurrency": "USD",
            "BillingPeriodStart": month,
            "ChargeCategory": FOCUS_KINDS.get(line.kind, line.kind),
            "ChargePeriodStart": line.start,
            "ChargePeriodEnd": line.start + line.hours * HOUR,
            "ConsumedQuantity": line.quantity,
            "EffectiveCost": line.cost,
            "ResourceId": line.resource or None,
            "SubAccountId": ACCOUNT,
            "x_Operation": line.operation,
            "x_ServiceCode": line.service,
            "x_UsageType": line.usage_type,
        }


def write_csv(rows: Iterable[dict[str, Any]], to: Path) -> Path:
    """A CSV with gzip, as Data Exports write it."""
    with gzip.open(to, "wt", newline="") as file:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow({name: _text(value) for name, value in row.items()})
    return to


def _text(value: Any) -> Any:
    return f"{value:%Y-%m-%dT%H:%M:%S.000Z}" if isinstance(value, datetime) else value


def write_parquet(rows: Iterable[dict[str, Any]], to: Path) -> Path:
    """A Parquet file, with the types of the documentation: costs are doubles, times are timestamps."""
    import duckdb

    beside = write_csv(rows, to.with_suffix(".csv.gz"))
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = [each[0] for each in connection.execute(f"DESCRIBE FROM read_csv('{beside}')").fetchall()]
        columns = ", ".join(f'{_typed(name)} AS "{name}"' for name in names)
        connection.execute(
            f"COPY (SELECT {columns} FROM read_csv('{beside}', all_varchar = true))"
            f" TO '{to}' (FORMAT parquet)"
        )
    beside.unlink()
    return to


def _typed(name: str) -> str:
    if name.endswith(("Cost", "Quantity", "_cost", "_amount")):
        return f'CAST("{name}" AS DOUBLE)'
    if name.endswith(("PeriodStart", "PeriodEnd", "_date")):
        return f'CAST("{name}" AS TIMESTAMP)'
    return f'"{name}"'


def total(lines: Iterable[SampleLine]) -> Decimal:
    return sum((line.cost for line in lines), Decimal(0))


def changed(lines: Sequence[SampleLine], n: int, cost: str) -> list[SampleLine]:
    """The lines with another cost in the n-th."""
    return [*lines[:n], replace(lines[n], cost=Decimal(cost)), *lines[n + 1 :]]


def many(count: int, month: datetime) -> Iterator[SampleLine]:
    """A bill of so many lines: a twentieth is ours, the rest is of 2,000 resources of others."""
    for n in range(count):
        hour = month + (n // 100 % 720) * HOUR
        if n % 20 == 0:
            yield delivery(f"E{n // 20 % 10:05}", hour, 10**9 + n, 1000)[0]
        else:
            resource = f"i-{n % 2000:017x}"
            yield SampleLine(
                "AmazonEC2", "EUC1-BoxUsage:t3.micro", resource, hour, Decimal(n % 977).scaleb(-6)
            )


if __name__ == "__main__":
    folder, lines = Path(sys.argv[1]), int(sys.argv[2])
    of = datetime(2026, 9, 1, tzinfo=UTC)
    write_csv(cur(many(lines, of), of), folder / "bill.csv.gz")
    write_parquet(cur(many(lines, of), of), folder / "bill.parquet")
