"""The collector: asks CloudWatch what CloudFront delivered, and enters it in the ledger.

What is asked follows from rows (attachments that are not final, days that were not read), never from
when the last run was: after an hour or a week without a collector the next run asks for what is missing.
An error of AWS writes nothing, ends the asking, and stands on the job; what was read before it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from billing import collection, daily_rereads
from billing.ledger import MetricReading, ledger_write
from billing.metric_requests import GetMetricDataCall, MetricRange, plan
from streamhub.aws.cloudwatch import CLOUDFRONT_NAMESPACE, CloudWatch, MetricQuery, MetricSeries
from streamhub.aws.session import current_session
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import database_now

BYTES, REQUESTS = "BytesDownloaded", "Requests"


class Metrics(Protocol):
    """What the collector needs of CloudWatch."""

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> tuple[MetricSeries, ...]: ...


def collect_metrics(run: JobRun, *, now: datetime | None = None, metrics: Metrics | None = None) -> None:
    """One run for all breakouts that are not final: read, enter, write their usage, settle what is over.

    Raises the `AwsError` that ended the reading, after everything that was read has been made use of.
    """
    now = now or database_now()
    windows = collection.open_windows(now)
    asks = [window.ask for window in windows if window.ask is not None]
    reading = _Reading(run, now, metrics)
    reading.read(asks)
    read = [window for window in windows if window.aws_distribution_id not in reading.missing]
    collection.windows_read(read, now)
    final = collection.usage_refresh(windows, read, now)
    run.say(f"{len(windows)} windows, {reading}, {final} breakouts final")
    reading.raise_error()


def collect_days(run: JobRun, *, now: datetime | None = None, metrics: Metrics | None = None) -> None:
    """Every whole UTC day, of every distribution, that is over and was not read yet. Raises `AwsError`."""
    now = now or database_now()
    daily_rereads.distributions_see(now)
    reading = _Reading(run, now, metrics)
    done = 0
    for day, ids in daily_rereads.missing(now):
        start, end = daily_rereads.bounds(day)
        reading.read([MetricRange(aws_id, start, end) for aws_id in ids])
        done += daily_rereads.collected(day, ids - reading.missing)
        if reading.over:
            break
    run.say(f"{done} days of distributions, {reading}")
    reading.raise_error()


@dataclass
class _Reading:
    """Calls of one run and what came of them. `missing`: distributions that were not read in full."""

    run: JobRun
    now: datetime
    metrics: Metrics | None
    calls: int = 0
    changed: int = 0
    missing: set[str] = field(default_factory=set)
    over: bool = False  # an error, or another run has taken the lease
    error: AwsError | None = None

    def __str__(self) -> str:
        return f"{self.calls} calls, {self.changed} minutes new or changed"

    def read(self, asks: Iterable[MetricRange]) -> None:
        """Make the calls that serve these asks, and enter what they bring."""
        self.missing = set()
        for call in plan(asks, self.now):
            if not self.over:
                self._make(call)
            if self.over:
                self.missing |= call.aws_distribution_ids

    def raise_error(self) -> None:
        if self.error is not None:
            raise self.error

    def _make(self, call: GetMetricDataCall) -> None:
        try:
            self.metrics = self.metrics or CloudWatch(current_session())
            answer = self.metrics.get_metric_data(queries(call), call.start, call.end)
        except AwsError as error:
            self.error, self.over = error, True
            return
        self.calls += 1
        pairs = _by_distribution(call, answer)
        self.missing |= {aws_id for aws_id, pair in pairs if not all(series.complete for series in pair)}
        self.changed += ledger_write(readings(call, answer), self.now).changed
        self.over = not self.run.extend()


def queries(call: GetMetricDataCall) -> list[MetricQuery]:
    """Bytes and requests of each distribution of the call, by their two dimensions (AWS_RULES 23)."""
    return [
        MetricQuery(
            id=f"{metric.lower()}{number}",
            namespace=CLOUDFRONT_NAMESPACE,
            metric=metric,
            dimensions={"DistributionId": aws_id, "Region": "Global"},
            stat="Sum",
            period=call.period,
        )
        for number, aws_id in enumerate(sorted(call.aws_distribution_ids))
        for metric in (BYTES, REQUESTS)
    ]


def readings(call: GetMetricDataCall, answer: Sequence[MetricSeries]) -> list[MetricReading]:
    """The datapoints of both metrics side by side. A datapoint that is not there stays None."""
    found = []
    for aws_id, (downloaded, requests) in _by_distribution(call, answer):
        of_bytes, of_requests = dict(downloaded.points), dict(requests.points)
        for start in sorted(of_bytes.keys() | of_requests.keys()):
            values = _whole(of_bytes.get(start)), _whole(of_requests.get(start))
            found.append(MetricReading(aws_id, start, call.period, *values))
    return found


def _by_distribution(
    call: GetMetricDataCall, answer: Sequence[MetricSeries]
) -> list[tuple[str, tuple[MetricSeries, MetricSeries]]]:
    """Each distribution with its two series: the answer is in the order of the queries."""
    pairs = zip(answer[::2], answer[1::2], strict=True)
    return list(zip(sorted(call.aws_distribution_ids), pairs, strict=True))


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
