"""Breakouts and attachments as rows, a fake CloudWatch, and runs of the collector."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from billing import jobs, metrics_collector
from billing.attribution import Amount, Period, Share, attribute
from billing.ledger_sums import coverages, periods
from billing.metric_requests import DATAPOINTS
from channels_app.models import Attachment, Breakout
from streamhub.aws.cloudwatch import MetricQuery, MetricSeries
from streamhub.errors import AwsError

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


class FakeCloudWatch:
    """Metrics by (distribution, minute): bytes and requests. A missing entry means no data."""

    def __init__(self) -> None:
        self.data: dict[tuple[str, datetime], tuple[int | None, int | None]] = {}
        self.calls: list[tuple[int, datetime, datetime, int]] = []
        self.error: AwsError | None = None
        self.error_after = 0
        self.complete = True

    def put(self, aws_id: str, minute: datetime, downloaded: int | None, requests: int | None = 1) -> None:
        self.data[aws_id, minute] = downloaded, requests

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> tuple[MetricSeries, ...]:
        if self.error and len(self.calls) >= self.error_after:
            raise self.error
        self.calls.append((len(queries), start, end, queries[0].period))
        assert len(queries) <= 500
        assert len({query.id for query in queries}) == len(queries)
        spans = (end - start).total_seconds() / queries[0].period
        assert len(queries) * spans <= DATAPOINTS
        return tuple(self._series(query, start, end) for query in queries)

    def _series(self, query: MetricQuery, start: datetime, end: datetime) -> MetricSeries:
        assert query.namespace == "AWS/CloudFront"
        assert query.stat == "Sum"
        assert query.dimensions["Region"] == "Global"
        column = ("BytesDownloaded", "Requests").index(query.metric)
        sums: dict[datetime, float] = {}
        for (aws_id, minute), values in self.data.items():
            value = values[column]
            at = minute - timedelta(seconds=minute.timestamp() % query.period)
            if aws_id == query.dimensions["DistributionId"] and start <= at < end and value is not None:
                sums[at] = sums.get(at, 0.0) + value
        return MetricSeries(query.id, tuple(sorted(sums.items())), self.complete)


class Collector:
    """The collector, run at times that the test chooses."""

    def __init__(self, metrics: Any) -> None:
        self.metrics = metrics

    def run(self, now: datetime) -> str:
        with jobs.COLLECT_METRICS.single() as run:
            assert run is not None
            metrics_collector.collect_metrics(run, now=now, metrics=self.metrics)
            return run.outcome

    def days(self, now: datetime) -> str:
        with jobs.REREAD_DAYS.single() as run:
            assert run is not None
            metrics_collector.reread_days(run, now=now, metrics=self.metrics)
            return run.outcome

    def until_final(self, breakout: Breakout, now: datetime) -> datetime:
        """Run until the usage is final, with intervals in which nothing changes."""
        for _ in range(4):
            self.run(now)
            breakout.refresh_from_db()
            if breakout.usage_status == "final":
                return now
            now += HOUR + minutes(1)
        raise AssertionError(f"not final: {breakout.usage_status}")


def make_breakout(
    *attached: tuple[str, datetime, datetime | None], state: str = "completed", name: str = "keynote"
) -> Breakout:
    """A breakout with its attachments: (AWS distribution id, start, end)."""
    row = Breakout.objects.create(name=name, channel_uid="c" * 32, channel_name="main stage", state=state)
    for aws_id, start, end in attached:
        Attachment.objects.create(breakout=row, aws_distribution_id=aws_id, started_at=start, ended_at=end)
    return row


def usage(row: Breakout) -> tuple[str, int | None, int | None]:
    row.refresh_from_db()
    return row.usage_status, row.usage_bytes_downloaded, row.usage_requests


def shares_of(aws_id: str, start: datetime, end: datetime) -> dict[int | None, Amount]:
    """What each breakout (None: nobody) has of a distribution's ledger from start to end."""
    return totals(attribute(periods(aws_id, start, end), coverages([aws_id], start, end)[aws_id]))


def totals(attributed: Iterable[tuple[Period, list[Share]]]) -> dict[int | None, Amount]:
    """Sums by breakout; the key None has the unattributed sum."""
    sums: defaultdict[int | None, Amount] = defaultdict(Amount)
    for _period, shares in attributed:
        for share in shares:
            sums[share.breakout] += share.amount
    return dict(sums)
