"""The work of the job `watch_inputs`: ask AWS what the channels that run receive. Without one, no call.

A run makes a bounded number of calls: metrics of up to 500 series a call, once a minute; ListAlerts for those
whose metrics are suspicious or that are not well, then for whoever was asked longest ago; and a few stills in
turn. Which channels are left out is said, and they are first in the next run.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F
from django.template.defaultfilters import pluralize
from PIL import Image, ImageStat, UnidentifiedImageError

from channels_app.ingest import pipelines_of
from channels_app.models import InputFacts
from channels_app.services.input_facts import (
    ALERT_CALLS,
    Minute,
    SeenStill,
    input_alerts_record,
    input_facts_prepare,
    input_metrics_record,
    input_unread,
    still_record,
    stills_asked,
)
from channels_app.services.rescue import MAIN
from streamhub.aws.cloudwatch import MAX_QUERIES, CloudWatch, MetricQuery, MetricSeries
from streamhub.aws.medialive_watch import MediaLiveWatch, StillInfo
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import AwsError, NotFound
from streamhub.lifecycle.lease import JobRun

log = logging.getLogger(__name__)

FIRST_CALLS = 50  # of ALERT_CALLS, for what is suspicious: the others must not starve
STILL_CALLS = 20  # a run
ERRORS_IN_A_ROW = 3  # then AWS is left alone until the next run
METRICS_EVERY = timedelta(seconds=60)
MINUTE = timedelta(minutes=1)
# Metrics come up to some minutes late: the newest minute of these counts.
LOOK_BACK = timedelta(minutes=5)
NAMESPACE = "AWS/MediaLive"
ALERTS, NETWORK, DROPPED = "ActiveAlerts", "NetworkIn", "DroppedFrames"
STATISTICS = {ALERTS: "Maximum", NETWORK: "Average", DROPPED: "Sum"}
BITS = 1_000_000  # a megabit
LARGEST_STILL = 2_000_000  # bytes
SHOWN_TYPES = ("image/jpeg", "image/png", "image/webp")


class Series(NamedTuple):
    """A metric of one pipeline of a channel."""

    channel: int
    pipeline: int
    metric: str


def watch(run: JobRun) -> None:
    """One run. What AWS did not answer is said on its channel's row, and what was known of it stays."""
    input_facts_prepare()
    rows = list(InputFacts.objects.select_related("channel").order_by("pk"))
    if not rows:
        run.say("no channel runs")
        return
    Watch(run, rows).work()


class Watch:
    """One run of the job over the channels that take their input."""

    def __init__(self, run: JobRun, rows: Sequence[InputFacts]) -> None:
        self.run, self.rows, self.now = run, rows, database_now()
        self.live = MediaLiveWatch(current_session())
        self.suspicious = {row.pk for row in rows if row.alerts or row.problem or _is_silent(row)}
        self.errors_in_a_row = 0

    def work(self) -> None:
        self._measure()
        asked = self._each(self.alert_order(), self._ask_alerts)
        stills = self._each(self._still_order(), self._ask_stills) if self.run.extend() else 0
        total = f"{len(self.rows)} channel{pluralize(len(self.rows))} running"
        self.run.say(f"{total}, alerts of {asked} and stills of {stills} read")

    def _each(self, rows: Iterable[InputFacts], ask: Callable[[InputFacts], None]) -> int:
        """Ask for each row until AWS refuses several times in a row; for how many it answered."""
        answered = 0
        for row in rows:
            if self.errors_in_a_row >= ERRORS_IN_A_ROW:
                break
            try:
                ask(row)
            except AwsError as error:
                self.errors_in_a_row += 1
                self.run.fall_short(f"{row.channel.name}: {error}")
            else:
                self.errors_in_a_row, answered = 0, answered + 1
        return answered

    # -- alerts

    def alert_order(self) -> list[InputFacts]:
        """Whoever was asked longest ago comes first, and before them some of those that are suspicious."""
        waiting = sorted(self.rows, key=lambda row: (row.asked_at is not None, row.asked_at, row.pk))
        first = [row for row in waiting if row.pk in self.suspicious][:FIRST_CALLS]
        others = [row for row in waiting if row not in first]
        return (first + others)[:ALERT_CALLS]

    def _ask_alerts(self, row: InputFacts) -> None:
        channel = row.channel
        try:
            alerts = self.live.alerts(channel.ml_channel_id)
            active = {0: MAIN}  # a single pipeline with a single input has nothing else to read
            if pipelines_of(channel) > 1 or channel.second_input_type:
                pipelines = self.live.pipelines(channel.ml_channel_id)
                active = {each.pipeline: each.active_input for each in pipelines}
        except AwsError as error:
            input_unread(row, str(error))
            raise
        input_alerts_record(row, alerts, active)

    # -- metrics

    def _measure(self) -> None:
        due = [row for row in self.rows if _is_due(row, self.now)]
        end = self.now.replace(second=0, microsecond=0)
        series = {
            f"m{row.pk}_{pipeline}_{metric.lower()}": Series(row.pk, pipeline, metric)
            for row in due
            for pipeline in range(pipelines_of(row.channel))
            for metric in STATISTICS
        }
        channels = {row.pk: row.channel.ml_channel_id for row in due}
        queries = [_query(id, each, channels[each.channel]) for id, each in series.items()]
        found: dict[Series, MetricSeries] = {}
        try:
            for first in range(0, len(queries), MAX_QUERIES):
                some = queries[first : first + MAX_QUERIES]
                answers = CloudWatch(current_session()).get_metric_data(some, end - LOOK_BACK, end)
                found |= {series[answer.id]: answer for answer in answers}
        except AwsError as error:
            self.run.fall_short(f"metrics: {error}")
            return
        for row in due:
            self._record_metrics(row, found)

    def _record_metrics(self, row: InputFacts, found: Mapping[Series, MetricSeries]) -> None:
        minutes, last = {}, None
        for pipeline in range(pipelines_of(row.channel)):
            network = _last(found.get(Series(row.pk, pipeline, NETWORK)))
            dropped = _last(found.get(Series(row.pk, pipeline, DROPPED)))
            alerts = _last(found.get(Series(row.pk, pipeline, ALERTS)))
            minutes[pipeline] = Minute(
                None if network is None else round(network[1] * BITS),
                None if dropped is None else round(dropped[1]),
            )
            if (alerts and alerts[1]) or (network and not network[1]):
                self.suspicious.add(row.pk)
            last = max(filter(None, (last, network and network[0])), default=None)
        input_metrics_record(row, minutes, last)

    # -- stills

    def _still_order(self) -> list[InputFacts]:
        """As many as the calls allow, one call for each pipeline: whoever was asked longest ago first."""
        waiting = InputFacts.objects.select_related("channel").order_by(
            F("still_asked_at").asc(nulls_first=True), "pk"
        )
        chosen, calls = [], 0
        for row in waiting:
            calls += pipelines_of(row.channel)
            if calls > STILL_CALLS:
                break
            chosen.append(row)
        return chosen

    def _ask_stills(self, row: InputFacts) -> None:
        stills_asked(row)
        for pipeline in range(pipelines_of(row.channel)):
            try:
                still = self.live.still(row.channel.ml_channel_id, pipeline)
            except NotFound:
                continue  # it has stopped, or its settings are from before thumbnails were asked for
            if still is not None and still.content_type in SHOWN_TYPES and len(still.body) <= LARGEST_STILL:
                still_record(row, _seen(still))


def _is_silent(row: InputFacts) -> bool:
    return any(entry["network_in"] == 0 for entry in row.pipelines)


def _is_due(row: InputFacts, now: datetime) -> bool:
    return row.metrics_asked_at is None or now - row.metrics_asked_at >= METRICS_EVERY


def _query(id: str, series: Series, ml_channel_id: str) -> MetricQuery:
    dimensions = {"ChannelId": ml_channel_id, "Pipeline": str(series.pipeline)}
    seconds = int(MINUTE.total_seconds())
    return MetricQuery(id, NAMESPACE, series.metric, dimensions, STATISTICS[series.metric], seconds)


def _last(series: MetricSeries | None) -> tuple[datetime, float] | None:
    return series.points[-1] if series and series.points else None


def _seen(still: StillInfo) -> SeenStill:
    brightness = brightness_of(still.body)
    return SeenStill(still.pipeline, still.taken_at, still.content_type, still.body, brightness)


def brightness_of(picture: bytes) -> float | None:
    """The mean luma of a picture, 0 (black) to 255; None if it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            image.draft("L", (160, 90))
            return float(ImageStat.Stat(image.convert("L")).mean[0])
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        log.info("A thumbnail could not be decoded: %s", error)
        return None
