"""A month of breakouts that are over and complete, with their ledger, for statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing.ledger import ledger_write
from billing.ledger_merge import MetricReading
from billing.models import DailySeries, LedgerMinute
from billing.pricing.services import rates_seed
from channels_app.models import Attachment, Breakout
from streamhub.clock import database_now

MONTH = datetime(2026, 9, 1, tzinfo=UTC)
PERIOD = "2026-09"


def minute_of(n: int) -> datetime:
    """The start of the n-th show on its distribution: every half an hour, from 02:00 on."""
    return MONTH + timedelta(hours=2, minutes=30 * n)


@dataclass
class BilledMonth:
    """So many breakouts, by turns of the customers, on so many distributions, ten minutes each."""

    count: int = 6
    customers: Sequence[str] = ("acme", "globex")
    distributions: int = 2
    minutes_each: int = 2
    breakouts: list[Breakout] = field(default_factory=list)

    def __post_init__(self) -> None:
        rates_seed()
        self._breakouts()
        self._series()
        self._ledger()

    def aws_id(self, n: int) -> str:
        return f"E{n % self.distributions:05}"

    def start(self, n: int) -> datetime:
        return minute_of(n // self.distributions)

    def _breakouts(self) -> None:
        rows = [
            Breakout(
                name=f"talk {n}",
                channel_uid=f"{n % self.distributions:032x}",
                channel_name=f"stage {n % self.distributions}",
                customer=self.customers[n % len(self.customers)],
                state="completed",
                usage_status="final",
                usage_complete=True,
            )
            for n in range(self.count)
        ]
        self.breakouts = Breakout.objects.bulk_create(rows)
        Attachment.objects.bulk_create(
            Attachment(
                breakout=row,
                aws_distribution_id=self.aws_id(n),
                started_at=self.start(n),
                ended_at=self.start(n) + timedelta(minutes=10),
            )
            for n, row in enumerate(self.breakouts)
        )

    def _series(self) -> None:
        read = date(2026, 10, 8)
        DailySeries.objects.bulk_create(
            DailySeries(
                aws_distribution_id=f"E{n:05}",
                first_day=MONTH.date(),
                next_day=read,
                second_day=read,
                third_day=read,
                wanted_through=date(2026, 10, 2),
            )
            for n in range(self.distributions)
        )

    def _ledger(self) -> None:
        LedgerMinute.objects.bulk_create(
            LedgerMinute(
                aws_distribution_id=self.aws_id(n),
                minute=self.start(n) + timedelta(minutes=minute),
                bytes_downloaded=1_000_000_007 + 13 * n + minute,
                requests=1000 + n,
                first_seen_at=MONTH,
                changed_at=MONTH,
            )
            for n in range(self.count)
            for minute in range(self.minutes_each)
        )

    def outside(self, downloaded: int = 500_000_000) -> None:
        """Bytes in a minute that no breakout covers."""
        LedgerMinute.objects.create(
            aws_distribution_id="E00000",
            minute=MONTH,
            bytes_downloaded=downloaded,
            requests=10,
            first_seen_at=MONTH,
            changed_at=MONTH,
        )

    def late(self, n: int, more: int, requests: int = 0) -> None:
        """CloudWatch reports more, or less, for the n-th breakout's first minute than it did."""
        row = LedgerMinute.objects.get(aws_distribution_id=self.aws_id(n), minute=self.start(n))
        reading = MetricReading(
            row.aws_distribution_id, row.minute, 60, row.bytes_downloaded + more, row.requests + requests
        )
        ledger_write([reading], database_now())


def values(rows: Any) -> list[dict[str, Any]]:
    """Every column of the rows, in their order."""
    return list(rows.order_by("pk").values())
