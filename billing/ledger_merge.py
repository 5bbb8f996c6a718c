"""What a reading changes in the rows that are stored: no query, no clock."""

from __future__ import annotations

from bisect import bisect_left, insort
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


@dataclass
class Stored:
    """The stored rows of one distribution, by their start and length."""

    rows: dict[tuple[datetime, int], LedgerMinute] = field(default_factory=dict)
    starts: list[datetime] = field(default_factory=list)  # of all rows, in order
    coarse: bool = False  # whether any of them is longer than a minute

    def add(self, row: LedgerMinute) -> None:
        self.rows[row.minute, row.period_seconds] = row
        insort(self.starts, row.minute)
        self.coarse |= row.period_seconds > MINUTE

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
        if old is not None and old.changed_at > now:
            return None, None
        known = self._known(reading) if reading.period_seconds > MINUTE else (0, 0)
        lacks: LedgerShortfall | None = None
        figures = []
        stored = (old.bytes_downloaded, old.requests) if old else (0, 0)
        reported = (reading.bytes_downloaded, reading.requests)
        for value, below, before in zip(reported, known, stored, strict=True):
            figures.append(before if value is None else max(0, value - below))
            if value is not None and value < below:
                lacks = _shortfall(reading, known, now)
        unchanged = tuple(figures) == stored and (old is not None or reading.period_seconds > MINUTE)
        if unchanged:
            return None, lacks
        row = LedgerMinute(
            aws_distribution_id=reading.aws_distribution_id,
            minute=reading.start,
            period_seconds=reading.period_seconds,
            bytes_downloaded=figures[0],
            requests=figures[1],
            first_seen_at=old.first_seen_at if old else now,
            changed_at=now,
        )
        if old is None:
            self.add(row)
        else:
            self.rows[reading.start, reading.period_seconds] = row
        return row, lacks

    def _known(self, reading: MetricReading) -> tuple[int, int]:
        """What the shorter rows inside the reading's period hold: bytes and requests."""
        end = reading.start + timedelta(seconds=reading.period_seconds)
        within = self.starts[bisect_left(self.starts, reading.start) : bisect_left(self.starts, end)]
        lengths = [MINUTE, *(length for length in COARSE if length < reading.period_seconds)]
        rows = [self.rows.get((start, length)) for start in set(within) for length in lengths]
        return sum(row.bytes_downloaded for row in rows if row), sum(row.requests for row in rows if row)

    def _inside_longer(self, reading: MetricReading) -> bool:
        """Whether a longer row covers the reading's period: it holds these figures already."""
        return any(
            (floor_to(reading.start, longer), longer) in self.rows
            for longer in COARSE
            if longer > reading.period_seconds
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
