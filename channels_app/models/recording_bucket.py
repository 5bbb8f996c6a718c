"""RecordingBucket: what was last found of the bucket that recordings are written to."""

from __future__ import annotations

from django.db import models


class RecordingBucket(models.Model):
    """One row for each bucket that was ever set. `writable` None: it could not be read. `detail` says why."""

    name = models.CharField(max_length=63, unique=True)
    writable = models.BooleanField(null=True)
    detail = models.TextField()
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
