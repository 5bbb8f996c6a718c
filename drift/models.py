"""What drift remembers: since when surplus has been there, and how the last reading of AWS came out."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class DriftSighting(models.Model):
    """One orphan or duplicate. Its age counts from here, because not every AWS list tells an age.

    Written by each run; removed once a complete list does not have it any more, or it has a row again.
    """

    kind = models.CharField(max_length=24)
    aws_id = models.CharField(max_length=256)
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        permissions = [
            ("read_drift", "Can have AWS read again for drift"),
            ("resolve_drift", "Can adopt, repair and delete what drift found"),
        ]
        constraints = [models.UniqueConstraint(fields=["kind", "aws_id"], name="one_sighting_per_resource")]

    def __str__(self) -> str:
        return f"{self.kind} {self.aws_id} since {self.first_seen_at:%Y-%m-%d %H:%M}"


class DriftReading(models.Model):
    """The one row with the last reading (`drift.stored_report` says what `report` holds), so that
    a page can show it without reading AWS; and who asked for another one since.
    """

    ONLY = 1

    observed_at = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(default=dict)
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=128, blank=True, default="")

    def __str__(self) -> str:
        return f"read at {self.observed_at:%Y-%m-%d %H:%M}" if self.observed_at else "never read"
