"""Breakout and Attachment: a live session, and when which distribution delivered it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from streamhub.clock import interval_constraint
from streamhub.lifecycle.models import HasError, new_uid
from streamhub.name_columns import visible
from streamhub.postgresql.trigrams import TrigramIndex


class State(models.TextChoices):
    IDLE = "idle", _("Idle")
    STARTING = "starting", _("Starting")
    RUNNING = "running", _("Running")
    STOPPING = "stopping", _("Stopping")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


ON_AIR = (State.STARTING, State.RUNNING, State.STOPPING)
# In these states it needs its channel, and has it alone. One that is stopping may end beside it.
NEEDS_CHANNEL = (State.STARTING, State.RUNNING)
# Few of all, and kept for ever: a list of these is sorted by an index of its own.
CAME_TO_NOTHING = (State.FAILED, State.CANCELLED)
_NOTHING = models.Q(state__in=[state.value for state in CAME_TO_NOTHING])


class UsageStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    PROVISIONAL = "provisional", _("Provisional")
    FINAL = "final", _("Final")


class Breakout(HasError):
    """One live session on one channel. It has no AWS resource of its own; its state follows its channel's.

    The channel's uid and name are stored too, because breakouts are kept when their channel is deleted.
    """

    STATES = State
    KIND = "breakout"

    uid = models.CharField(max_length=32, unique=True, default=new_uid, editable=False)
    name = models.CharField(max_length=128)
    channel = models.ForeignKey(
        "channels_app.Channel",
        on_delete=models.SET_NULL,
        null=True,
        related_name="breakouts",
        db_index=False,  # `breakout_of_channel` begins with it
    )
    channel_uid = models.CharField(max_length=32, editable=False, db_index=True)
    channel_name = models.CharField(max_length=64, editable=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.IDLE)
    state_since = models.DateTimeField(db_default=Now())
    # Whether the present stop is a cancellation, which ends as `cancelled` instead of `completed`.
    cancelling = models.BooleanField(default=False, editable=False)
    starts_at = models.DateTimeField(null=True, blank=True)
    # The named zone in whose local time the start was chosen; "": UTC. The start keeps its local time there.
    time_zone = models.CharField(max_length=64, blank=True, default="")
    duration_minutes = models.PositiveIntegerField(null=True, blank=True)
    # Whose show it is. "": what the channel's tag says (`services.customers`), which a start copies here.
    customer = models.CharField(max_length=256, blank=True, default="")
    note = models.TextField(max_length=2000, blank=True, default="")
    session_started_at = models.DateTimeField(null=True, blank=True)
    session_ended_at = models.DateTimeField(null=True, blank=True)
    curtain_raised = models.BooleanField(default=False)
    # When the last signature ends that was given to its viewers; null: none was given.
    signed_until = models.DateTimeField(null=True, blank=True, editable=False)
    # What StreamHub does by itself for it, where that differs from its channel's; see `decide.schedule`.
    schedule = models.JSONField(default=dict, blank=True)
    # What of it was done, and what could not be; see `services.schedule`.
    schedule_done = models.JSONField(default=dict, blank=True, editable=False)
    schedule_trouble = models.JSONField(default=dict, blank=True, editable=False)

    # Whether its channel wrote recordings when it began to run.
    recorded = models.BooleanField(default=False, editable=False)

    usage_status = models.CharField(max_length=16, choices=UsageStatus.choices, default=UsageStatus.PENDING)
    usage_bytes_downloaded = models.BigIntegerField(null=True, blank=True)
    usage_requests = models.BigIntegerField(null=True, blank=True)
    usage_complete_until = models.DateTimeField(null=True, blank=True)
    # Of the final figures: what CloudFront published afterwards, of either sign. It is not part of them.
    usage_late_bytes = models.BigIntegerField(default=0)
    usage_late_requests = models.BigIntegerField(default=0)
    # Longer periods than minutes took part; on air without a datapoint; its days were read for the last time.
    usage_approximate = models.BooleanField(default=False)
    usage_suspect = models.BooleanField(default=False)
    usage_complete = models.BooleanField(default=False)

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        # Create is Django's own `add`.
        permissions = [
            ("prepare_breakout", "Can prepare a breakout"),
            ("start_breakout", "Can start a breakout"),
            ("stop_breakout", "Can stop a breakout"),
            ("cancel_breakout", "Can cancel a breakout"),
            ("retry_breakout", "Can retry a breakout"),
            ("curtain_breakout", "Can raise and lower a breakout's curtain"),
            ("playback_breakout", "Can get a breakout's playback link"),
            ("extend_breakout", "Can extend a breakout"),
            ("take_over_breakout", "Can let a breakout take over its running channel"),
            ("schedule_breakout", "Can say what StreamHub does by itself for a breakout"),
            ("edit_breakout", "Can edit a breakout"),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="breakout_state"),
            # The newest failures, for the dashboard.
            models.Index(fields=["state", "-state_since"], name="breakout_newest_in_state"),
            # A channel's latest breakout, for alarms.
            models.Index(fields=["channel", "-state_since"], name="breakout_of_channel"),
            # A channel's shows about a time, for calendars and for what a plan collides with.
            models.Index(fields=["channel", "starts_at"], name="breakout_of_channel_by_start"),
            models.Index(fields=["usage_status"], name="breakout_usage_status"),
            models.Index(
                fields=["id"], condition=models.Q(usage_complete=False), name="breakout_usage_incomplete"
            ),
            models.Index(
                fields=["id"], condition=models.Q(usage_suspect=True), name="breakout_usage_suspect"
            ),
            models.Index(fields=["session_ended_at"], name="breakout_session_ended"),
            models.Index(fields=["id"], name="breakout_recorded", condition=models.Q(recorded=True)),
            TrigramIndex(fields=["name", "channel_name"], name="breakout_search"),
            models.Index(
                fields=["id"], name="breakout_curtain_raised", condition=models.Q(curtain_raised=True)
            ),
            # The columns by which the list is sorted.
            models.Index(fields=["starts_at", "id"], name="breakout_by_start"),
            models.Index(fields=["customer", "-id"], name="breakout_by_customer"),
            models.Index(fields=["usage_bytes_downloaded", "id"], name="breakout_by_bytes"),
            models.Index(
                fields=["state", "starts_at", "id"], name="breakout_nothing_by_start", condition=_NOTHING
            ),
            models.Index(
                fields=["state", "usage_bytes_downloaded", "id"],
                name="breakout_nothing_by_bytes",
                condition=_NOTHING,
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel"],
                name="one_breakout_needs_the_channel",
                condition=models.Q(state__in=[s.value for s in NEEDS_CHANNEL]),
            ),
            *visible("name", "breakout_name_visible"),
            *visible("customer", "breakout_customer_visible"),
            interval_constraint("session_started_at", "session_ended_at", name="breakout_interval"),
        ]

    @property
    def shown_error(self) -> HasError:
        """The row whose error is the breakout's: while it is on air, its channel's error is its own."""
        channel = self.channel if self.state in ON_AIR else None
        return channel if channel is not None and channel.error_code else self

    @property
    def planned_end_at(self) -> datetime | None:
        """When it is to end; None without a planned duration, or before it runs without a planned start.

        A session that began only after the planned end has its whole duration from then on.
        """
        if self.duration_minutes is None:
            return None
        length = timedelta(minutes=self.duration_minutes)
        planned = None if self.starts_at is None else self.starts_at + length
        began = self.session_started_at
        if began is not None and (planned is None or began >= planned):
            return began + length
        return planned

    def __str__(self) -> str:
        return self.name


USUAL_TAIL = timedelta(seconds=120)


def tail_now() -> timedelta:
    """How long viewers' bytes still count after the end of an attachment that begins now."""
    return timedelta(seconds=settings.USAGE_TAIL_SECONDS)


class Attachment(models.Model):
    """The interval in which one breakout was delivered by one distribution.

    Stores CloudFront's id, because billing reads attachments long after the distribution's row is deleted.
    `started_at` is the accepted start; `ended_at` is when MediaLive was idle or the distribution was lost.
    `tail`: how long bytes still count after that. It is the setting's at the beginning, so that another
    setting does not change what figures of earlier shows mean.
    """

    breakout = models.ForeignKey(Breakout, on_delete=models.CASCADE, related_name="attachments")
    distribution = models.ForeignKey(
        "distributions.Distribution", on_delete=models.SET_NULL, null=True, related_name="attachments"
    )
    aws_distribution_id = models.CharField(max_length=32, blank=True, default="")
    domain_name = models.CharField(max_length=200, blank=True, default="")
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    tail = models.DurationField(default=tail_now, db_default=Value(USUAL_TAIL), editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["aws_distribution_id", "started_at"], name="attachment_delivery"),
            models.Index(fields=["domain_name", "started_at"], name="attachment_domain"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["breakout"],
                name="one_open_attachment_per_breakout",
                condition=models.Q(ended_at__isnull=True),
            ),
            interval_constraint("started_at", "ended_at", name="attachment_interval"),
        ]

    def __str__(self) -> str:
        return f"{self.breakout} on {self.aws_distribution_id or 'a distribution that is being created'}"
