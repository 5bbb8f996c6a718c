"""How often somebody failed lately. All processes share the rows."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class FailureCount(models.Model):
    """Failures of one key in one window. The key is an account or an address, hashed."""

    key = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField(db_default=Now(), db_index=True)
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.count} failures"
