"""Attribute the ledger's periods to breakouts: pure functions (docs/architecture.md, "Bytes to breakouts").

A whole period goes to one breakout or to none. So each byte counts once, and
Σ breakouts + unattributed = Σ ledger. The same holds for the 5-minute and 1-hour periods of days whose
minutes CloudWatch no longer keeps: a period goes to the attachment that covers most of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """When an attachment of `breakout` counts: from its start to its end plus the tail. `end` None: open."""

    breakout: int
    start: datetime
    end: datetime | None

    def covers(self, start: datetime, end: datetime) -> timedelta:
        """How much of start..end this span covers; zero or negative: nothing."""
        return min(end, self.end or end) - max(start, self.start)


@dataclass(frozen=True, slots=True)
class Period:
    """What one distribution delivered in the `seconds` that begin at `start`."""

    start: datetime
    seconds: int
    bytes_downloaded: int
    requests: int
    changed_at: datetime | None = None

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of periods. With `periods` 0 there is no data, which is not zero bytes."""

    bytes_downloaded: int = 0
    requests: int = 0
    periods: int = 0

    def __add__(self, other: Amount | Period) -> Amount:
        return Amount(
            self.bytes_downloaded + other.bytes_downloaded,
            self.requests + other.requests,
            self.periods + (other.periods if isinstance(other, Amount) else 1),
        )


def attribute(periods: Iterable[Period], spans: Iterable[Span]) -> Iterator[tuple[Period, int | None]]:
    """Each period of one distribution, in order of time, with its breakout (None: unattributed).

    `spans` are the attachments to that distribution. Only a span that covers a part of a period counts.
    """
    upcoming = sorted(spans, key=lambda span: (span.start, span.breakout), reverse=True)
    active: list[Span] = []
    for period in sorted(periods, key=lambda period: period.start):
        while upcoming and upcoming[-1].start < period.end:
            active.append(upcoming.pop())
        active = [span for span in active if span.end is None or span.end > period.start]
        yield period, owner(period, active)


def owner(period: Period, spans: Iterable[Span]) -> int | None:
    """The breakout whose span covers most of the period; of equal ones the one that started earlier."""
    best: tuple[timedelta, Span] | None = None
    for span in spans:
        covered = span.covers(period.start, period.end)
        if covered <= timedelta():
            continue
        if best is None or covered > best[0] or (covered == best[0] and _earlier(span, best[1])):
            best = covered, span
    return best[1].breakout if best else None


def total_of(periods: Iterable[Period]) -> Amount:
    """The sum of the periods."""
    total = Amount()
    for period in periods:
        total += period
    return total


def _earlier(one: Span, other: Span) -> bool:
    return (one.start, one.breakout) < (other.start, other.breakout)
