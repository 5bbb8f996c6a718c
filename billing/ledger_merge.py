"""What a reading changes in the rows that are stored: no query, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billing.models import LedgerMinute, LedgerShortfall
from billing.usage_window import MINUTE, floor_to

COARSE = (300, 3600)


@dataclass(frozen=True, slots=True)
class MetricReading:
    """CloudWatch's figures of one distribution and period. None: there is no datapoint of that metric."""

    aws_distribution_id: str
    start: datetime
    period_seconds: int
    bytes_downloaded: int | None
    requests: int | None


# Of a stored row: bytes, requests, when it was first seen, when it last changed.
Row = tuple[int, int, datetime, datetime]


@dataclass
class Stored:
    """The stored rows of one distribution, by their start and length. There may be many: rows are tuples."""

    rows: dict[tuple[datetime, int], Row] = field(default_factory=dict)
    coarse: bool = False  # whether any of them is longer than a minute

    def add(self, start: datetime, seconds: int, row: Row) -> None:
        self.rows[start, seconds] = row
        self.coarse |= seconds > MINUTE

    def merge(
        self, reading: MetricReading, now: datetime
    ) -> tuple[LedgerMinute | None, LedgerShortfall | None]:
        """The row to store (None: nothing changes), and what a longer period lacks (None: nothing).

        Of a longer period only what its shorter rows do not hold is stored. If CloudWatch reports less than
        they hold, they stay and nothing is stored.
        """
        if self.coarse and self._inside_longer(reading):
            return None, None
        old = self.rows.get((reading.start, reading.period_seconds))
        if old is not None and old[3] > now:
            return None, None
        known = self._known(reading) if reading.period_seconds > MINUTE else (0, 0)
        reported = reading.bytes_downloaded, reading.requests
        before = old[:2] if old else (0, 0)
        figures = (
            before[0] if reported[0] is None else max(0, reported[0] - known[0]),
            before[1] if reported[1] is None else max(0, reported[1] - known[1]),
        )
        less = any(value is not None and value < below for value, below in zip(reported, known, strict=True))
        lacks = _shortfall(reading, known, now) if less else None
        if figures == before and (old is not None or reading.period_seconds > MINUTE):
            return None, lacks
        first_seen_at = old[2] if old else now
        self.add(reading.start, reading.period_seconds, (*figures, first_seen_at, now))
        return _row(reading, figures, first_seen_at, now), lacks

    def _known(self, reading: MetricReading) -> tuple[int, int]:
        """What the shorter rows inside the reading's period hold: bytes and requests."""
        starts = [
            reading.start + timedelta(seconds=offset) for offset in range(0, reading.period_seconds, MINUTE)
        ]
        lengths = [MINUTE, *(length for length in COARSE if length < reading.period_seconds)]
        rows = [self.rows.get((start, length)) for start in starts for length in lengths]
        return sum(row[0] for row in rows if row), sum(row[1] for row in rows if row)

    def _inside_longer(self, reading: MetricReading) -> bool:
        """Whether a longer row covers the reading's period: it holds these figures already."""
        return any(
            (floor_to(reading.start, longer), longer) in self.rows
            for longer in COARSE
            if longer > reading.period_seconds
        )


def _row(
    reading: MetricReading, figures: tuple[int, int], first_seen_at: datetime, now: datetime
) -> LedgerMinute:
    return LedgerMinute(
        aws_distribution_id=reading.aws_distribution_id,
        minute=reading.start,
        period_seconds=reading.period_seconds,
        bytes_downloaded=figures[0],
        requests=figures[1],
        first_seen_at=first_seen_at,
        changed_at=now,
    )


def _shortfall(reading: MetricReading, known: tuple[int, int], now: datetime) -> LedgerShortfall:
    return LedgerShortfall(
        aws_distribution_id=reading.aws_distribution_id,
        start=reading.start,
        period_seconds=reading.period_seconds,
        known_bytes=known[0],
        reported_bytes=known[0] if reading.bytes_downloaded is None else reading.bytes_downloaded,
        known_requests=known[1],
        reported_requests=known[1] if reading.requests is None else reading.requests,
        seen_at=now,
    )
