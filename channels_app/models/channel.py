"""The Channel row: one encoding pipeline and the columns that hold its AWS resources."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from channels_app.models.part import PartColumns
from streamhub.lifecycle.models import ManagedResource, due_indexes
from streamhub.name_columns import FoldedField, UnescapedJSON, visible, visible_json
from streamhub.postgresql.trigrams import TrigramIndex


class State(models.TextChoices):
    PENDING = "pending"
    PROVISIONING = "provisioning"
    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    DELETING = "deleting"
    FAILED = "failed"


class Desired(models.TextChoices):
    IDLE = "idle"
    RUNNING = "running"
    DELETED = "deleted"


class ChannelClass(models.TextChoices):
    SINGLE_PIPELINE = "SINGLE_PIPELINE"
    STANDARD = "STANDARD"


class InputType(models.TextChoices):
    RTMP_PUSH = "RTMP_PUSH"
    RTP_PUSH = "RTP_PUSH"
    URL_PULL = "URL_PULL"


class Channel(ManagedResource):
    """A channel. The `mp_*` columns hold its MediaPackage resources, the `ml_*` columns MediaLive's.

    `PARTS` groups the columns by resource. A serial is part of the idempotency token: it is raised when the
    token belongs to a deleted resource.
    """

    STATES = State
    KIND = "channel"

    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    desired = models.CharField(max_length=16, choices=Desired.choices, default=Desired.IDLE)
    name = models.CharField(max_length=64)
    # Living channels differ in it: their names differ in more than case or spelling.
    name_key = FoldedField(source="name", source_length=64)
    channel_class = models.CharField(
        max_length=16, choices=ChannelClass.choices, default=ChannelClass.SINGLE_PIPELINE
    )
    input_type = models.CharField(max_length=16, choices=InputType.choices, default=InputType.RTMP_PUSH)
    allowed_cidrs = models.JSONField(default=list, blank=True)
    source_urls = models.JSONField(default=list, blank=True)
    encoding_profile = models.CharField(max_length=32, default="1080p")
    record = models.BooleanField(default=False)
    tags = models.JSONField(default=dict, blank=True, encoder=UnescapedJSON)
    # The channel is kept running until then, even without a breakout on air.
    warm_until = models.DateTimeField(null=True, blank=True)

    distribution = models.OneToOneField(
        "distributions.Distribution", on_delete=models.SET_NULL, null=True, blank=True, related_name="channel"
    )
    # Whether a missing distribution is created now. False once the first one was added, so that a detached
    # channel gets no other. True from a prepare until the start or a detach, to replace one that is gone.
    distribution_wanted = models.BooleanField(default=True, editable=False)
    security_group = models.ForeignKey(
        "channels_app.SecurityGroup", on_delete=models.PROTECT, null=True, blank=True, related_name="channels"
    )

    mp_channel_sent_at = models.DateTimeField(null=True, blank=True)
    mp_channel_id = models.CharField(max_length=256, blank=True, default="")
    mp_channel_gone = models.BooleanField(default=False)
    mp_channel_deleted_at = models.DateTimeField(null=True, blank=True)
    mp_channel_mark = models.CharField(max_length=120, blank=True, default="", editable=False)

    mp_endpoint_sent_at = models.DateTimeField(null=True, blank=True)
    mp_endpoint_id = models.CharField(max_length=256, blank=True, default="")
    mp_endpoint_gone = models.BooleanField(default=False)
    mp_endpoint_deleted_at = models.DateTimeField(null=True, blank=True)
    mp_endpoint_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    endpoint_url = models.URLField(max_length=500, blank=True, default="")

    ml_input_serial = models.PositiveSmallIntegerField(default=0)
    ml_input_sent_at = models.DateTimeField(null=True, blank=True)
    ml_input_id = models.CharField(max_length=32, blank=True, default="")
    ml_input_state = models.CharField(max_length=32, blank=True, default="")
    ml_input_gone = models.BooleanField(default=False)
    ml_input_deleted_at = models.DateTimeField(null=True, blank=True)
    ml_input_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    input_dest_urls = models.JSONField(default=list, blank=True)

    ml_channel_serial = models.PositiveSmallIntegerField(default=0)
    ml_channel_sent_at = models.DateTimeField(null=True, blank=True)
    ml_channel_id = models.CharField(max_length=32, blank=True, default="")
    ml_channel_state = models.CharField(max_length=32, blank=True, default="")
    ml_channel_gone = models.BooleanField(default=False)
    ml_channel_deleted_at = models.DateTimeField(null=True, blank=True)
    ml_channel_mark = models.CharField(max_length=120, blank=True, default="", editable=False)

    MP_CHANNEL: ClassVar = PartColumns(
        "mp_channel",
        aws_id=mp_channel_id,
        sent_at=mp_channel_sent_at,
        deleted_at=mp_channel_deleted_at,
        gone=mp_channel_gone,
        mark=mp_channel_mark,
    )
    MP_ENDPOINT: ClassVar = PartColumns(
        "mp_endpoint",
        aws_id=mp_endpoint_id,
        sent_at=mp_endpoint_sent_at,
        deleted_at=mp_endpoint_deleted_at,
        gone=mp_endpoint_gone,
        mark=mp_endpoint_mark,
    )
    ML_INPUT: ClassVar = PartColumns(
        "ml_input",
        aws_id=ml_input_id,
        sent_at=ml_input_sent_at,
        deleted_at=ml_input_deleted_at,
        gone=ml_input_gone,
        mark=ml_input_mark,
        state=ml_input_state,
        serial=ml_input_serial,
    )
    ML_CHANNEL: ClassVar = PartColumns(
        "ml_channel",
        aws_id=ml_channel_id,
        sent_at=ml_channel_sent_at,
        deleted_at=ml_channel_deleted_at,
        gone=ml_channel_gone,
        mark=ml_channel_mark,
        state=ml_channel_state,
        serial=ml_channel_serial,
    )
    PARTS: ClassVar = (MP_CHANNEL, MP_ENDPOINT, ML_INPUT, ML_CHANNEL)

    # Key of the part for which AWS answered NotFound at `suspect_since`.
    suspect_part = models.CharField(max_length=16, blank=True, default="")
    # When MediaLive's channel was last read one by one; a list has its own time (`Listing.listed_at`).
    encoder_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When AWS accepted our last StartChannel or StopChannel; empty once its effect was observed.
    start_accepted_at = models.DateTimeField(null=True, blank=True)
    stop_accepted_at = models.DateTimeField(null=True, blank=True)
    # The MediaLive channel that a person wants stopped although it was handed over; they typed its id.
    stop_confirmed_id = models.CharField(max_length=32, blank=True, default="", editable=False)

    class Meta:
        # Create and delete are Django's own `add` and `delete`.
        permissions = [
            ("retry_channel", "Can retry a channel"),
            ("stop_channel", "Can stop a channel that no breakout needs"),
        ]
        # AWS's ids: for the search, and for the observer, which finds the rows of a list by them.
        indexes = [
            *due_indexes("channel"),
            TrigramIndex(fields=["name"], name="channel_search"),
            models.Index(fields=["ml_channel_id"], name="channel_ml_channel_id"),
            models.Index(fields=["ml_input_id"], name="channel_ml_input_id"),
            models.Index(fields=["mp_channel_id"], name="channel_mp_channel_id"),
            models.Index(fields=["mp_endpoint_id"], name="channel_mp_endpoint_id"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"],
                name="channel_name_unique_among_living",
                condition=~models.Q(desired=Desired.DELETED.value),
            ),
            *visible("name", "channel_name_visible"),
            *visible_json("tags", "channel_tags_visible"),
        ]

    def __str__(self) -> str:
        return self.name

    def aws_name(self) -> str:
        """The name of every AWS resource of this channel, and the id that we choose at MediaPackage."""
        return f"streamhub-{self.uid}"

    def token(self, part: str) -> str:
        """MediaLive's idempotency token (`RequestId`) of a part ("input", "channel")."""
        serial = self.ml_input_serial if part == "input" else self.ml_channel_serial
        return f"{self.uid}-{part}-{serial}"
