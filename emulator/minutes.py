"""Traffic by minute: the true amounts, and what CloudWatch shows of them at a given time.

A series has two amounts per UTC minute: bytes and requests of a distribution, or ingress and egress of a
MediaPackage channel. Minutes are real and keyed by their first epoch second; publication delays are drawn
in AWS seconds and therefore scaled. Steady traffic is a `Flow` that is counted only when the series is
read, so a hundred thousand viewers cost no more than one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from .base import Clock, World

MINUTE = 60
MICROS = 1_000_000
Amounts = tuple[int, int]
Key = tuple[str, str]  # namespace, id
NOTHING: Amounts = (0, 0)


@dataclass(frozen=True)
class Plan:
    """When a minute appears, when it is complete (both on the clock's `seconds`), and its share between."""

    first: float
    full: float
    permille: int


@dataclass
class Publication:
    """How late CloudWatch publishes, in AWS seconds after the end of the minute.

    A minute appears after `least` to `most`; a share of `late_share` takes up to three times `most`. A share
    of `grow_share` first shows a part and reaches the true amounts after another such delay. Without
    `after_minute` the delay counts from the minute's start. The same seed gives the same delays.
    """

    least: float = 60.0
    most: float = 300.0
    late_share: float = 0.05
    grow_share: float = 0.2
    after_minute: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most:
            raise ValueError("`least` must be between 0 and `most`.")
        if not (0 <= self.late_share <= 1 and 0 <= self.grow_share <= 1):
            raise ValueError("`late_share` and `grow_share` must be between 0 and 1.")

    def plan(self, occasion: str, ready: float, scale: float) -> Plan:
        """Draw the plan of one occasion; the delay counts from `ready`."""
        delay, late, grow, more, part = _fractions(occasion)
        span = self.most - self.least
        wait = self.most * (1 + 2 * delay) if late < self.late_share else self.least + delay * span
        first = ready + wait * scale
        if grow >= self.grow_share:
            return Plan(first, first, 1000)
        return Plan(first, first + (self.least + more * span) * scale, 50 + int(part * 900))


def _fractions(occasion: str) -> list[float]:
    """Five numbers from 0 to 1 that depend only on the text."""
    digest = hashlib.blake2b(occasion.encode(), digest_size=20).digest()
    return [int.from_bytes(digest[at : at + 4], "big") / 2**32 for at in range(0, 20, 4)]


class Minute:
    """One minute of a series. `shown_before` is what was published before the present plan."""

    __slots__ = ("draws", "plan", "shown_before", "total")

    def __init__(self, plan: Plan) -> None:
        self.total = NOTHING
        self.plan = plan
        self.draws = 1
        self.shown_before: Amounts | None = None

    def shown(self, now: float) -> Amounts | None:
        """The published amounts at this time, or None without a datapoint."""
        if now >= self.plan.full:
            return self.total
        if now < self.plan.first:
            return self.shown_before
        before = self.shown_before or NOTHING
        share = self.plan.permille
        first, second = (
            old + (true - old) * share // 1000 for old, true in zip(before, self.total, strict=True)
        )
        return first, second


@dataclass
class Flow:
    """Steady traffic since `start`, counted up to `at`; both are real time in microseconds.

    `rates` are per 1,000 seconds, so that a third of a request per second is a whole number.
    """

    rates: Amounts
    start: int
    at: int
    until: int | None = None

    def take(self, end: int) -> Amounts:
        """Count the traffic from `at` to `end`. Any number of parts adds up to the same total."""
        first, second = (
            _amount(rate, end - self.start) - _amount(rate, self.at - self.start) for rate in self.rates
        )
        self.at = end
        return first, second


def _amount(rate: int, micros: int) -> int:
    return rate * micros // (1000 * MICROS)


@dataclass
class Series:
    """The minutes of one distribution or channel. Call `catch_up` before reading it."""

    name: str
    clock: Clock
    traffic: Traffic
    minutes: dict[int, Minute] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)

    # -- writing

    def add(self, moment: int, amounts: Amounts) -> None:
        """Add exact amounts to the minute that contains this epoch second; publication starts now."""
        at = moment - moment % MINUTE
        minute, now = self.minutes.get(at), self.clock.seconds()
        if minute is None:
            minute = self.minutes[at] = Minute(self._plan(at, 0, now))
        else:  # published amounts stay published; the new ones get a delay of their own
            minute.shown_before = minute.shown(now)
            minute.plan = self._plan(at, minute.draws, now)
            minute.draws += 1
        _add(minute, amounts)

    def open(self, rates: Amounts, lasting: float | None = None) -> Flow:
        """Start steady traffic, endless or for `lasting` real seconds."""
        now = self._micros()
        flow = Flow(rates, now, now, now + int(lasting * MICROS) if lasting is not None else None)
        self.flows.append(flow)
        return flow

    def close(self, flow: Flow) -> None:
        """End a flow now."""
        self.catch_up()
        if flow in self.flows:
            self.flows.remove(flow)

    def catch_up(self) -> None:
        """Count the flows up to now."""
        if not self.flows:
            return
        now = self._micros()
        for flow in self.flows:
            self._count(flow, min(now, flow.until or now))
        self.flows = [flow for flow in self.flows if flow.until is None or flow.at < flow.until]

    def _count(self, flow: Flow, end: int) -> None:
        while flow.at < end:
            at = flow.at // (MINUTE * MICROS) * MINUTE
            amounts = flow.take(min(end, (at + MINUTE) * MICROS))
            if any(amounts):
                minute = self.minutes.get(at)
                if minute is None:
                    minute = self.minutes[at] = Minute(self._plan(at, 0, 0.0))
                _add(minute, amounts)

    def publish(self) -> None:
        """Publish everything up to now; later traffic is published by plan."""
        self.catch_up()
        for minute in self.minutes.values():
            minute.shown_before = minute.total

    def shift(self, seconds: int) -> None:
        """Move all counted traffic and its publication by `seconds` (whole minutes)."""
        self.catch_up()
        self.minutes = {at + seconds: minute for at, minute in self.minutes.items()}
        for minute in self.minutes.values():
            plan = minute.plan
            minute.plan = Plan(plan.first + seconds, plan.full + seconds, plan.permille)

    def _plan(self, at: int, draws: int, earliest: float) -> Plan:
        publication = self.traffic.publication
        jumped = self.clock.seconds() - self.clock.now().timestamp()
        ready = at + jumped + (MINUTE if publication.after_minute else 0)
        occasion = f"{self.traffic.seed}/{self.name}/{at}/{draws}"
        return publication.plan(occasion, max(ready, earliest), self.clock.scale)

    def _micros(self) -> int:
        return int(self.clock.now().timestamp() * MICROS)

    # -- reading

    def shown(self, first: int, end: int) -> list[tuple[int, Amounts]]:
        """The published amounts of the minutes from `first` to before `end`, in order of time."""
        now, minutes = self.clock.seconds(), self.minutes
        if (end - first) // MINUTE <= len(minutes):
            wanted = [at for at in range(first, end, MINUTE) if at in minutes]
        else:
            wanted = sorted(at for at in minutes if first <= at < end)
        pairs = ((at, minutes[at].shown(now)) for at in wanted)
        return [(at, amounts) for at, amounts in pairs if amounts is not None]

    def total(self) -> Amounts:
        """The true amounts, published or not."""
        first, second = (sum(minute.total[which] for minute in self.minutes.values()) for which in (0, 1))
        return first, second


def _add(minute: Minute, amounts: Amounts) -> None:
    minute.total = (minute.total[0] + amounts[0], minute.total[1] + amounts[1])


class Traffic:
    """All series by namespace and id. A series outlives its distribution or channel."""

    def __init__(self, world: World) -> None:
        self.clock = world.clock
        self.seed = world.seed
        self.publication = Publication()
        self._series: dict[Key, Series] = {}

    def find(self, namespace: str, name: str) -> Series | None:
        """The series, counted up to now, or None."""
        series = self._series.get((namespace, name))
        if series is not None:
            series.catch_up()
        return series

    def of(self, namespace: str, name: str) -> Series:
        """The series, which is created if needed."""
        series = self.find(namespace, name)
        if series is None:
            series = self._series[namespace, name] = Series(name, self.clock, self)
        return series

    def names(self) -> list[Key]:
        """The keys of all series, sorted."""
        return sorted(self._series)

    def publish(self) -> None:
        """Publish everything up to now."""
        for series in self._series.values():
            series.publish()

    def backdate(self, minutes: int, name: str | None = None) -> None:
        """Move all traffic up to now (or that of one id) this many minutes into the past."""
        for (_, series_name), series in self._series.items():
            if name in (None, series_name):
                series.shift(-minutes * MINUTE)
