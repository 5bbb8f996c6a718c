"""A month of breakouts that are over and complete, with their ledger, for statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing.ledger import ledger_write
from billing.ledger_merge import MetricReading
from billing.models import DailySeries, EncoderPhase, FinalFigure, LedgerMinute
from billing.pricing.catalogue import STORAGE, Usage
from billing.pricing.services import rates_seed
from billing.usage_rows import ServiceUsage, UsageHour, UsageSource
from billing.usage_window import floor_to
from channels_app.models import Attachment, Breakout
from channels_app.profiles import PROFILE_NAMES
from streamhub.clock import database_now

MONTH = datetime(2026, 9, 1, tzinfo=UTC)
PERIOD = "2026-09"
PROFILE = sorted(PROFILE_NAMES)[0]


@dataclass
class BilledMonth:
    """So many breakouts, by turns of the customers, on so many distributions, ten minutes each.

    On each distribution one begins `every` so often, from 02:00 on.
    """

    count: int = 6
    customers: Sequence[str] = ("acme", "globex")
    distributions: int = 2
    minutes_each: int = 2
    every: timedelta = timedelta(minutes=30)
    breakouts: list[Breakout] = field(default_factory=list)

    def __post_init__(self) -> None:
        rates_seed()
        self._breakouts()
        self._series()
        self._ledger()
        self._figures()
        self._phases()
        self._hours()

    def aws_id(self, n: int) -> str:
        return f"E{n % self.distributions:05}"

    def start(self, n: int) -> datetime:
        return MONTH + timedelta(hours=2) + n // self.distributions * self.every

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

    def _figures(self) -> None:
        for n, row in enumerate(self.breakouts):
            row.usage_bytes_downloaded = sum(1_000_000_007 + 13 * n + m for m in range(self.minutes_each))
            row.usage_requests = (1000 + n) * self.minutes_each
        Breakout.objects.bulk_update(self.breakouts, ["usage_bytes_downloaded", "usage_requests"])
        FinalFigure.objects.bulk_create(
            FinalFigure(
                breakout=row,
                aws_distribution_id=self.aws_id(n),
                day=self.start(n).date(),
                bytes_downloaded=row.usage_bytes_downloaded,
                requests=row.usage_requests,
            )
            for n, row in enumerate(self.breakouts)
        )

    def _phases(self) -> None:
        """The encoder of each channel ran while a breakout was on air."""
        EncoderPhase.objects.bulk_create(
            EncoderPhase(
                channel_id=n % self.distributions,
                channel_uid=row.channel_uid,
                channel_name=row.channel_name,
                transition=n,
                running=True,
                started_at=self.start(n),
                ended_at=self.start(n) + timedelta(minutes=10),
                profile=PROFILE,
                channel_class="SINGLE_PIPELINE",
                push_inputs=1,
            )
            for n, row in enumerate(self.breakouts)
        )

    def _hours(self) -> None:
        """The hours of the breakouts were read from CloudWatch for the last time."""
        hours = {
            floor_to(self.start(n) + timedelta(minutes=m), 3600) for n in range(self.count) for m in (0, 9)
        }
        UsageHour.objects.bulk_create(
            UsageHour(hour=hour, read_at=hour + timedelta(days=2)) for hour in sorted(hours)
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


def used(
    row: Breakout | None,
    usage: Usage,
    quantity: int,
    start: datetime,
    *,
    channel: str = "",
    final: bool = True,
) -> ServiceUsage:
    """A row of usage in GB or GB-months: of a breakout, or of a channel outside of breakouts."""
    return ServiceUsage.objects.create(
        service=usage.service,
        usage_type=usage.usage_type,
        unit=usage.unit,
        channel_uid=row.channel_uid if row else channel,
        breakout_uid=row.uid if row else "",
        start=start,
        seconds=86_400 if usage == STORAGE else 3600,
        quantity=quantity,
        source=UsageSource.LISTING if usage == STORAGE else UsageSource.CLOUDWATCH,
        final=final,
        changed_at=start,
    )


def values(rows: Any) -> list[dict[str, Any]]:
    """Every column of the rows, in their order."""
    return list(rows.order_by("pk").values())
