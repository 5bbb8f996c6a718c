"""Whether files are still in the bucket: a lifecycle rule or a person may have deleted them.

A look lists the prefix of a channel, for all its breakouts at once: one request for a thousand files, once a
day (once a week when nothing is left). Only a complete list says that a file is gone; one that fails says
nothing, and is tried again. What is put back is found again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, QuerySet
from django.db.models.functions import Now

from recordings.models import BucketListing, Recording
from streamhub.aws.s3 import S3, ObjectInfo
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import AccessDenied, AwsError, NotFound
from streamhub.lifecycle.claim import after
from streamhub.lifecycle.lease import JobRun

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(days=1)
LOOK_AT_NOTHING_EVERY = timedelta(days=7)
LOOK_AGAIN_AFTER = timedelta(hours=1)  # after a failure
# Channels of one run: the rest has its turn a minute later.
MOST_CHANNELS = 20
# A younger file may have been closed after the list was begun, by another clock.
SETTLED = timedelta(minutes=10)
BATCH = 500


def look_again(run: JobRun) -> None:
    """Look at the channels whose turn it is. A failure stops no others, a bucket that refuses does."""
    looked = gone = failed = 0
    for bucket, channel_uid in _due():
        if not run.extend():
            break
        try:
            gone += look(bucket, channel_uid)
            looked += 1
        except AwsError as error:
            log.warning("The recordings of channel %s could not be looked at: %s", channel_uid, error)
            failed += 1
            refused = isinstance(error, (AccessDenied, NotFound))
            rows = BucketListing.objects.filter(bucket=bucket, look_at__lte=Now())
            rows = rows if refused else rows.filter(breakout__channel_uid=channel_uid)
            rows.update(look_at=after(LOOK_AGAIN_AFTER.total_seconds()))
            if refused:
                break
    if looked or failed:
        run.say(f"{run.outcome}; looked again at channels: {looked}, files gone: {gone}")
    if failed:
        run.fall_short("it could not be looked whether recordings are still there; the log has the details")


def _due() -> list[tuple[str, str]]:
    """Buckets and channels with something to look at, whoever waited longest first."""
    rows = BucketListing.objects.filter(look_at__lte=Now()).values_list("bucket", "breakout__channel_uid")
    found = rows.annotate(longest=Min("look_at")).order_by("longest", "breakout__channel_uid")
    return [(bucket, uid) for bucket, uid, _longest in found[:MOST_CHANNELS]]


def _of(bucket: str, channel_uid: str) -> QuerySet[BucketListing]:
    """What was proven of the channel in this bucket."""
    rows = BucketListing.objects.filter(bucket=bucket, breakout__channel_uid=channel_uid)
    return rows.filter(look_at__isnull=False)


def look(bucket: str, channel_uid: str) -> int:
    """Note which files are gone and which are back; returns how many are gone now. Raises AwsError."""
    began = database_now()
    there = {item.key: item for item in S3(current_session()).list_objects(bucket, f"{channel_uid}/")}
    listings = _of(bucket, channel_uid)
    known = Recording.objects.filter(breakout__in=listings.values("breakout"))
    with transaction.atomic():
        gone = _gone(known.filter(gone_at=None, modified_at__lt=began - SETTLED), there, began)
        _back(known.filter(gone_at__isnull=False, gone_at__lt=began), there, began)
        left = known.filter(gone_at=None).exists()
        listings.update(look_at=began + (LOOK_EVERY if left else LOOK_AT_NOTHING_EVERY))
    return gone


def _gone(rows: QuerySet[Recording], there: dict[str, ObjectInfo], began: datetime) -> int:
    lacking = [pk for pk, key in rows.values_list("pk", "key").iterator() if key not in there]
    for n in range(0, len(lacking), BATCH):
        Recording.objects.filter(pk__in=lacking[n : n + BATCH]).update(gone_at=began)
    return len(lacking)


def _back(rows: QuerySet[Recording], there: dict[str, ObjectInfo], began: datetime) -> None:
    """A copy tells when it was put back; where a deletion was taken back, nothing does."""
    for pk, key, gone_at in list(rows.values_list("pk", "key", "gone_at")):
        if item := there.get(key):
            back_at = item.last_modified if gone_at and item.last_modified > gone_at else began
            Recording.objects.filter(pk=pk).update(gone_at=None, back_at=back_at, size_bytes=item.size_bytes)
