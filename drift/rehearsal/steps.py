"""What each step asks for, with the verbs of the services, and what it then looks at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from billing.models import CollectionWindow
from channels_app import playback as playback_urls
from channels_app import services
from channels_app.ingest import input_dest_urls
from channels_app.models.breakout import ON_AIR, State, UsageStatus
from channels_app.models.channel import State as ChannelState
from channels_app.readiness import readiness
from distributions import jobs
from distributions import services as distributions
from distributions.models import Desired, Distribution
from distributions.stale import is_stale
from drift.rehearsal import left, playback
from drift.rehearsal.outcome import StepError, StepSkipped
from drift.rehearsal.rows import WHO, Rows, trouble
from drift.rehearsal.waiting import Look
from streamhub.clock import database_now
from streamhub.lifecycle.expectation import expected
from streamhub.lifecycle.job_health import schedules

# A closing step has called its verb, but a step under way may still show the error from before it.
CLOSING_GRACE = 30.0
# A name that DNS does not know yet, a distribution that not every edge has.
PLAYBACK_GRACE = 60.0
# Usage that is planned to be read later than this is not waited for, nor is a job that is late.
USAGE_PATIENCE = timedelta(minutes=2)
LATER: dict[str, str] = {
    UsageStatus.PENDING: "; more comes by itself",
    UsageStatus.PROVISIONAL: "; it is refined by itself",
}
NOT_READ = "it was not read yet; the job collect_metrics reads it by itself"
AGAIN_SECONDS = 5.0

Act = Callable[[Rows], object]
Looking = Callable[[Rows, datetime], Look]


def _channel(rows: Rows, since: datetime) -> Look:
    row = rows.required_channel()
    if row.state == ChannelState.IDLE:
        return Look("", done=f"idle; it has {len(input_dest_urls(row))} ingest URL, to which nobody may push")
    failure = trouble([row, row.security_group, row.distribution], since)
    return Look(f"the channel is {row.state}. {expected(row) or row.error_message}".rstrip(), failure=failure)


def _ready(rows: Rows, since: datetime) -> Look:
    row = rows.required_breakout()
    found = readiness(row)
    if found.ready:
        return Look("", done=f"ready: {len(found.checks)} checks")
    waits = [f"{check.name}: {check.detail}" for check in found.checks if not check.passes]
    channel = row.channel
    failure = trouble([channel, channel.distribution], since) if channel is not None else None
    return Look(f"not ready. {' '.join(waits)}", failure=failure)


def _start(rows: Rows, since: datetime) -> Look:
    row = rows.required_breakout()
    if row.state == State.RUNNING:
        return Look("", done="running")
    return Look(f"the breakout is {row.state}", failure=trouble([row], since))


def _curtain(rows: Rows, since: datetime) -> Look:
    row = rows.required_breakout()
    url = playback_urls.of_breakout(row)
    if url is not None:
        return Look("", done=url)
    return Look("there is no playback URL yet", failure=trouble([row], since))


def _playback(rows: Rows, since: datetime) -> Look:
    answer = playback.judge(*playback.ask(rows.required_breakout(), WHO))
    if isinstance(answer, StepError):
        return Look(answer.message, failure=answer, grace=PLAYBACK_GRACE, pause=AGAIN_SECONDS)
    return Look("", done=answer)


def _stop(rows: Rows, since: datetime) -> Look:
    row = rows.breakout()
    if row is None or row.state in (State.COMPLETED, State.CANCELLED):
        return Look("", done=row.state if row else "gone")
    return Look(f"the breakout is {row.state}", failure=trouble([row], since), grace=CLOSING_GRACE)


def _ask_stop(rows: Rows) -> None:
    row = rows.breakout()
    if row is not None and row.state in (*ON_AIR, State.FAILED):
        services.breakout_stop(row, who=WHO)


def _delete(rows: Rows, since: datetime) -> Look:
    row, group = rows.channel(), rows.group()
    if row is None and group is None:
        return Look("", done="gone from AWS, and its row")
    said = (
        f"the channel is {row.state}. {expected(row) or row.error_message}"
        if row
        else "its security group is left"
    )
    failure = trouble([row, group], since)
    return Look(said.rstrip(), failure=failure, grace=CLOSING_GRACE)


def _ask_delete(rows: Rows) -> None:
    row = rows.channel()
    if row is not None:
        services.channel_delete(row, who=WHO)


def _reap(rows: Rows, since: datetime) -> Look:
    found = rows.distributions()
    if not found:
        return Look("", done="reaped")
    kept = [row for row in found if row.desired != Desired.DELETED]
    if kept:
        detail = (
            f"The distribution {kept[0].aws_distribution_id} is not to be deleted: it belongs to its channel."
        )
        return Look(detail, failure=StepError("not_possible", detail))
    waits = ", ".join(_waits(row) for row in found)
    return Look(waits, failure=trouble(list(found), since), grace=CLOSING_GRACE)


def _waits(row: Distribution) -> str:
    if not is_stale(row):
        return f"the distribution is {row.state}. {expected(row) or row.error_message}".rstrip()
    schedule = schedules().get(jobs.DELETE_STALE_DISTRIBUTIONS.name)
    if schedule is None or not schedule.enabled:
        distributions.reaper_run(who=WHO)
        return "the distribution is disabled; the reaper is switched off, so a run was asked for"
    return "the distribution is disabled, and waits for the reaper's next run"


def _usage(rows: Rows, since: datetime) -> Look:
    row = rows.breakout()
    windows = CollectionWindow.objects.filter(attachment__breakout=row)
    if row is not None and windows.filter(read_at__isnull=False).exists():
        so_far = (
            "no bytes yet" if row.usage_bytes_downloaded is None else f"{row.usage_bytes_downloaded:,} bytes"
        )
        return Look(
            "", done=f"read from CloudWatch: {so_far}, {row.usage_status}{LATER.get(row.usage_status, '')}"
        )
    planned = windows.values_list("next_read_at", flat=True).first()
    if planned is not None and planned - database_now() > USAGE_PATIENCE:
        raise StepSkipped(f"it is read by itself at {planned:%H:%M} UTC; CloudWatch publishes late")
    late = StepError("not_read", NOT_READ)
    return Look("waits for the job collect_metrics", failure=late, grace=USAGE_PATIENCE.total_seconds())


def _left(rows: Rows, since: datetime) -> Look:
    found = [*left.of_rows(rows), *left.of_aws(rows)]
    if not found:
        return Look("", done="nothing is left in AWS or in the database")
    detail = "; ".join(map(str, found))
    # A list of AWS may still show for some seconds what is gone.
    return Look(detail, failure=StepError("left", detail), grace=PLAYBACK_GRACE, pause=AGAIN_SECONDS)


def _nothing(_rows: Rows) -> None:
    """The step asks for nothing; it only looks."""


# By the key of the step: what it asks for, and what it looks at until it is so.
STEPS: dict[str, tuple[Act, Looking]] = {
    "channel": (Rows.create_channel, _channel),
    "ready": (Rows.create_breakout, _ready),
    "start": (lambda rows: services.breakout_start(rows.required_breakout(), who=WHO), _start),
    "curtain": (lambda rows: services.breakout_curtain(rows.required_breakout(), True, who=WHO), _curtain),
    "playback": (_nothing, _playback),
    "stop": (_ask_stop, _stop),
    "delete": (_ask_delete, _delete),
    "reap": (_nothing, _reap),
    "usage": (_nothing, _usage),
    "left": (_nothing, _left),
}
