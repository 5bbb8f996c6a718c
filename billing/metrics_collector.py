"""The collector: reads from CloudWatch what CloudFront delivered, and writes it to the ledger.

Rows (unsettled windows, days not read yet) determine what a run reads, not the time of the last run: after
an outage the next run reads everything that is missing. An AWS error ends the run and is shown on the job;
the calls that succeeded before it count.
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
    """What the collector needs from CloudWatch."""

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> tuple[MetricSeries, ...]: ...


def collect_metrics(run: JobRun, *, now: datetime | None = None, metrics: Metrics | None = None) -> None:
    """One run for all breakouts that are not final: read, write ledger and usage, settle complete windows.

    Raises the `AwsError` that ended the run, after writing everything that was read.
    """
    now = now or database_now()
    windows = collection.open_windows(now)
    collector = _Collector(run, now, metrics)
    collector.read([window.to_read for window in windows if window.to_read is not None])
    read = [window for window in windows if window.aws_distribution_id not in collector.missing]
    collection.windows_mark_read(read, now)
    final = collection.usage_refresh(windows, read, now)
    run.say(f"windows: {len(windows)}, {collector}, breakouts made final: {final}")
    collector.raise_error()


def reread_days(run: JobRun, *, now: datetime | None = None, metrics: Metrics | None = None) -> None:
    """Read every whole UTC day of every distribution that is over and not read yet. Raises `AwsError`."""
    now = now or database_now()
    daily_rereads.series_update(now)
    collector = _Collector(run, now, metrics)
    days = 0
    for day, ids in daily_rereads.days_to_read(now):
        start, end = daily_rereads.day_bounds(day)
        collector.read([MetricRange(aws_id, start, end) for aws_id in ids])
        days += daily_rereads.day_mark_read(day, ids - collector.missing)
        if collector.stopped:
            break
    run.say(f"days read, per distribution: {days}, {collector}")
    collector.raise_error()


@dataclass
class _Collector:
    """The calls of one run and their results. `missing`: distributions that were not read in full."""

    run: JobRun
    now: datetime
    metrics: Metrics | None
    calls: int = 0
    changed: int = 0
    missing: set[str] = field(default_factory=set)
    stopped: bool = False  # by an error, or because another run has the lease
    error: AwsError | None = None

    def __str__(self) -> str:
        return f"calls: {self.calls}, new or changed minutes: {self.changed}"

    def read(self, ranges: Iterable[MetricRange]) -> None:
        """Make the calls for these ranges and write the results to the ledger."""
        self.missing = set()
        for call in plan(ranges, self.now):
            if not self.stopped:
                self._make(call)
            if self.stopped:
                self.missing |= call.aws_distribution_ids

    def raise_error(self) -> None:
        if self.error is not None:
            raise self.error

    def _make(self, call: GetMetricDataCall) -> None:
        try:
            self.metrics = self.metrics or CloudWatch(current_session())
            answer = self.metrics.get_metric_data(queries(call), call.start, call.end)
        except AwsError as error:
            self.error, self.stopped = error, True
            return
        self.calls += 1
        pairs = _by_distribution(call, answer)
        self.missing |= {aws_id for aws_id, pair in pairs if not all(series.complete for series in pair)}
        self.changed += ledger_write(readings(call, answer), self.now).changed
        self.stopped = not self.run.extend()


def queries(call: GetMetricDataCall) -> list[MetricQuery]:
    """The queries of a call: bytes and requests of each distribution (AWS_RULES 23)."""
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
    """The datapoints of both metrics, joined by time. A missing datapoint is None."""
    joined = []
    for aws_id, (downloaded, requests) in _by_distribution(call, answer):
        of_bytes, of_requests = dict(downloaded.points), dict(requests.points)
        for start in sorted(of_bytes.keys() | of_requests.keys()):
            values = _rounded(of_bytes.get(start)), _rounded(of_requests.get(start))
            joined.append(MetricReading(aws_id, start, call.period, *values))
    return joined


def _by_distribution(
    call: GetMetricDataCall, answer: Sequence[MetricSeries]
) -> list[tuple[str, tuple[MetricSeries, MetricSeries]]]:
    """Each distribution with its two series. The answer has the order of the queries."""
    pairs = zip(answer[::2], answer[1::2], strict=True)
    return list(zip(sorted(call.aws_distribution_ids), pairs, strict=True))


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
