"""Attribute the ledger's periods to breakouts: pure functions of values (docs/billing.md has the rule).

A show's time on a distribution is its attachment, plus a tail that ends where the next attachment begins. A
minute that one show covers is that show's; one that several cover is split by how long each covers it, in
whole units by largest remainder; one that no show covers is unattributed. So each byte and each request
counts once: Σ breakouts + unattributed = Σ ledger.

A longer period holds only what its minutes do not hold already. It is split in the same way, by the seconds
of which no shorter period is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from billing.usage_window import DAY, MINUTE, ceil_to, floor_to

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
# Unattributed bytes this long before a show are called rehearsal, this long after its tail are called tail.
REHEARSAL = HOUR
LINGERING = timedelta(minutes=15)


class Why(StrEnum):
    """Why a minute belongs to no breakout."""

    REHEARSAL = "rehearsal"
    TAIL = "tail"
    NOBODY = "nobody's"


@dataclass(frozen=True, slots=True)
class Span:
    """The time from `start` to `end` (None: open) in which a distribution delivered `breakout`.

    `tail`: how long its bytes still count after the end.
    """

    breakout: int
    start: datetime
    end: datetime | None
    tail: timedelta = timedelta()


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

    @property
    def approximate(self) -> bool:
        """Whether it is longer than a minute, so that its split is an estimate."""
        return self.seconds > MINUTE


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of periods. With `periods` 0 there is no data, which is not zero bytes."""

    bytes_downloaded: int = 0
    requests: int = 0
    periods: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.bytes_downloaded + other.bytes_downloaded,
            self.requests + other.requests,
            self.periods + other.periods,
        )

    def __sub__(self, other: Amount) -> Amount:
        return Amount(
            self.bytes_downloaded - other.bytes_downloaded,
            self.requests - other.requests,
            self.periods - other.periods,
        )


@dataclass(frozen=True, slots=True)
class Weight:
    """For how many microseconds a breakout covers a stretch of time."""

    breakout: int
    microseconds: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Whole minutes in which the same shows cover every minute in the same way.

    With two weights or more it is one minute. `why` is set if there are none.
    """

    start: datetime
    end: datetime
    weights: tuple[Weight, ...]
    why: Why | None = None

    @property
    def sole(self) -> int | None:
        """The breakout that covers all of it alone; None if there is no such."""
        length = (self.end - self.start) // MICROSECOND
        if len(self.weights) == 1 and self.weights[0].microseconds == length:
            return self.weights[0].breakout
        return None


@dataclass(frozen=True, slots=True)
class Share:
    """What of an amount goes to a breakout (None: unattributed)."""

    breakout: int | None
    amount: Amount


def split(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in whole units by weight, by largest remainder; of equal remainders the first wins."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(total * weights[n] % whole), n))
    for n in by_remainder[: total - sum(shares)]:
        shares[n] += 1
    return shares


def shares(amount: Amount, weights: Sequence[Weight]) -> list[Share]:
    """The shares of an amount, bytes and requests each split on their own. Their sum is the amount."""
    if not weights:
        return [Share(None, amount)]
    by_time = [weight.microseconds for weight in weights]
    split_bytes, split_requests = split(amount.bytes_downloaded, by_time), split(amount.requests, by_time)
    return [
        Share(weight.breakout, Amount(downloaded, requests, amount.periods))
        for weight, downloaded, requests in zip(weights, split_bytes, split_requests, strict=True)
    ]


class Coverage:
    """Which shows cover which time of one distribution: its attachments with their tails."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans, key=lambda span: (span.start, span.breakout))
        self._spans = [
            _with_tail(span, ordered[n + 1] if n + 1 < len(ordered) else None)
            for n, span in enumerate(ordered)
        ]

    def weights(self, start: datetime, end: datetime) -> tuple[Weight, ...]:
        """How long each show covers start..end, the earlier attachment first."""
        return _weights(self._spans, start, end)

    def segments(self, start: datetime, end: datetime, *, reasons: bool = False) -> Iterator[Segment]:
        """The whole minutes from start to end, cut at midnight and where the coverage changes.

        With `reasons` also where the reason changes for which no show covers them.
        """
        cuts = sorted({start, end, *(cut for cut in self._cuts(start, end, reasons) if start < cut < end)})
        upcoming = list(reversed(self._spans))
        active: list[Span] = []
        for since, till in pairwise(cuts):
            while upcoming and upcoming[-1].start < till:
                active.append(upcoming.pop())
            active = [span for span in active if span.end is None or span.end > since]
            weights = _weights(active, since, till)
            if len(weights) < 2:
                yield Segment(since, till, weights, None if weights else self.why(since))
                continue
            while since < till:
                after = since + timedelta(seconds=MINUTE)
                yield Segment(since, after, _weights(active, since, after))
                since = after

    def why(self, start: datetime) -> Why:
        """The reason for which the uncovered minute that begins at `start` belongs to no show."""
        for span in self._spans:
            if span.end is not None and timedelta() <= start - span.end < LINGERING:
                return Why.TAIL
        if any(timedelta() < span.start - start <= REHEARSAL for span in self._spans):
            return Why.REHEARSAL
        return Why.NOBODY

    def _cuts(self, start: datetime, end: datetime, reasons: bool) -> Iterator[datetime]:
        for span in self._spans:
            if span.start - REHEARSAL >= end or (span.end is not None and span.end + HOUR <= start):
                continue
            yield from (floor_to(span.start), ceil_to(span.start))
            if reasons:
                yield ceil_to(span.start - REHEARSAL)
            if span.end is not None:
                yield from (floor_to(span.end), ceil_to(span.end))
                if reasons:
                    yield ceil_to(span.end + LINGERING)
        midnight = floor_to(start, DAY)
        while midnight < end:
            yield midnight
            midnight += timedelta(seconds=DAY)


def attribute(periods: Iterable[Period], coverage: Coverage) -> Iterator[tuple[Period, list[Share]]]:
    """Each period of one distribution, in order of time, with its shares.

    `periods` has every shorter period inside its longer ones.
    """
    ordered = sorted(periods, key=lambda period: (period.start, -period.seconds))
    for n, period in enumerate(ordered):
        amount = Amount(period.bytes_downloaded, period.requests, 1)
        if period.approximate:
            yield period, shares(amount, coarse_weights(period, _inside(ordered, n), coverage))
        else:
            yield period, shares(amount, coverage.weights(period.start, period.end))


def coarse_weights(period: Period, shorter: Iterable[Period], coverage: Coverage) -> tuple[Weight, ...]:
    """The weights of a longer period: of its time that no shorter period holds; if they hold all, of all."""
    sums: dict[int, int] = {}
    unknown = False
    since = period.start
    for start, end in [*((each.start, each.end) for each in shorter), (period.end, period.end)]:
        if since < start:
            unknown = True
            for weight in coverage.weights(since, start):
                sums[weight.breakout] = sums.get(weight.breakout, 0) + weight.microseconds
        since = max(since, end)
    if not unknown:
        return coverage.weights(period.start, period.end)
    return tuple(Weight(breakout, microseconds) for breakout, microseconds in sums.items())


def _inside(ordered: Sequence[Period], n: int) -> Iterator[Period]:
    """The shorter periods inside the nth one, which follow it."""
    for period in ordered[n + 1 :]:
        if period.start >= ordered[n].end:
            return
        yield period


def _with_tail(span: Span, following: Span | None) -> Span:
    """The span that ends with its tail."""
    if span.end is None:
        return span
    end = span.end + span.tail
    if following is not None:
        end = min(end, max(span.end, following.start))
    return Span(span.breakout, span.start, end)


def _weights(spans: Iterable[Span], start: datetime, end: datetime) -> tuple[Weight, ...]:
    sums: dict[int, int] = {}
    for span in spans:
        covered = (min(end, span.end or end) - max(start, span.start)) // MICROSECOND
        if covered > 0:
            sums[span.breakout] = sums.get(span.breakout, 0) + covered
    return tuple(Weight(breakout, covered) for breakout, covered in sums.items())
