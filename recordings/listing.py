"""Lists the files that archive outputs write to S3, until a list proves what a breakout has.

Proof is a complete list that was begun late enough after the encoder's end. Until there is one the breakout
is listed again and again: a bucket that refuses, or workers that were down for hours, only delay the list.

A channel writes under its uid, and each run of its encoder under the run's start time (AWS_RULES 21, "Design
the path for the output destination" in the MediaLive user guide). One run may cover several breakouts if the
channel is kept warm: a file belongs to every breakout whose session it overlaps (`sharing`: one pays for it).
Whether files are still there is looked at afterwards (`presence`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.template.defaultfilters import pluralize

from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR
from channels_app.services import RECORDINGS_MISSING, RECORDINGS_UNREAD, breakout_recordings_record
from recordings.models import BucketListing, Recording
from recordings.positions import positions_after, spans
from recordings.presence import LOOK_EVERY
from recordings.sessions import ROLLOVER, S3_PRECISION, STARTED_FORMAT, Session, belongs, session_of
from recordings.sharing import bill_once
from streamhub.aws.s3 import S3, ObjectInfo
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import AccessDenied, AwsError, NotFound
from streamhub.lifecycle.claim import after, backoff
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import error_fields

log = logging.getLogger(__name__)

# How long MediaLive may need to write a closed file to S3.
WRITING = timedelta(minutes=1)
# A run asks no more for other breakouts after so many refusals in a row: the bucket refuses.
GIVE_UP_AFTER_REFUSALS = 3
# Throttles and other passing errors are shown only if they last.
SHOWN_AFTER_FAILURES = 3
BATCH = 500
# The first wait after a failure is that of so many failures and one: about half a minute (`lifecycle.claim`).
FIRST_BACKOFF = 5


def proves(listed_at: datetime, breakout: Breakout) -> bool:
    """Whether a complete list begun at `listed_at` has every file that the breakout will ever have.

    A breakout that is over has been so since its encoder was idle, or was needed by others.
    """
    if breakout.state in ON_AIR:
        return False
    ended = breakout.session_ended_at or breakout.state_since
    return listed_at >= max(ended + ROLLOVER, breakout.state_since) + WRITING


def due() -> list[Breakout]:
    """The recorded breakouts whose files are not proven yet, without those that wait after a failure."""
    proven = Q(proven_session=OuterRef("session_started_at"))
    rests = BucketListing.objects.filter(proven | Q(not_before__gt=Now()), breakout=OuterRef("pk"))
    rows = Breakout.objects.filter(recorded=True, session_started_at__isnull=False)
    return list(rows.filter(~Exists(rests)).order_by("pk"))


def list_due(run: JobRun) -> None:
    """List the files of every due breakout; a failure does not stop the others, unless the bucket refuses."""
    breakouts = due()
    files = failed = refusals = 0
    refusal: AwsError | None = None
    for breakout in breakouts:
        try:
            if refusal is not None and refusals >= GIVE_UP_AFTER_REFUSALS:
                raise refusal
            files += list_files(breakout)
            refusals = 0
        except AwsError as error:
            log.warning("Recordings of breakout %s could not be listed: %s", breakout.pk, error)
            failed += 1
            if _refuses(error):
                refusal, refusals = error, refusals + 1
            could_not_list(breakout, error)
        if not run.extend():
            break
    outcome = f"{_counted(len(breakouts), 'breakout')}, {_counted(files, 'file')}"
    run.say(f"{outcome}, {failed} could not be listed" if failed else outcome)


def _refuses(error: AwsError) -> bool:
    """Whether the bucket, not just this call, cannot be read before somebody acts."""
    return isinstance(error, (AccessDenied, NotFound))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{pluralize(number)}"


def list_files(breakout: Breakout) -> int:
    """Store the files that one breakout has now; returns their number. Raises `AwsError`."""
    session = session_of(breakout)
    if session is None:
        return 0
    if not settings.RECORDING_BUCKET:
        raise NotFound("RECORDING_BUCKET is not set.")
    began, uid = database_now(), breakout.channel_uid
    known = {} if proves(began, breakout) else _positions_of(breakout)
    bucket = S3(current_session())
    items = [
        item
        for span in spans(uid, _floor(uid, session), known)
        for item in bucket.list_objects(settings.RECORDING_BUCKET, span.prefix, span.start_after)
    ]
    files = [item for item in items if belongs(item, uid, session)]
    closed = {item.key: item.last_modified for item in items}
    store(breakout, files, began, positions_after(known, closed, began, ROLLOVER + WRITING))
    return len(files)


def _positions_of(breakout: Breakout) -> dict[str, str]:
    """The positions of the last list; none before the first."""
    return BucketListing.objects.filter(breakout=breakout).values_list("positions", flat=True).first() or {}


def _floor(uid: str, session: Session) -> str:
    """The newest run of the channel that a recording is known of and that began before the session.

    Runs before it were over when it began, so that none of their files can be of this session.
    """
    before = f"{uid}/{session.began - S3_PRECISION:{STARTED_FORMAT}}"
    earlier = Recording.objects.filter(breakout__channel_uid=uid, key__lt=before)
    key = earlier.order_by("-key").values_list("key", flat=True).first()
    return key.rpartition("/")[0] if key else ""


def store(
    breakout: Breakout, files: Iterable[ObjectInfo], listed_at: datetime, positions: Mapping[str, str]
) -> None:
    """Save new and changed files, when the list was begun, and whether it leaves anything to look for."""
    known = dict(Recording.objects.filter(breakout=breakout).values_list("key", "modified_at"))
    rows = [
        Recording(breakout=breakout, key=item.key, size_bytes=item.size_bytes, modified_at=item.last_modified)
        for item in files
        if known.get(item.key) != item.last_modified
    ]
    complete = proves(listed_at, breakout)
    with transaction.atomic():
        Recording.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["breakout", "key"],
            update_fields=["size_bytes", "modified_at"],
        )
        bill_once(breakout, {*known, *(row.key for row in rows)} if complete else {row.key for row in rows})
        proven = {"proven_session": breakout.session_started_at} if complete else {}
        if complete:
            proven |= {"bucket": settings.RECORDING_BUCKET, "look_at": listed_at + LOOK_EVERY}
        listed = {"listed_at": listed_at, "positions": dict(positions), "failures": 0, "not_before": None}
        BucketListing.objects.update_or_create(breakout=breakout, defaults={**listed, **proven})
        if complete and not known and not rows:
            _show(breakout, *_missing())
        else:
            _clear(breakout)


def could_not_list(breakout: Breakout, error: AwsError) -> None:
    """Save that the bucket could not be read, and when to try again: at most five minutes later, for ever."""
    with transaction.atomic():
        listing, _ = BucketListing.objects.get_or_create(breakout=breakout)
        failures = listing.failures + 1
        wait = after(backoff(failures + FIRST_BACKOFF))
        BucketListing.objects.filter(pk=listing.pk).update(failures=failures, not_before=wait)
        if _refuses(error) or failures >= SHOWN_AFTER_FAILURES:
            _show(breakout, *_unread(error))


def _unread(error: AwsError) -> tuple[AwsError, str]:
    shown = AwsError(
        f"The recording bucket {settings.RECORDING_BUCKET} could not be listed: {error}",
        code=RECORDINGS_UNREAD,
        request_id=error.request_id,
    )
    shown.needs_person = _refuses(error)
    hint = (
        "Allow s3:ListBucket on the bucket, or correct RECORDING_BUCKET. StreamHub looks again, at most five "
        "minutes apart, until it has read what is there; no file is lost meanwhile."
    )
    return shown, hint


def _missing() -> tuple[AwsError, str]:
    shown = AwsError(
        f"The channel should have recorded it, but the bucket {settings.RECORDING_BUCKET} has no file of it. "
        "The bucket was listed after the end.",
        code=RECORDINGS_MISSING,
    )
    shown.needs_person = True
    hint = (
        "MediaLive may not have been allowed to write: give the role MEDIALIVE_ROLE_ARN s3:PutObject on the "
        "bucket, and look at MediaLive's alerts. What was not written cannot be recovered."
    )
    return shown, hint


def _show(breakout: Breakout, error: AwsError, hint: str) -> None:
    """Show the error on the listing, which keeps its beginning, and on the breakout."""
    fields = error_fields(error, hint)
    since = Coalesce("wrong_since", Now())
    BucketListing.objects.filter(breakout=breakout).update(**fields, wrong_since=since)
    breakout_recordings_record(breakout.pk, error, hint)


def _clear(breakout: Breakout) -> None:
    wrong = BucketListing.objects.filter(breakout=breakout, wrong_since__isnull=False)
    wrong.update(**error_fields(None), wrong_since=None)
    breakout_recordings_record(breakout.pk, None)
