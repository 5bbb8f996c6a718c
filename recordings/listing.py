"""Lists the files that archive outputs write to S3, during a breakout and for a while after it.

A channel writes under its uid, and each run of its encoder under the run's start time (AWS_RULES 21, "Design
the path for the output destination" in the MediaLive user guide). One run may cover several breakouts if the
channel is kept warm: a file belongs to every breakout whose session it overlaps.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.template.defaultfilters import pluralize

from channels_app.models import Breakout
from channels_app.models.breakout import State
from recordings.models import BucketListing, Recording
from streamhub.aws.encoding import ROLLOVER_SECONDS
from streamhub.aws.s3 import S3, ObjectInfo
from streamhub.aws.session import current_session
from streamhub.clock import from_now
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun

log = logging.getLogger(__name__)

# A breakout is listed this long after its end: MediaLive closes the last file some time after the stop.
LISTED_FOR = timedelta(minutes=30)
# The longest duration of one file.
ROLLOVER = timedelta(seconds=ROLLOVER_SECONDS)
# S3 reports modification times in whole seconds.
S3_PRECISION = timedelta(seconds=1)
STARTED_FORMAT = "%Y%m%dT%H%M%S"
BATCH = 500


@dataclass(frozen=True)
class Session:
    """When a breakout ran: from its accepted start to its accepted stop (None: it is still running)."""

    began: datetime
    ended: datetime | None


def run_started(key: str, channel_uid: str) -> datetime | None:
    """When the encoder run that wrote this object started; None if the key is not the channel's."""
    uid, _, rest = key.partition("/")
    started, slash, name = rest.partition("/")
    if uid != channel_uid or not slash or not name:
        return None
    try:
        return datetime.strptime(started, STARTED_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def belongs(item: ObjectInfo, channel_uid: str, session: Session) -> bool:
    """Whether the file overlaps the session: closed after it began, and begun before it ended."""
    started = run_started(item.key, channel_uid)
    if started is None or item.last_modified + S3_PRECISION < session.began:
        return False
    file_began = max(started, item.last_modified - ROLLOVER)
    return session.ended is None or file_began <= session.ended


def due() -> list[Breakout]:
    """Breakouts that ran and may still get files, without those of channels that do not record."""
    recent = Q(session_ended_at__gte=from_now(-LISTED_FOR))
    running = Q(state__in=(State.RUNNING, State.STOPPING))
    rows = Breakout.objects.filter(recent | running, session_started_at__isnull=False)
    # Whether a deleted channel recorded is not known, so its breakouts are listed too.
    return list(rows.filter(Q(channel__record=True) | Q(channel__isnull=True)).order_by("pk"))


def list_due(run: JobRun) -> None:
    """List the files of every due breakout; a failure does not stop the others."""
    if not settings.RECORDING_BUCKET:
        run.say("RECORDING_BUCKET is not set")
        return
    breakouts = due()
    files = failed = 0
    for breakout in breakouts:
        try:
            files += list_files(breakout)
        except AwsError as error:
            log.warning("Recordings of breakout %s could not be listed: %s", breakout.pk, error)
            failed += 1
        if not run.extend():
            break
    outcome = f"{_counted(len(breakouts), 'breakout')}, {_counted(files, 'file')}"
    run.say(f"{outcome}, {failed} could not be listed" if failed else outcome)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{pluralize(number)}"


def list_files(breakout: Breakout) -> int:
    """Store the files that one breakout has now; returns their number. Raises `AwsError`."""
    first_start = breakout.attachments.order_by("started_at").values_list("started_at", flat=True).first()
    began = first_start or breakout.session_started_at
    if began is None:
        return 0
    session = Session(began, breakout.session_ended_at)
    uid = breakout.channel_uid
    objects = S3(current_session()).list_objects(settings.RECORDING_BUCKET, f"{uid}/")
    files = [item for item in objects if belongs(item, uid, session)]
    store(breakout, files)
    return len(files)


def store(breakout: Breakout, files: Iterable[ObjectInfo]) -> None:
    """Save new and changed files, and the time of this listing."""
    known = dict(Recording.objects.filter(breakout=breakout).values_list("key", "modified_at"))
    rows = [
        Recording(breakout=breakout, key=item.key, size_bytes=item.size_bytes, modified_at=item.last_modified)
        for item in files
        if known.get(item.key) != item.last_modified
    ]
    Recording.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["breakout", "key"],
        update_fields=["size_bytes", "modified_at"],
    )
    BucketListing.objects.update_or_create(breakout=breakout, defaults={"listed_at": Now()})
