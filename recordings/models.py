"""Recording: a file that an archive output wrote. BucketListing: what is known of a breakout's files."""

from __future__ import annotations

from django.db import models

from channels_app.models import Breakout
from streamhub.lifecycle.models import HasError


class Recording(models.Model):
    """One object in the recording bucket, as S3 last listed it. It is kept when the channel is deleted.

    `modified_at` is when MediaLive closed the file.
    """

    breakout = models.ForeignKey(Breakout, on_delete=models.CASCADE, related_name="recordings")
    key = models.CharField(max_length=1024)
    size_bytes = models.BigIntegerField()
    modified_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["breakout", "key"], name="recording_once_a_breakout")]

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
    # Since when there is an error.
    wrong_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["wrong_since"],
                name="bucket_listing_wrong",
                condition=models.Q(wrong_since__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.breakout} at {self.listed_at:%Y-%m-%d %H:%M}" if self.listed_at else f"{self.breakout}"
