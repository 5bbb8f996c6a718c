"""Recording: a file that an archive output wrote. BucketListing: when a breakout's files were last listed."""

from __future__ import annotations

from django.db import models

from channels_app.models import Breakout


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


class BucketListing(models.Model):
    """When the recording bucket was last listed for a breakout."""

    breakout = models.OneToOneField(Breakout, on_delete=models.CASCADE, related_name="bucket_listing")
    listed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.breakout} at {self.listed_at:%Y-%m-%d %H:%M}"
