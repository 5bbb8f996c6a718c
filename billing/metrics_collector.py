"""The collector: reads from CloudWatch what CloudFront delivered, and writes it to the ledger.

Rows (windows whose time has come, days not read yet) determine what a run reads, not the time of the last
run: after an outage the next run reads everything that is missing. An AWS error ends the run and is shown on
the job; the calls that succeeded before it count.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from billing import collection, completeness, daily_rereads
from billing.collection import DueWindow
from billing.ledger import ledger_write
from billing.ledger_merge import MetricReading
from billing.metric_requests import GetMetricDataCall, MetricRange, plan
from billing.publication_delay import delay_of, delays_record, quiet_time
from billing.usage_window import MINUTE
from streamhub.aws.cloudwatch import CLOUDFRONT_NAMESPACE, CloudWatch, MetricQuery, MetricSeries
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun

BYTES, REQUESTS = "BytesDownloaded", "Requests"
# Readings are stored this many at a time, so that 10,000 windows cost few queries.
READINGS_AT_ONCE = 100_000
EXTEND_SECONDS = 20


class Metrics(Protocol):
    """What the collector needs from CloudWatch."""

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> tuple[MetricSeries, ...]: ...


def collect_metrics(run: JobRun, *, now: datetime | None = None, metrics: Metrics | None = None) -> None:
    """Read the windows whose time has come, write ledger and usage, settle windows that are complete.

    Raises the `AwsError` that ended the run, after writing everything that was read.
    """
    now = now or database_now()
    quiet = quiet_time(now)
    windows = collection.due_windows(now, quiet)
    collector = _Collector(run, now, metrics)
    collector.read([window.to_read for window in windows if window.to_read is not None])
    delays_record(_delays(windows, collector.changes, now, quiet), now)
    read = [window for window in windows if window.attachment.aws_distribution_id not in collector.missing]
    final = 0 if collector.lost else collection.usage_refresh(read, now, quiet, extend=collector.extend)
    run.say(f"windows: {len(windows)}, {collector}, breakouts made final: {final}")
    collector.raise_error()


def reread_days(run: JobRun, *, now: datetime | None = None, metrics: Metrics | None = None) -> None:
    """Read whole UTC days of every distribution, one, two and four days later. Raises `AwsError`."""
    now = now or database_now()
    quiet = quiet_time(now)
    daily_rereads.series_update(now)
    collector = _Collector(run, now, metrics)
    days = 0
    for day, ids in daily_rereads.days_to_read(now, quiet):
        start, end = daily_rereads.day_bounds(day)
        collector.read([MetricRange(aws_id, start, end) for aws_id in ids])
        days += daily_rereads.day_mark_read(day, ids - collector.missing, now, quiet)
        if collector.stopped:
            break
    complete = 0 if collector.lost else completeness.breakouts_complete(now, quiet)
    run.say(f"days read, per distribution: {days}, {collector}, breakouts complete: {complete}")
    collector.raise_error()


def _delays(
    windows: Sequence[DueWindow], changes: Sequence[tuple[str, datetime]], now: datetime, quiet: timedelta
) -> Iterator[timedelta]:
    """The publication delays of the minutes that changed, as far as they say something."""
    by_distribution: dict[str, list[DueWindow]] = {}
    for window in windows:
        by_distribution.setdefault(window.attachment.aws_distribution_id, []).append(window)
    for aws_id, minute in changes:
        for due in by_distribution.get(aws_id, ()):
            if due.to_read is not None and due.to_read.start <= minute < due.to_read.end:
                minute_end = minute + timedelta(seconds=MINUTE)
                delay = delay_of(minute_end, now, due.window.read_at, quiet)
                if delay is not None:
                    yield delay
                break


@dataclass
class _Collector:
    """The calls of one run and their results. `missing`: distributions that were not read in full."""

    run: JobRun
    now: datetime
    metrics: Metrics | None
    calls: int = 0
    changed: int = 0
    changes: list[tuple[str, datetime]] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    stopped: bool = False  # by an error, or because another run has the lease
    lost: bool = False
    error: AwsError | None = None
    unwritten: list[MetricReading] = field(default_factory=list)
    extended: float = field(default_factory=lambda: time.monotonic())

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
        self._write()

    def raise_error(self) -> None:
        if self.error is not None:
            raise self.error

    def extend(self, *, always: bool = False) -> bool:
        """Keep the lease, if it was not extended just now. False: it is lost, and the run must stop."""
        if always or time.monotonic() - self.extended > EXTEND_SECONDS:
            self.extended = time.monotonic()
            self.lost = self.lost or not self.run.extend()
            self.stopped |= self.lost
        return not self.lost

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
        self.unwritten += readings(call, answer)
        if len(self.unwritten) >= READINGS_AT_ONCE:
            self._write()
        else:
            self.extend()

    def _write(self) -> None:
        """Write what was read, if the lease still holds."""
        if not self.unwritten:
            return
        batch, self.unwritten = self.unwritten, []
        if not self.extend(always=True):
            self.missing |= {reading.aws_distribution_id for reading in batch}
            return
        result = ledger_write(batch, self.now)
        self.changed += result.changed
        self.changes += result.changes


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
