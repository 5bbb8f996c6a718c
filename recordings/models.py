"""Recording: a file that an archive output wrote. BucketListing: what is known of a breakout's files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce

from channels_app.models import Breakout
from streamhub.lifecycle.models import HasError


class RecordingQuerySet(models.QuerySet["Recording"]):
    def stored(self) -> RecordingQuerySet:
        """Those that are in the bucket, each once: what costs money now."""
        return self.filter(gone_at=None, billed=True)

    def stored_within(self, start: datetime, end: datetime) -> models.QuerySet[Any]:
        """Those that were in the bucket at some time in between, with `stored_from` and `billed_bytes`."""
        rows = self.annotate(
            stored_from=Coalesce("back_at", "modified_at"),
            billed_bytes=Case(When(billed=True, then=F("size_bytes")), default=Value(0)),
        )
        return rows.filter(Q(gone_at=None) | Q(gone_at__gt=start), stored_from__lt=end)


class Recording(models.Model):
    """One object in the recording bucket, as S3 last listed it. It is kept when the channel is deleted.

    `modified_at` is when MediaLive closed the file. `gone_at`: a complete list that was begun then lacks it;
    `back_at`: since when it is there again. A file of several breakouts is `billed` to one (`sharing`).
    """

    breakout = models.ForeignKey(Breakout, on_delete=models.CASCADE, related_name="recordings")
    key = models.CharField(max_length=1024)
    size_bytes = models.BigIntegerField()
    modified_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    back_at = models.DateTimeField(null=True, blank=True)
    billed = models.BooleanField(default=True)

    objects = RecordingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["breakout", "key"], name="recording_once_a_breakout")]
        indexes = [models.Index(fields=["key"], name="recording_by_key")]

    def __str__(self) -> str:
        return self.key


class BucketListing(HasError):
    """How far the recording bucket was listed for a breakout. All times are the database's.

    The error says that the bucket could not be read (`recordings_unread`), or that it was read after the end
    and has no file (`recordings_missing`).
    """

    breakout = models.OneToOneField(Breakout, on_delete=models.CASCADE, related_name="bucket_listing")
    # When the last complete list was begun; null: none was read yet.
    listed_at = models.DateTimeField(null=True, blank=True)
    # The beginning of the session whose files a list has proven: it was begun late enough after the end.
    proven_session = models.DateTimeField(null=True, blank=True)
    # The last key of each pipeline (by its prefix) before which nothing new can appear: see `positions`.
    positions = models.JSONField(default=dict, blank=True)
    # Lists that failed, since the last one that did not, and when to try again.
    failures = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    # The bucket that the list which proved it has read, and when to look whether its files are still there.
    bucket = models.CharField(max_length=255, blank=True, default="")
    look_at = models.DateTimeField(null=True, blank=True)
    # Since when there is an error.
    wrong_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["wrong_since"],
                name="bucket_listing_wrong",
                condition=models.Q(wrong_since__isnull=False),
            ),
            models.Index(fields=["look_at"], name="bucket_listing_look"),
        ]

    def __str__(self) -> str:
        return f"{self.breakout} at {self.listed_at:%Y-%m-%d %H:%M}" if self.listed_at else f"{self.breakout}"
