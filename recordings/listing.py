"""What breakouts' archive outputs wrote: listed on S3 while they run and for a while after, and kept.

A channel writes below its uid, each run of its encoder below the time at which the run started
("Design the path for the output destination" in the MediaLive user guide, AWS_RULES 21). A channel that
is kept warm may carry several breakouts in one run: a file is of every breakout whose session it met.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from channels_app.models import Breakout
from channels_app.models.breakout import State
from recordings.models import BucketListing, Recording
from streamhub.aws.encoding import ROLLOVER_SECONDS
from streamhub.aws.s3 import S3, ObjectInfo
from streamhub.aws.session import current_session
from streamhub.errors import AwsError
from streamhub.lifecycle.lease import JobRun

log = logging.getLogger(__name__)

# How long after its end a breakout is listed again: MediaLive closes its last file some time after the stop.
LISTED_FOR = timedelta(minutes=30)
# The longest that one file lasts.
ROLLOVER = timedelta(seconds=ROLLOVER_SECONDS)
# S3 tells when an object was written in whole seconds.
S3_PRECISION = timedelta(seconds=1)
STARTED_FORMAT = "%Y%m%dT%H%M%S"
BATCH = 500


@dataclass(frozen=True)
class Session:
    """When a breakout ran: from its accepted start to its accepted stop (None: it still runs)."""

    began: datetime
    ended: datetime | None


def run_started(key: str, channel_uid: str) -> datetime | None:
    """When the encoder's run that wrote this object started; None if the key is not one of ours."""
    uid, _, rest = key.partition("/")
    moment, slash, name = rest.partition("/")
    if uid != channel_uid or not slash or not name:
        return None
    try:
        return datetime.strptime(moment, STARTED_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def belongs(item: ObjectInfo, channel_uid: str, session: Session) -> bool:
    """Whether the file was closed after the session's begin, and begun before its end."""
    started = run_started(item.key, channel_uid)
    if started is None or item.last_modified + S3_PRECISION < session.began:
        return False
    begun = max(started, item.last_modified - ROLLOVER)
    return session.ended is None or begun <= session.ended


def due() -> list[Breakout]:
    """Breakouts that ran and may still get files; those of channels that do not record are left out."""
    recent = Q(session_ended_at__gte=timezone.now() - LISTED_FOR)
    running = Q(state__in=(State.RUNNING, State.STOPPING))
    rows = Breakout.objects.filter(recent | running, session_started_at__isnull=False)
    # Of a deleted channel nobody knows whether it recorded: listing says so.
    return list(rows.filter(Q(channel__record=True) | Q(channel__isnull=True)).order_by("pk"))


def list_due(run: JobRun) -> None:
    """One run: list what each due breakout's channel wrote; one that fails does not stop the others."""
    if not settings.RECORDING_BUCKET:
        run.say("RECORDING_BUCKET is not set")
        return
    breakouts = due()
    files = failed = 0
    for breakout in breakouts:
        try:
            files += list_one(breakout)
        except AwsError as error:
            log.warning("Recordings of breakout %s could not be listed: %s", breakout.pk, error)
            failed += 1
        if not run.extend():
            break
    said = f"{len(breakouts)} breakouts, {files} files"
    run.say(f"{said}, {failed} could not be listed" if failed else said)


def list_one(breakout: Breakout) -> int:
    """Store what there is of one breakout now; how many files. Raises `AwsError`."""
    first = breakout.attachments.order_by("started_at").values_list("started_at", flat=True).first()
    began = first or breakout.session_started_at
    if began is None:
        return 0
    session = Session(began, breakout.session_ended_at)
    uid = breakout.channel_uid
    objects = S3(current_session()).list_objects(settings.RECORDING_BUCKET, f"{uid}/")
    found = [item for item in objects if belongs(item, uid, session)]
    store(breakout, found)
    return len(found)


def store(breakout: Breakout, found: Iterable[ObjectInfo]) -> None:
    """Write the listing down; files that are known and unchanged cost nothing more."""
    known = dict(Recording.objects.filter(breakout=breakout).values_list("key", "modified_at"))
    rows = [
        Recording(breakout=breakout, key=item.key, size_bytes=item.size_bytes, modified_at=item.last_modified)
        for item in found
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
