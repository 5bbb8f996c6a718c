"""The job *collect_usage*: hours of MediaLive and MediaPackage and days of storage, as rows.

The rows themselves say what is missing (hours not read yet), not the time of the last run: after an outage
the next runs read what CloudWatch still has. An AWS error ends the run; what was read before it counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Min

from billing.costs.phases import phases_record
from billing.costs.usage.calendar import HOUR, HOUR_SECONDS, hours_open, hours_to_read, is_final
from billing.costs.usage.encoder import encoder_figures
from billing.costs.usage.packager import METRICS, Answer, Packaged, encoder_checks, packaged
from billing.costs.usage.rows import usage_write
from billing.costs.usage.runs import Run, runs_between
from billing.costs.usage.storage import storage_collect
from billing.daily_rereads import KEPT
from billing.metric_requests import QUERIES, MetricRange, segments
from billing.metrics_collector import Metrics
from billing.models import EncoderPhase
from billing.usage_rows import EncoderCheck, UsageHour, UsageSource
from channels_app.models.breakout import tail_now
from streamhub.aws.cloudwatch import CloudWatch, MetricQuery
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun

MEDIAPACKAGE, MEDIALIVE = "AWS/MediaPackage", "AWS/MediaLive"
# Every running pipeline reports it each minute; a channel that does not run has none.
RUNNING = "ActiveAlerts"
MOST_HOURS = 48  # of CloudWatch in a run


def collect_usage(run: JobRun, *, now: datetime | None = None, metrics: Metrics | None = None) -> None:
    """Write the rows of the hours that are open or to be read, and of storage.

    The phases of encoders are recorded first: an hour that is read without them would lack them for ever.
    Raises the `AwsError` that ended the run, after writing what was read.
    """
    phases_record()
    collector = UsageCollector(run, now or database_now(), metrics)
    collector.collect()
    changed = storage_collect(collector.now)
    run.say(f"{collector}, new or changed rows: {collector.changed + changed}")
    if collector.error is not None:
        raise collector.error


@dataclass(frozen=True)
class _Wanted:
    """A series to read: of a channel's id at MediaPackage or MediaLive."""

    namespace: str
    aws_id: str
    metric: str

    def query(self, number: int, period: int) -> MetricQuery:
        package = self.namespace == MEDIAPACKAGE
        return MetricQuery(
            id=f"m{number}",
            namespace=self.namespace,
            metric=self.metric,
            dimensions={"Channel": self.aws_id} if package else {"ChannelId": self.aws_id, "Pipeline": "0"},
            stat="Sum" if package else "Maximum",
            period=period,
        )


@dataclass
class UsageCollector:
    """One run: its calls and what they changed."""

    run: JobRun
    now: datetime
    metrics: Metrics | None
    calls: int = 0
    hours: int = 0
    changed: int = 0
    differ: int = 0
    error: AwsError | None = None
    _answers: dict[_Wanted, Answer] = field(default_factory=dict)

    def __str__(self) -> str:
        differ = f", channels that ran otherwise for AWS: {self.differ}" if self.differ else ""
        return f"hours read: {self.hours}, calls: {self.calls}{differ}"

    def collect(self) -> None:
        first = EncoderPhase.objects.aggregate(at=Min("started_at"))["at"]
        if first is None:
            return
        for hour in hours_open(self.now):
            if hour + HOUR > first:
                self._write(hour, runs_between(hour, hour + HOUR, self.now), read=False)
        for hour in self._due(max(first, self.now - KEPT)):
            if self.error is not None or not self.run.extend():
                return
            self._hour(hour)

    def _due(self, first: datetime) -> list[datetime]:
        read = dict(UsageHour.objects.filter(hour__gte=first - HOUR).values_list("hour", "read_at"))
        return hours_to_read(first, read, self.now, MOST_HOURS)

    def _hour(self, hour: datetime) -> None:
        runs = runs_between(hour, hour + HOUR, self.now)
        try:
            self._read(hour, runs)
        except AwsError as error:
            self.error = error
        self._write(hour, runs, read=self.error is None)
        self.hours += self.error is None

    def _read(self, hour: datetime, runs: Sequence[Run]) -> None:
        self._answers = {}
        wanted = sorted(set(_wanted(runs)), key=lambda each: (each.namespace, each.aws_id, each.metric))
        for period, part in segments(MetricRange("", hour, hour + HOUR), self.now):
            for n in range(0, len(wanted), QUERIES):
                self._call(wanted[n : n + QUERIES], period, part.start, part.end)

    def _call(self, wanted: Sequence[_Wanted], period: int, start: datetime, end: datetime) -> None:
        self.metrics = self.metrics or CloudWatch(current_session())
        queries = [each.query(number, period) for number, each in enumerate(wanted)]
        found = self.metrics.get_metric_data(queries, start, end)
        self.calls += 1
        for each, series in zip(wanted, found, strict=True):
            self._answers[each] = Answer(series.points, period, series.complete)

    @transaction.atomic
    def _write(self, hour: datetime, runs: Sequence[Run], *, read: bool) -> None:
        complete = read and all(answer.complete for answer in self._answers.values())
        final = complete and is_final(hour, self.now)
        figures = encoder_figures(runs, hour)
        self.changed += usage_write(
            hour, HOUR_SECONDS, figures, UsageSource.TRANSITIONS, self.now, final=final
        )
        if not read and UsageHour.objects.filter(hour=hour).exists():
            return  # what was read before is more than that nothing was read now
        figures = [
            figure
            for channel in packaged(runs)
            for figure in channel.figures(hour, tail_now(), self._of(channel) if read else None)
        ]
        self.changed += usage_write(
            hour, HOUR_SECONDS, figures, UsageSource.CLOUDWATCH, self.now, final=final
        )
        if read:
            self._check(hour, runs)
        if complete:
            UsageHour.objects.update_or_create(hour=hour, defaults={"read_at": self.now})

    def _of(self, channel: Packaged) -> dict[str, Answer]:
        ids = {metric: _Wanted(MEDIAPACKAGE, channel.aws_id, metric) for metric in METRICS}
        return {metric: self._answers[each] for metric, each in ids.items() if each in self._answers}

    def _check(self, hour: datetime, runs: Sequence[Run]) -> None:
        answers = {
            each.aws_id: answer for each, answer in self._answers.items() if each.namespace == MEDIALIVE
        }
        checks = list(encoder_checks(runs, hour, answers))
        self.differ += sum(check.differs for check in checks)
        EncoderCheck.objects.bulk_create(
            checks,
            update_conflicts=True,
            unique_fields=["hour", "channel_uid", "aws_channel_id"],
            update_fields=["channel_name", "our_minutes", "aws_minutes", "differs"],
        )


def _wanted(runs: Sequence[Run]) -> Iterator[_Wanted]:
    for run in runs:
        if not run.phase.running:
            continue
        if run.phase.mp_channel_id:
            for metric in METRICS:
                yield _Wanted(MEDIAPACKAGE, run.phase.mp_channel_id, metric)
        if run.phase.ml_channel_id:
            yield _Wanted(MEDIALIVE, run.phase.ml_channel_id, RUNNING)
