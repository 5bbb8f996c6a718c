"""Bytes to breakouts: whose is a minute? Pure functions of values (DESIGN.md, "Bytes to breakouts").

A period of the ledger goes to one breakout or to none, and whole: so every byte is counted once, and
Σ breakouts + unattributed = Σ ledger. The same rule holds for the 5-minute and 1-hour periods of days
whose minutes CloudWatch no longer has: they go whole to the attachment that covers most of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """When one attachment of `breakout` counts: from its start to its end plus the tail; None: open."""

    breakout: int
    start: datetime
    end: datetime | None

    def covers(self, start: datetime, end: datetime) -> timedelta:
        """How much of start..end lies in this span; zero or less: nothing."""
        return min(end, self.end or end) - max(start, self.start)


@dataclass(frozen=True, slots=True)
class Period:
    """What was delivered in `seconds` from `start` on."""

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
    """A sum of periods; `periods` tells nothing from zero."""

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
    """Each period of one distribution, in order of time, with the breakout it belongs to (None: nobody's).

    `spans` are the attachments to that distribution. A span covers a part of a period or does not touch
    it: a boundary that only meets another is no touch.
    """
    waiting = sorted(spans, key=lambda span: (span.start, span.breakout), reverse=True)
    active: list[Span] = []
    for period in sorted(periods, key=lambda each: each.start):
        while waiting and waiting[-1].start < period.end:
            active.append(waiting.pop())
        active = [span for span in active if span.end is None or span.end > period.start]
        yield period, owner(period, active)


def owner(period: Period, spans: Iterable[Span]) -> int | None:
    """The breakout whose span covers most of the period; a tie goes to the one that started earlier."""
    best: tuple[timedelta, Span] | None = None
    for span in spans:
        covered = span.covers(period.start, period.end)
        if covered <= timedelta():
            continue
        if best is None or covered > best[0] or (covered == best[0] and _earlier(span, best[1])):
            best = covered, span
    return best[1].breakout if best else None


def total_of(periods: Iterable[Period]) -> Amount:
    """Σ of periods."""
    total = Amount()
    for period in periods:
        total += period
    return total


def _earlier(one: Span, other: Span) -> bool:
    return (one.start, one.breakout) < (other.start, other.breakout)
