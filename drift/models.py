"""What drift stores: when it first saw each surplus resource, and the last report."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class DriftSighting(models.Model):
    """One orphan or duplicate. Its age counts from `first_seen_at`, because not every AWS list has dates.

    Each report writes new sightings, and removes one when a complete list lacks the resource or a row has it.
    """

    kind = models.CharField(max_length=24)
    aws_id = models.CharField(max_length=256)
    first_seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        permissions = [
            ("read_drift", "Can have a worker read AWS for drift"),
            ("resolve_drift", "Can adopt, repair and delete what drift finds"),
        ]
        constraints = [models.UniqueConstraint(fields=["kind", "aws_id"], name="one_sighting_per_resource")]

    def __str__(self) -> str:
        return f"{self.kind} {self.aws_id} since {self.first_seen_at:%Y-%m-%d %H:%M}"


class DriftReading(models.Model):
    """The single row with the last report, so that a page can show it without reading AWS.

    `report` holds what `drift.stored_report` writes. `asked_at`, `asked_by`: the last request to read AWS.
    """

    ONLY = 1

    observed_at = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(default=dict)
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=128, blank=True, default="")

    def __str__(self) -> str:
        return f"read at {self.observed_at:%Y-%m-%d %H:%M}" if self.observed_at else "never read"
