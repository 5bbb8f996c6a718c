"""The ledger (what CloudFront delivered, by distribution and minute) and until when it has been read.

It is keyed by CloudFront's ids, because it outlives distributions and channels.
"""

from __future__ import annotations

from django.db import models


class LedgerMinute(models.Model):
    """What one distribution delivered in one minute (UTC), as last read from CloudWatch.

    Where CloudWatch no longer keeps minutes, `period_seconds` is 300 or 3600 and the row covers that span
    from `minute` on. Periods of one distribution never overlap, and figures only rise. A minute without a
    row is "no data". A figure is 0 while only the other one has been published.
    """

    aws_distribution_id = models.CharField(max_length=32)
    minute = models.DateTimeField()
    period_seconds = models.PositiveSmallIntegerField(default=60)
    bytes_downloaded = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Its index serves range scans too.
            models.UniqueConstraint(fields=["aws_distribution_id", "minute"], name="ledger_minute_once"),
        ]
        indexes = [models.Index(fields=["minute"], name="ledger_minute_time")]

    def __str__(self) -> str:
        return f"{self.aws_distribution_id} {self.minute:%Y-%m-%d %H:%M}"


class LedgerHour(models.Model):
    """Rolled-up minutes: one row per distribution, hour and breakout (uid "": unattributed).

    It keeps the attribution of the minutes, which cannot be computed from an hour.
    """

    aws_distribution_id = models.CharField(max_length=32)
    hour = models.DateTimeField()
    breakout_uid = models.CharField(max_length=32, blank=True, default="", db_index=True)
    bytes_downloaded = models.BigIntegerField()
    requests = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["aws_distribution_id", "hour", "breakout_uid"], name="ledger_hour_once"
            ),
        ]
        indexes = [models.Index(fields=["hour"], name="ledger_hour_time")]

    def __str__(self) -> str:
        return f"{self.aws_distribution_id} {self.hour:%Y-%m-%d %H}h"


class CollectionWindow(models.Model):
    """Until when the minutes of one attachment have been collected.

    `read_at`: the moment up to which CloudWatch last answered in full for this window.
    `settled_at`: the moment when its figures were found complete; it is not read again.
    `figures_due`: the ledger has changed since the breakout's figures were last written.
    """

    attachment = models.OneToOneField(
        "channels_app.Attachment", on_delete=models.CASCADE, related_name="collection_window"
    )
    read_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    figures_due = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"window of {self.attachment}"


class DailySeries(models.Model):
    """Whole UTC days of one distribution, read for the bytes that belong to no breakout.

    `next_day`: the first day that is not read yet. `wanted_through`: the last day to read; it moves on
    while the distribution exists.
    """

    aws_distribution_id = models.CharField(max_length=32, unique=True)
    next_day = models.DateField(db_index=True)
    wanted_through = models.DateField()

    class Meta:
        verbose_name_plural = "daily series"

    def __str__(self) -> str:
        return self.aws_distribution_id
