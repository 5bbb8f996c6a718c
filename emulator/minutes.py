"""Traffic by the minute: what truly flowed, and how much of it CloudWatch shows so far.

A series holds two amounts for each UTC minute (bytes and requests of a distribution, ingress and egress
of a MediaPackage channel). Minutes are real ones, keyed by the epoch second they begin at; how long a
minute takes to be published is drawn in AWS seconds, and so is scaled. Steady traffic is a `Flow` that is
counted only when somebody looks: a hundred thousand viewers cost no more than one.
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
    """When a minute appears and when it is whole, on the clock's `seconds`; what it shows in between."""

    first: float
    full: float
    permille: int


@dataclass
class Publication:
    """How late CloudWatch is, in AWS seconds after the end of the minute.

    A minute appears after `least` to `most`; `late_share` of them up to three times as late as `most`.
    `grow_share` of them appear in part and are raised to the true amounts after another such delay.
    With `after_minute` off the delay counts from the minute's beginning. Same seed, same delays.
    """

    least: float = 60.0
    most: float = 300.0
    late_share: float = 0.05
    grow_share: float = 0.2
    after_minute: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most:
            raise ValueError("a delay lasts from `least` to `most`, and least is not negative")
        if not (0 <= self.late_share <= 1 and 0 <= self.grow_share <= 1):
            raise ValueError("`late_share` and `grow_share` lie between 0 and 1")

    def plan(self, occasion: str, ready: float, scale: float) -> Plan:
        """Draw for one occasion; `ready` is the moment from which the delay counts."""
        delay, late, grow, more, part = _fractions(occasion)
        span = self.most - self.least
        wait = self.most * (1 + 2 * delay) if late < self.late_share else self.least + delay * span
        first = ready + wait * scale
        if grow >= self.grow_share:
            return Plan(first, first, 1000)
        return Plan(first, first + (self.least + more * span) * scale, 50 + int(part * 900))


def _fractions(occasion: str) -> list[float]:
    """Five numbers from 0 to 1 that depend on nothing but the text."""
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
        """What is published at this moment; None if there is no datapoint yet."""
        if now >= self.plan.full:
            return self.total
        if now < self.plan.first:
            return self.shown_before
        before = self.shown_before or NOTHING
        share = self.plan.permille
        one, two = (was + (all_ - was) * share // 1000 for was, all_ in zip(before, self.total, strict=True))
        return one, two


@dataclass
class Flow:
    """Steady traffic since `start`, counted up to `at`, both in microseconds of real time.

    `rates` are per 1,000 seconds, so that a third of a request per second is a whole number.
    """

    rates: Amounts
    start: int
    at: int
    until: int | None = None

    def take(self, end: int) -> Amounts:
        """What flows from `at` to `end`. However often it is asked, the parts add up to the whole."""
        one, two = (_by(rate, end - self.start) - _by(rate, self.at - self.start) for rate in self.rates)
        self.at = end
        return one, two


def _by(rate: int, micros: int) -> int:
    return rate * micros // (1000 * MICROS)


@dataclass
class Series:
    """The minutes of one distribution or channel. Read it after `catch_up`."""

    name: str
    clock: Clock
    traffic: Traffic
    minutes: dict[int, Minute] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)

    # -- writing

    def add(self, moment: int, amounts: Amounts) -> None:
        """Exact amounts in the minute that holds this epoch second; published as any other, but later."""
        at = moment - moment % MINUTE
        found, now = self.minutes.get(at), self.clock.seconds()
        if found is None:
            found = self.minutes[at] = Minute(self._plan(at, 0, now))
        else:  # what is out stays out, the rest comes as late as if it were new
            found.shown_before = found.shown(now)
            found.plan = self._plan(at, found.draws, now)
            found.draws += 1
        _raise(found, amounts)

    def open(self, rates: Amounts, lasting: float | None = None) -> Flow:
        """Steady traffic from now on, or for so many real seconds."""
        now = self._micros()
        flow = Flow(rates, now, now, now + int(lasting * MICROS) if lasting is not None else None)
        self.flows.append(flow)
        return flow

    def close(self, flow: Flow) -> None:
        """It ends now."""
        self.catch_up()
        if flow in self.flows:
            self.flows.remove(flow)

    def catch_up(self) -> None:
        """Count what has flowed by now."""
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
                found = self.minutes.get(at)
                if found is None:
                    found = self.minutes[at] = Minute(self._plan(at, 0, 0.0))
                _raise(found, amounts)

    def publish(self) -> None:
        """Show all there is now; what flows after this comes by its plan."""
        self.catch_up()
        for minute in self.minutes.values():
            minute.shown_before = minute.total

    def shift(self, seconds: int) -> None:
        """Move all that is counted by so much (whole minutes), with its publication."""
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
        """What is published of the minutes from `first` to before `end`, in order of time."""
        now, minutes = self.clock.seconds(), self.minutes
        if (end - first) // MINUTE <= len(minutes):
            wanted = [at for at in range(first, end, MINUTE) if at in minutes]
        else:
            wanted = sorted(at for at in minutes if first <= at < end)
        pairs = ((at, minutes[at].shown(now)) for at in wanted)
        return [(at, amounts) for at, amounts in pairs if amounts is not None]

    def total(self) -> Amounts:
        """The truth, published or not."""
        one, two = (sum(minute.total[which] for minute in self.minutes.values()) for which in (0, 1))
        return one, two


def _raise(minute: Minute, amounts: Amounts) -> None:
    minute.total = (minute.total[0] + amounts[0], minute.total[1] + amounts[1])


class Traffic:
    """All series by namespace and id. A series stays when what it is about is deleted."""

    def __init__(self, world: World) -> None:
        self.clock = world.clock
        self.seed = world.seed
        self.publication = Publication()
        self._series: dict[Key, Series] = {}

    def find(self, namespace: str, name: str) -> Series | None:
        """The series, counted up to now."""
        found = self._series.get((namespace, name))
        if found is not None:
            found.catch_up()
        return found

    def of(self, namespace: str, name: str) -> Series:
        """The series, a new one if there is none."""
        found = self.find(namespace, name)
        if found is None:
            found = self._series[namespace, name] = Series(name, self.clock, self)
        return found

    def names(self) -> list[Key]:
        """Which series there are, in order."""
        return sorted(self._series)

    def publish(self) -> None:
        """Every delay is over now."""
        for series in self._series.values():
            series.publish()

    def backdate(self, minutes: int, name: str | None = None) -> None:
        """Let all that has flowed so far (or one series) have flowed so many minutes earlier."""
        for (_, each), series in self._series.items():
            if name in (None, each):
                series.shift(-minutes * MINUTE)
