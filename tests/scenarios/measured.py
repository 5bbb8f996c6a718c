"""Phases of encoders as rows, and runs of the job that collects usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from billing import jobs, usage_collector
from billing.models import EncoderPhase
from billing.usage_rows import ServiceUsage
from channels_app.models import Breakout, Channel
from streamhub.aws.cloudwatch import MetricQuery, MetricSeries
from streamhub.errors import AwsError
from streamhub.lifecycle.models import Transition


class FakeMetrics:
    """Values by metric, AWS's id and minute. `error`: what every call raises; `complete`: of all series."""

    def __init__(self) -> None:
        self.data: dict[tuple[str, str, datetime], float] = {}
        self.calls: list[Sequence[MetricQuery]] = []
        self.error: AwsError | None = None
        self.complete = True

    def put(self, metric: str, aws_id: str, minute: datetime, value: float) -> None:
        self.data[metric, aws_id, minute] = value

    def get_metric_data(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime
    ) -> tuple[MetricSeries, ...]:
        if self.error:
            raise self.error
        assert len(queries) <= 500
        self.calls.append(queries)
        return tuple(self._series(query, start, end) for query in queries)

    def _series(self, query: MetricQuery, start: datetime, end: datetime) -> MetricSeries:
        aws_id = query.dimensions.get("Channel") or query.dimensions["ChannelId"]
        points = [
            (minute, value)
            for (metric, named, minute), value in self.data.items()
            if (metric, named) == (query.metric, aws_id) and start <= minute < end
        ]
        return MetricSeries(query.id, tuple(sorted(points)), self.complete)


def phase(
    channel: Channel, start: datetime, end: datetime | None, *, running: bool = True, **more: Any
) -> EncoderPhase:
    """A phase of a channel of 1080p with one pipeline and one push input."""
    columns = {
        "channel_id": channel.pk,
        "channel_uid": channel.uid,
        "channel_name": channel.name,
        "transition": EncoderPhase.objects.count() + 1,
        "profile": "1080p",
        "channel_class": "SINGLE_PIPELINE",
        "push_inputs": 1,
        "ml_channel_id": "7654321",
        "mp_channel_id": "package-1",
    }
    return EncoderPhase.objects.create(
        **{**columns, "started_at": start, "ended_at": end, "running": running, **more}
    )


def moved(channel: Channel, to: str, at: datetime, from_state: str = "x") -> None:
    """A transition of the channel."""
    Transition.objects.create(
        resource_type="channel",
        resource_id=channel.pk,
        resource_name=channel.name,
        who="test",
        why="test",
        from_state=from_state,
        to_state=to,
        at=at,
    )


def show(channel: Channel, start: datetime, end: datetime | None, **more: Any) -> Breakout:
    """A breakout of the channel that was on air from `start` to `end`."""
    row = Breakout.objects.create(
        name=f"talk {start:%H:%M}",
        channel=channel,
        channel_uid=channel.uid,
        channel_name=channel.name,
        state="completed" if end else "running",
        **more,
    )
    row.attachments.create(started_at=start, ended_at=end)
    return row


def collect(now: datetime, metrics: Any = None) -> str:
    """One run of the job at this moment; returns its outcome."""
    with jobs.COLLECT_USAGE.single() as run:
        assert run is not None
        try:
            usage_collector.collect_usage(run, now=now, metrics=metrics)
        except AwsError as error:
            return f"{run.outcome}; {error}"
        return run.outcome


def used(usage_type: str, **of: Any) -> list[ServiceUsage]:
    """The rows of one kind of usage, in order of time."""
    return list(ServiceUsage.objects.filter(usage_type=usage_type, **of).order_by("start", "breakout_uid"))
