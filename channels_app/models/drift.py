"""When drift first saw something on AWS that carries our mark and has no row."""

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
        permissions = [("mend_drift", "Can adopt, repair and delete what drift found")]
        constraints = [models.UniqueConstraint(fields=["kind", "aws_id"], name="one_sighting_per_resource")]

    def __str__(self) -> str:
        return f"{self.kind} {self.aws_id} since {self.first_seen_at:%Y-%m-%d %H:%M}"
