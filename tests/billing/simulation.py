"""Days of shows in accelerated time: the product's own collection against a simulated CloudWatch.

`python -m tests.billing.simulate` runs all of it and prints a table; the tests run a part of it.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from unittest import mock

from django.db.models import F, Sum
from django.utils import timezone

from billing.models import LedgerMinute, LedgerShortfall
from channels_app.models import Attachment, Breakout
from streamhub.aws.cloudwatch import MetricQuery, MetricSeries
from tests.scenarios import truth
from tests.scenarios.collecting import Collector

FIRST = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LETTERS = "ABCDEFGHIJ"  # of the distributions that follow each other on a channel
RETENTION = {60: 15 * DAY, 300: 63 * DAY, 3600: 455 * DAY}

Minute = tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """`down_days`: how long nobody collects, from the middle of the first day on. `clock`: seconds by which
    the host's clock is wrong, one way or the other."""

    channels: int
    shows: int
    down_days: int = 0
    clock: int = 90
    seed: int = 1


@dataclass
class SimulatedCloudWatch:
    """What it publishes at `now`: each minute in steps, (published at, bytes, requests)."""

    now: datetime = FIRST
    steps: dict[str, dict[datetime, list[tuple[datetime, int, int]]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    metrics: int = 0

    def published(self, aws_id: str, minute: datetime) -> Minute | None:
        steps = self.steps[aws_id].get(minute, [])
        known = bisect_right(steps, self.now, key=lambda step: step[0])
        return steps[known - 1][1:] if known else None

    def in_the_end(self, aws_id: str) -> dict[datetime, Minute]:
        return {minute: steps[-1][1:] for minute, steps in self.steps[aws_id].items()}

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> tuple[MetricSeries, ...]:
        self.metrics += len(queries)
        assert start >= self.now - RETENTION[queries[0].period], "CloudWatch no longer has this period"
        return tuple(self._series(query, start, end) for query in queries)

    def _series(self, query: MetricQuery, start: datetime, end: datetime) -> MetricSeries:
        column = ("BytesDownloaded", "Requests").index(query.metric)
        aws_id = query.dimensions["DistributionId"]
        sums: dict[datetime, float] = {}
        for minute in self.steps[aws_id]:
            at = minute - timedelta(seconds=minute.timestamp() % query.period)
            if start <= at < end and (values := self.published(aws_id, minute)) is not None:
                sums[at] = sums.get(at, 0.0) + values[column]
        return MetricSeries(query.id, tuple(sorted(sums.items())), complete=True)


@dataclass
class Show:
    """A breakout with its attachments: (distribution, start, end)."""

    number: int
    attached: list[tuple[str, datetime, datetime]]
    pk: int = 0
    final: tuple[int, int] | None = None  # the figures when they were first seen to be final

    @property
    def end(self) -> datetime:
        return self.attached[-1][2]


class Simulation:
    """One run. `wrong`: sentences about final figures that are wrong or changed."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.dice = plan, random.Random(plan.seed)
        self.cloudwatch = SimulatedCloudWatch()
        self.by_second: dict[str, list[int]] = {}
        self.shows = [show for channel in range(plan.channels) for show in self._channel(channel)]
        self.wrong: list[str] = []

    # --- what happens ---

    def _channel(self, channel: int) -> Iterator[Show]:
        """Shows of one channel: back to back, a few seconds apart, or with a break."""
        dice, aws_id, replaced = self.dice, f"E{channel:04}A", 0
        at = FIRST + timedelta(seconds=dice.randrange(1800), microseconds=dice.randrange(10**6))
        for number in range(self.plan.shows):
            end = at + timedelta(seconds=dice.randrange(900, 3000), microseconds=dice.randrange(10**6))
            attached = [(aws_id, at, end)]
            if dice.random() < 0.1:
                replaced += 1
                change = at + (end - at) / 2
                old, aws_id = aws_id, f"E{channel:04}{LETTERS[replaced]}"
                attached = [(old, at, change), (aws_id, change, end)]
            yield Show(channel * self.plan.shows + number, attached)
            at = end + timedelta(seconds=dice.choice([0, 0, 3, 40, 95, 600]))
        for letter in LETTERS[: replaced + 1]:
            self._traffic(f"E{channel:04}{letter}", at + HOUR)

    def _traffic(self, aws_id: str, end: datetime) -> None:
        """An audience that changes slowly: bytes by the second, and how each minute of them is published."""
        dice = self.dice
        start = FIRST - 30 * MINUTE
        rate, seconds = dice.randrange(10**5, 10**7), []
        for second in range(int((end - start).total_seconds())):
            if second % 60 == 0:
                rate = max(1000, int(rate * dice.uniform(0.97, 1.03)))
            seconds.append(rate + dice.randrange(-rate // 10, rate // 10))
        self.by_second[aws_id] = seconds
        for number in range(len(seconds) // 60):
            minute = start + number * MINUTE
            total = sum(seconds[number * 60 : number * 60 + 60])
            self.cloudwatch.steps[aws_id][minute] = list(self._publications(minute + MINUTE, total))

    def _publications(self, over: datetime, total: int) -> Iterator[tuple[datetime, int, int]]:
        dice = self.dice
        delay = dice.uniform(2, 120) if dice.random() < 0.03 else dice.uniform(2, 12)
        at, requests = over + delay * MINUTE, total // 40_000
        kind = dice.random()
        if kind < 0.2:  # it grows
            yield at, total // 2, requests // 3
            at += dice.uniform(1, 20) * MINUTE
        elif kind < 0.22:  # it is corrected downwards
            yield at, total + total // 5, requests + 7
            at += dice.uniform(1, 20) * MINUTE
        yield at, total, requests

    # --- the run ---

    def run(self) -> None:
        collector, until = Collector(self.cloudwatch), max(show.end for show in self.shows)
        down_from = FIRST + (until - FIRST) / 2
        for now in self._ticks(until):
            self._to(now)
            if self.plan.down_days and down_from <= now < down_from + self.plan.down_days * DAY:
                continue
            skew = timedelta(seconds=self.dice.choice([-1, 1]) * self.plan.clock)
            with mock.patch.object(timezone, "now", lambda skewed=now + skew: skewed):
                collector.run(now)
                if now.minute == 0:
                    collector.days(now)
            self._note_final()

    def _ticks(self, until: datetime) -> Iterator[datetime]:
        """Every five minutes while there are shows, then every quarter of an hour, then every few hours."""
        now = FIRST
        end = until + max(self.plan.down_days, 0) * DAY + 6 * DAY
        while now < end:
            yield now
            if now < until + HOUR:
                now += 5 * MINUTE
            elif now < until + 12 * HOUR:
                now += 15 * MINUTE
            else:
                now += 4 * HOUR if now.minute == 0 else timedelta(minutes=60 - now.minute)

    def _to(self, now: datetime) -> None:
        """Let the shows begin and end that do so until now."""
        self.cloudwatch.now = now
        for show in self.shows:
            start = show.attached[0][1]
            if not show.pk and start <= now:
                show.pk = Breakout.objects.create(
                    name=f"show {show.number}", channel_uid="c" * 32, channel_name="stage", state="running"
                ).pk
            if show.pk:
                self._attach(show, now)

    def _attach(self, show: Show, now: datetime) -> None:
        if Breakout.objects.filter(pk=show.pk, state="completed").exists():
            return
        for aws_id, start, end in show.attached:
            if start <= now:
                Attachment.objects.update_or_create(
                    breakout_id=show.pk,
                    aws_distribution_id=aws_id,
                    started_at=start,
                    defaults={"ended_at": end if end <= now else None},
                )
        if show.end <= now:
            Breakout.objects.filter(pk=show.pk).update(state="completed", session_ended_at=show.end)

    def _note_final(self) -> None:
        figures = Breakout.objects.filter(usage_status="final").values_list(
            "pk", "usage_bytes_downloaded", "usage_requests"
        )
        now_final = {pk: (downloaded, requests) for pk, downloaded, requests in figures}
        for show in self.shows:
            if show.final is None:
                show.final = now_final.get(show.pk)
            elif now_final.get(show.pk) != show.final:
                self.wrong.append(f"show {show.number} was final {show.final}, is {now_final.get(show.pk)}")


# --- what came of it ------------------------------------------------------------------------


@dataclass
class Outcome:
    """What a run left. Differences in bytes; `distance`: to the bytes by
    second, in the mean of shows back to back."""

    shows: int = 0
    final: int = 0
    complete: int = 0
    approximate: int = 0
    changed_after_final: int = 0
    late: int = 0
    rule_difference: int = 0
    ledger_difference: int = 0
    distance_before: float = 0.0
    distance_after: float = 0.0
    metrics_per_show: float = 0.0
    wrong: list[str] = field(default_factory=list)


def outcome(simulation: Simulation) -> Outcome:
    found = Outcome(wrong=list(simulation.wrong), shows=len(simulation.shows))
    expected, by_second, before = _expected(simulation), _by_second(simulation), _before(simulation)
    rows = Breakout.objects.in_bulk()
    for show in simulation.shows:
        row = rows[show.pk]
        found.final += row.usage_status == "final"
        found.complete += row.usage_complete
        found.approximate += row.usage_approximate
        found.late += row.usage_late_bytes != 0
        figure = (row.usage_bytes_downloaded or 0) + row.usage_late_bytes
        found.rule_difference += abs(figure - expected[show.pk])
    distances = [
        (abs(before[pk] - by_second[pk]) / by_second[pk], abs(after - by_second[pk]) / by_second[pk])
        for pk, after in _figures(_back_to_back(simulation)).items()
    ]
    if distances:
        found.distance_before, found.distance_after = (
            sum(column) / len(distances) for column in zip(*distances, strict=True)
        )
    found.changed_after_final = len(found.wrong)
    in_ledger = LedgerMinute.objects.aggregate(sum=Sum("bytes_downloaded"))["sum"] or 0
    sent = 0
    for aws_id in simulation.cloudwatch.steps:
        days = _days_of(aws_id)
        minutes = simulation.cloudwatch.in_the_end(aws_id).items()
        sent += sum(values[0] for minute, values in minutes if minute.date() in days)
    lacking = LedgerShortfall.objects.aggregate(sum=Sum(F("known_bytes") - F("reported_bytes")))["sum"] or 0
    found.ledger_difference = in_ledger - sent - lacking
    found.metrics_per_show = simulation.cloudwatch.metrics / len(simulation.shows)
    return found


def _back_to_back(simulation: Simulation) -> set[int]:
    """The shows with another one less than a minute before and after them on their distribution.

    Only of these the neighbours have part of their first and last minute; of others a whole minute counts.
    """
    found = set()
    for aws_id in simulation.cloudwatch.steps:
        rows = list(Attachment.objects.filter(aws_distribution_id=aws_id).order_by("started_at"))
        for before, row, after in zip(rows, rows[1:], rows[2:], strict=False):
            gaps = row.started_at - before.ended_at, after.started_at - row.ended_at
            if max(gaps) < MINUTE:
                found.add(row.breakout_id)
    replaced = {show.pk for show in simulation.shows if len(show.attached) > 1}
    return found - replaced


def _figures(breakouts: set[int]) -> dict[int, int]:
    """The figures, late ones included, of those without longer periods."""
    rows = Breakout.objects.filter(pk__in=breakouts, usage_approximate=False)
    return {row.pk: (row.usage_bytes_downloaded or 0) + row.usage_late_bytes for row in rows}


def _days_of(aws_id: str) -> set:
    first = Attachment.objects.filter(aws_distribution_id=aws_id).earliest("started_at").started_at.date()
    return {first + n * DAY for n in range(10)}


def _expected(simulation: Simulation) -> dict[int, int]:
    """What the rule gives each show, by its second implementation.

    Minutes from the simulated CloudWatch as it is in the end; where the ledger has longer periods, what they
    hold more than the minutes that were read, by the time of which no minute is known.
    """
    sums: defaultdict[int, int] = defaultdict(int)
    for aws_id in simulation.cloudwatch.steps:
        spans = _spans(aws_id)
        published = simulation.cloudwatch.in_the_end(aws_id)
        rows = list(LedgerMinute.objects.filter(aws_distribution_id=aws_id))
        coarse = [row for row in rows if row.period_seconds > 60]
        hidden = [(row.minute, row.minute + timedelta(seconds=row.period_seconds)) for row in coarse]
        # Where a longer period says less than its minutes, they stay and it adds nothing.
        hidden += [
            (row.start, row.start + timedelta(seconds=row.period_seconds))
            for row in LedgerShortfall.objects.filter(aws_distribution_id=aws_id)
            if (row.start, row.start + timedelta(seconds=row.period_seconds)) not in hidden
        ]
        known = {row.minute: row.bytes_downloaded for row in rows if row.period_seconds == 60}
        for minute, (downloaded, _) in published.items():
            if any(start <= minute < end for start, end in hidden):
                downloaded = known.get(minute, 0)
            for breakout, amount in truth.split(
                downloaded, truth.covered(spans, minute, minute + MINUTE)
            ).items():
                sums[breakout] += amount
        for start, end in hidden:
            inside = [minute for minute in published if start <= minute < end]
            rest = max(0, sum(published[minute][0] - known.get(minute, 0) for minute in inside))
            seconds: defaultdict[int, int] = defaultdict(int)
            free = [start + n * MINUTE for n in range((end - start) // MINUTE)]
            for minute in [each for each in free if each not in known] or free:
                for breakout, part in truth.covered(spans, minute, minute + MINUTE).items():
                    seconds[breakout] += part
            for breakout, amount in truth.split(rest, seconds).items():
                sums[breakout] += amount
    return sums


def _spans(aws_id: str) -> truth.Spans:
    rows = Attachment.objects.filter(aws_distribution_id=aws_id)
    return truth.with_tails(rows.values_list("started_at", "ended_at", "breakout_id"))


def _by_second(simulation: Simulation) -> dict[int, int]:
    """The bytes that were sent in each show's own seconds, tail included."""
    sums: defaultdict[int, int] = defaultdict(int)
    begin = FIRST - 30 * MINUTE
    for aws_id, seconds in simulation.by_second.items():
        for since, till, breakout in _spans(aws_id):
            start, end = ((moment - begin).total_seconds() for moment in (since, till))
            sums[breakout] += sum(seconds[round(start) : round(end)])
    return sums


def _before(simulation: Simulation) -> dict[int, int]:
    """What the rule before this one gave: whole minutes to who covers most, tails uncut."""
    sums: defaultdict[int, int] = defaultdict(int)
    for aws_id in simulation.cloudwatch.steps:
        rows = Attachment.objects.filter(aws_distribution_id=aws_id).order_by("started_at", "breakout_id")
        spans = [(row.started_at, row.ended_at + 2 * MINUTE, row.breakout_id) for row in rows if row.ended_at]
        for minute, (downloaded, _) in simulation.cloudwatch.in_the_end(aws_id).items():
            best = None
            for since, till, breakout in spans:
                length = min(minute + MINUTE, till) - max(minute, since)
                if length > timedelta() and (best is None or length > best[0]):
                    best = length, breakout
            if best:
                sums[best[1]] += downloaded
    return sums
