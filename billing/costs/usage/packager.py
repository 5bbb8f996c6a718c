"""An hour of MediaPackage and MediaLive's own word on what ran, from CloudWatch: functions of values.

Pages: "AWS Elemental MediaPackage live content metrics", "Global metrics" of the MediaLive guide. A minute is
split between shows as CloudFront's bytes are. A channel that sends or is asked for nothing has no datapoint:
that is not known to be 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from billing.attribution import Coverage, Span, split
from billing.costs.usage.calendar import HOUR
from billing.costs.usage.rows import RowKey, UsageFigure
from billing.costs.usage.runs import Run
from billing.pricing.catalogue import GB, INGEST, ORIGINATION, Usage
from billing.usage_rows import EncoderCheck, UsageSource
from billing.usage_window import MINUTE

Points = tuple[tuple[datetime, float], ...]
METRICS = {"IngressBytes": INGEST, "EgressBytes": ORIGINATION}
NOT_READ = "CloudWatch has not been read for this hour yet."
IN_PART = "CloudWatch did not answer in full; it is asked again."
NO_DATA = "CloudWatch has no datapoint of it: nothing was sent, or nothing was published."
NO_ID = "The channel's id at MediaPackage is not known."
# A channel runs for AWS once it is started, and for us from the order on until it is seen to be idle.
MORE_THAN_OURS = 2
LESS_THAN_OURS = 12


@dataclass(frozen=True)
class Answer:
    """CloudWatch's datapoints of a metric, `period` seconds each; `complete`: all that there are."""

    points: Points
    period: int
    complete: bool


class Packaged:
    """One MediaPackage channel in an hour: its runs, and so its shows."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        phase = runs[0].phase
        self.channel_uid, self.channel_name, self.aws_id = (
            phase.channel_uid,
            phase.channel_name,
            phase.mp_channel_id,
        )

    def figures(
        self, hour: datetime, tail: timedelta, answers: Mapping[str, Answer] | None
    ) -> list[UsageFigure]:
        """The rows of ingest and egress. `answers` by metric; None: CloudWatch was not read."""
        shows = {show for run in self.runs for show in run.shows}
        coverage = Coverage(Span(show.pk, show.start, show.end, tail) for show in shows)
        uids = {show.pk: show.uid for show in shows}
        present = [uids[weight.breakout] for weight in coverage.weights(hour, hour + HOUR)] or [""]
        found = []
        for metric, usage in METRICS.items():
            answer = answers.get(metric) if answers is not None else None
            if answer is None or not answer.complete or not answer.points:
                found += [self._figure(usage, uid, None, self._reason(answer)) for uid in present]
            else:
                sums = _by_show(answer, coverage, uids)
                found += [self._figure(usage, uid, total) for uid, total in sorted(sums.items())]
        return found

    def _reason(self, answer: Answer | None) -> str:
        if not self.aws_id:
            return NO_ID
        if answer is None:
            return NOT_READ
        return NO_DATA if answer.complete else IN_PART

    def _figure(self, usage: Usage, uid: str, total: int | None, reason: str = "") -> UsageFigure:
        return UsageFigure(
            RowKey(usage.usage_type, self.channel_uid, uid, self.aws_id),
            usage.service,
            usage.unit,
            self.channel_name,
            None if total is None else Decimal(total) / GB,
            UsageSource.CLOUDWATCH,
            reason,
        )


def _by_show(answer: Answer, coverage: Coverage, uids: Mapping[int, str]) -> dict[str, int]:
    """Whole bytes by breakout, "" for what none covers. Their sum is the sum of the points."""
    sums: dict[str, int] = {}
    for at, value in answer.points:
        weights = coverage.weights(at, at + timedelta(seconds=answer.period))
        parts = (
            split(round(value), [weight.microseconds for weight in weights]) if weights else [round(value)]
        )
        names = [uids[weight.breakout] for weight in weights] or [""]
        for uid, part in zip(names, parts, strict=True):
            sums[uid] = sums.get(uid, 0) + part
    return sums


def packaged(runs: Iterable[Run]) -> list[Packaged]:
    """The MediaPackage channels that got something from an encoder in these runs."""
    by_channel: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        if run.phase.running:
            by_channel.setdefault((run.phase.channel_uid, run.phase.mp_channel_id), []).append(run)
    return [Packaged(some) for some in by_channel.values()]


def encoder_checks(
    runs: Iterable[Run], hour: datetime, answers: Mapping[str, Answer]
) -> Iterator[EncoderCheck]:
    """What CloudWatch says of each running channel's minutes. `answers` by MediaLive's id."""
    by_channel: dict[str, list[Run]] = {}
    for run in runs:
        if run.phase.running and run.phase.ml_channel_id:
            by_channel.setdefault(run.phase.ml_channel_id, []).append(run)
    for aws_id, some in by_channel.items():
        ours = len({minute for run in some for minute in _minutes(run, hour)})
        answer = answers.get(aws_id)
        # Longer periods do not tell minutes apart.
        known = answer is not None and answer.complete and answer.period == MINUTE
        theirs = len(answer.points) if answer is not None and known else None
        yield EncoderCheck(
            channel_uid=some[0].phase.channel_uid,
            channel_name=some[0].phase.channel_name,
            aws_channel_id=aws_id,
            hour=hour,
            our_minutes=ours,
            aws_minutes=theirs,
            differs=theirs is not None and not -LESS_THAN_OURS <= theirs - ours <= MORE_THAN_OURS,
        )


def _minutes(run: Run, hour: datetime) -> range:
    """The minutes of the hour in which it ran, also in part."""
    first = max(0, (run.phase.started_at - hour) // timedelta(seconds=MINUTE))
    last = -((hour - min(run.end, hour + HOUR)) // timedelta(seconds=MINUTE))
    return range(first, max(first, last))
