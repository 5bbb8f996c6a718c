"""What a service was used for, by hour or day: rows of usage, and what was read for them.

CloudFront's bytes and requests are not here: the ledger has them.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class UsageSource(models.TextChoices):
    TRANSITIONS = "transitions", _("the channel's transitions")
    CLOUDWATCH = "cloudwatch", _("CloudWatch")
    LISTING = "listing", _("the recordings that were listed")


class ServiceUsage(models.Model):
    """How much of one kind of usage one resource had in an hour or a day (UTC, from `start` on).

    `resource`: AWS's id, or the bucket. `breakout_uid` "": outside of breakouts. `quantity` null: it is not
    known, and `reason` says why; it is never taken for 0. `unit` is the price book's. A `final` row is not
    collected again. Rows outlive channels and breakouts.
    """

    service = models.CharField(max_length=40)
    usage_type = models.CharField(max_length=64)
    unit = models.CharField(max_length=16)
    resource = models.CharField(max_length=256, blank=True, default="")
    channel_uid = models.CharField(max_length=32, blank=True, default="")
    channel_name = models.CharField(max_length=128, blank=True, default="")
    breakout_uid = models.CharField(max_length=32, blank=True, default="")
    start = models.DateTimeField()
    seconds = models.PositiveIntegerField()
    quantity = models.DecimalField(max_digits=30, decimal_places=12, null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    source = models.CharField(max_length=16, choices=UsageSource.choices)
    final = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "service usage"
        constraints = [
            # By time first: an hour is written as a whole, and a month summed.
            models.UniqueConstraint(
                fields=["start", "seconds", "usage_type", "channel_uid", "breakout_uid", "resource"],
                name="service_usage_once",
            ),
        ]
        indexes = [
            models.Index(fields=["breakout_uid", "usage_type"], name="service_usage_breakout"),
            models.Index(fields=["channel_uid", "start"], name="service_usage_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.usage_type} of {self.resource}, {self.start:%Y-%m-%d %H:%M}"


class UsageHour(models.Model):
    """An hour (UTC) that was read from CloudWatch, and when it last was."""

    hour = models.DateTimeField(unique=True)
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h"


class PhaseCursor(models.Model):
    """One row: the transition (its key) up to which all were read for phases of encoders, for ever."""

    transition = models.BigIntegerField()

    def __str__(self) -> str:
        return f"transitions read up to {self.transition}"


class EncoderCheck(models.Model):
    """An hour of a channel: in how many minutes it ran by its transitions, and in how many by CloudWatch.

    `aws_minutes` null: CloudWatch was not read, or did not answer in full.
    """

    channel_uid = models.CharField(max_length=32)
    channel_name = models.CharField(max_length=128)
    aws_channel_id = models.CharField(max_length=32)
    hour = models.DateTimeField()
    our_minutes = models.PositiveSmallIntegerField()
    aws_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    differs = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "channel_uid", "aws_channel_id"], name="encoder_check_once"
            )
        ]
        indexes = [
            models.Index(fields=["hour"], condition=models.Q(differs=True), name="encoder_check_differs")
        ]

    def __str__(self) -> str:
        return f"{self.channel_name}, {self.hour:%Y-%m-%d %H}h"
