"""The Channel row: one encoding pipeline and the columns that hold its AWS resources."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_app.models.part import DELETING, PartColumns
from streamhub.lifecycle.models import ManagedResource, due_indexes
from streamhub.name_columns import FoldedField, UnescapedJSON, visible, visible_json
from streamhub.postgresql.trigrams import TrigramIndex


class State(models.TextChoices):
    PENDING = "pending", _("Pending")
    PROVISIONING = "provisioning", _("Provisioning")
    IDLE = "idle", _("Idle")
    STARTING = "starting", _("Starting")
    RUNNING = "running", _("Running")
    STOPPING = "stopping", _("Stopping")
    DELETING = "deleting", _("Deleting")
    FAILED = "failed", _("Failed")


class Desired(models.TextChoices):
    IDLE = "idle", _("Idle")
    RUNNING = "running", _("Running")
    DELETED = "deleted", _("Deleted")


class ChannelClass(models.TextChoices):
    SINGLE_PIPELINE = "SINGLE_PIPELINE", _("Single Pipeline")
    STANDARD = "STANDARD", _("Standard")


class InputType(models.TextChoices):
    """How MediaLive gets the picture (AWS_RULES 33): an encoder pushes, or MediaLive pulls a source."""

    RTMP_PUSH = "RTMP_PUSH", _("Rtmp Push")
    RTP_PUSH = "RTP_PUSH", _("Rtp Push")
    RTMP_PULL = "RTMP_PULL", _("Rtmp Pull")
    URL_PULL = "URL_PULL", _("Url Pull")
    MP4_FILE = "MP4_FILE", _("Mp4 File")
    SRT_CALLER = "SRT_CALLER", _("Srt Caller")


class SecondRenewal(models.TextChoices):
    """The second input was deleted outside StreamHub, and a person wants another one."""

    DUE = "due"  # it is being created, or is not attached yet
    REFUSED = "refused"  # AWS refused it: not sent again before Retry
    UNATTACHED = "unattached"  # MediaLive took it and does not read it: not attached again before Retry


NOT_SENT_AGAIN = (SecondRenewal.REFUSED, SecondRenewal.UNATTACHED)

PUSH_TYPES = (InputType.RTMP_PUSH, InputType.RTP_PUSH)


class Channel(ManagedResource):
    """A channel. The `mp_*` columns hold its MediaPackage resources, the `ml_*` columns MediaLive's.

    `PARTS` groups the columns by resource. A serial is part of the idempotency token: it is raised when
    nothing exists any more, or never did, that was created with the token.
    """

    STATES = State
    KIND = "channel"

    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    desired = models.CharField(max_length=16, choices=Desired.choices, default=Desired.IDLE)
    name = models.CharField(max_length=64)
    # Living channels differ in it: their names differ in more than case or spelling.
    name_key = FoldedField(source="name", source_length=64)
    # Its part of the alias domain, a slug of the name that it was created with: it stays when it is renamed.
    # "": it was created before channels had one.
    alias_label = models.CharField(max_length=63, blank=True, default="", editable=False)
    channel_class = models.CharField(
        max_length=16, choices=ChannelClass.choices, default=ChannelClass.SINGLE_PIPELINE
    )
    input_type = models.CharField(max_length=16, choices=InputType.choices, default=InputType.RTMP_PUSH)
    allowed_cidrs = models.JSONField(default=list, blank=True)
    source_urls = models.JSONField(default=list, blank=True)
    # For the sources; the parameter of AWS's Parameter Store holds the password, which nobody sees here.
    source_username = models.CharField(max_length=128, blank=True, default="", editable=False)
    source_password_param = models.CharField(max_length=1011, blank=True, default="", editable=False)
    # The type of a second push input, to which MediaLive fails over ("": none), and whether viewers see a
    # slate instead of black while nothing is received.
    second_input_type = models.CharField(max_length=16, blank=True, default="")
    slate_on_loss = models.BooleanField(default=False)
    encoding_profile = models.CharField(max_length=32, default="1080p")
    record = models.BooleanField(default=False)
    tags = models.JSONField(default=dict, blank=True, encoder=UnescapedJSON)
    # The parts (their keys) that do not have the tags as they are now, and the keys to take off them.
    tags_pending = models.JSONField(default=list, blank=True, editable=False)
    tags_removed = models.JSONField(default=list, blank=True, editable=False, encoder=UnescapedJSON)
    # The fields that staff edited and that AWS does not have yet (`services.channel_edits`).
    edits_pending = models.JSONField(default=list, blank=True, editable=False)
    # AWS refused them. They are sent again after another edit or a retry.
    edits_refused = models.BooleanField(default=False, editable=False)
    # The channel is kept running until then, even without a breakout on air.
    warm_until = models.DateTimeField(null=True, blank=True)
    # Until when somebody asked for that; null: nobody did, the schedule keeps it warm for its shows.
    warm_asked_until = models.DateTimeField(null=True, blank=True, editable=False)
    # What StreamHub does by itself for its breakouts, where they do not say otherwise; see `decide.schedule`.
    schedule = models.JSONField(default=dict, blank=True)

    distribution = models.OneToOneField(
        "distributions.Distribution", on_delete=models.SET_NULL, null=True, blank=True, related_name="channel"
    )
    # Whether a missing distribution is created now. False once the first one was added, so that a detached
    # channel gets no other. True from a prepare until the start or a detach, to replace one that is gone.
    distribution_wanted = models.BooleanField(default=True, editable=False)
    security_group = models.ForeignKey(
        "channels_app.SecurityGroup", on_delete=models.PROTECT, null=True, blank=True, related_name="channels"
    )
    # The group that the input has until it gets the one above.
    leaving_group = models.ForeignKey(
        "channels_app.SecurityGroup",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="leaving_channels",
    )

    mp_channel_sent_at = models.DateTimeField(null=True, blank=True)
    mp_channel_id = models.CharField(max_length=256, blank=True, default="")
    mp_channel_gone = models.BooleanField(default=False)
    mp_channel_deleted_at = models.DateTimeField(null=True, blank=True)
    mp_channel_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    mp_channel_arn = models.CharField(max_length=200, blank=True, default="", editable=False)

    mp_endpoint_sent_at = models.DateTimeField(null=True, blank=True)
    mp_endpoint_id = models.CharField(max_length=256, blank=True, default="")
    mp_endpoint_gone = models.BooleanField(default=False)
    mp_endpoint_deleted_at = models.DateTimeField(null=True, blank=True)
    mp_endpoint_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    mp_endpoint_arn = models.CharField(max_length=200, blank=True, default="", editable=False)
    endpoint_url = models.URLField(max_length=500, blank=True, default="")
    # Who may read the endpoint: "SECRET ROLE", the ARNs of its CDN authorization, "": everybody. What we want
    # (it follows the settings only when they are applied), and what MediaPackage has, as last read.
    authorization = models.CharField(max_length=600, blank=True, default="", editable=False)
    authorization_seen = models.CharField(max_length=600, blank=True, default="", editable=False)
    # The endpoint's settings that keep CloudFront out, changed outside StreamHub; "" if it lets it in.
    endpoint_closed_by = models.TextField(blank=True, default="", editable=False)

    ml_input_serial = models.PositiveIntegerField(default=0)
    ml_input_sent_at = models.DateTimeField(null=True, blank=True)
    ml_input_id = models.CharField(max_length=32, blank=True, default="")
    ml_input_state = models.CharField(max_length=32, blank=True, default="")
    ml_input_gone = models.BooleanField(default=False)
    ml_input_deleted_at = models.DateTimeField(null=True, blank=True)
    ml_input_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    ml_input_arn = models.CharField(max_length=200, blank=True, default="", editable=False)
    # Every address of the input, in the order of its pipelines; `channels_app.ingest` says which are used.
    input_urls = models.JSONField(default=list, blank=True)

    ml_second_serial = models.PositiveIntegerField(default=0)
    ml_second_sent_at = models.DateTimeField(null=True, blank=True)
    ml_second_id = models.CharField(max_length=32, blank=True, default="")
    ml_second_state = models.CharField(max_length=32, blank=True, default="")
    ml_second_gone = models.BooleanField(default=False)
    ml_second_deleted_at = models.DateTimeField(null=True, blank=True)
    ml_second_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    ml_second_arn = models.CharField(max_length=200, blank=True, default="", editable=False)
    second_urls = models.JSONField(default=list, blank=True)
    # What became of another second input that a person wants (`SecondRenewal`); "": nothing is under way.
    second_renewal = models.CharField(max_length=16, blank=True, default="", editable=False)

    # The input's settings and tags as last read, in the form of `driver.input_settings`; {}: not read yet.
    input_settings = models.JSONField(default=dict, blank=True, editable=False, encoder=UnescapedJSON)
    # The same of the second input.
    second_settings = models.JSONField(default=dict, blank=True, editable=False, encoder=UnescapedJSON)
    # What the timelines were told of changes of them made outside StreamHub; "": nothing is changed.
    input_told = models.TextField(blank=True, default="", editable=False)

    ml_channel_serial = models.PositiveIntegerField(default=0)
    ml_channel_sent_at = models.DateTimeField(null=True, blank=True)
    ml_channel_id = models.CharField(max_length=32, blank=True, default="")
    ml_channel_state = models.CharField(max_length=32, blank=True, default="")
    ml_channel_gone = models.BooleanField(default=False)
    ml_channel_deleted_at = models.DateTimeField(null=True, blank=True)
    ml_channel_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    ml_channel_arn = models.CharField(max_length=200, blank=True, default="", editable=False)

    # The ids of the inputs that MediaLive's channel reads, as last read; []: not read yet.
    attached_inputs = models.JSONField(default=list, blank=True, editable=False)

    # MediaLive's weekly maintenance window, such as "THURSDAY 04:00" (UTC); "": not read yet.
    maintenance_window = models.CharField(max_length=20, blank=True, default="", editable=False)

    MP_CHANNEL: ClassVar = PartColumns(
        "mp_channel",
        aws_id=mp_channel_id,
        sent_at=mp_channel_sent_at,
        deleted_at=mp_channel_deleted_at,
        gone=mp_channel_gone,
        mark=mp_channel_mark,
        arn=mp_channel_arn,
    )
    MP_ENDPOINT: ClassVar = PartColumns(
        "mp_endpoint",
        aws_id=mp_endpoint_id,
        sent_at=mp_endpoint_sent_at,
        deleted_at=mp_endpoint_deleted_at,
        gone=mp_endpoint_gone,
        mark=mp_endpoint_mark,
        arn=mp_endpoint_arn,
    )
    ML_INPUT: ClassVar = PartColumns(
        "ml_input",
        aws_id=ml_input_id,
        sent_at=ml_input_sent_at,
        deleted_at=ml_input_deleted_at,
        gone=ml_input_gone,
        mark=ml_input_mark,
        arn=ml_input_arn,
        state=ml_input_state,
        serial=ml_input_serial,
    )
    ML_SECOND: ClassVar = PartColumns(
        "ml_second",
        aws_id=ml_second_id,
        sent_at=ml_second_sent_at,
        deleted_at=ml_second_deleted_at,
        gone=ml_second_gone,
        mark=ml_second_mark,
        arn=ml_second_arn,
        state=ml_second_state,
        serial=ml_second_serial,
    )
    ML_CHANNEL: ClassVar = PartColumns(
        "ml_channel",
        aws_id=ml_channel_id,
        sent_at=ml_channel_sent_at,
        deleted_at=ml_channel_deleted_at,
        gone=ml_channel_gone,
        mark=ml_channel_mark,
        arn=ml_channel_arn,
        state=ml_channel_state,
        serial=ml_channel_serial,
    )
    PARTS: ClassVar = (MP_CHANNEL, MP_ENDPOINT, ML_INPUT, ML_SECOND, ML_CHANNEL)

    # Key of the part for which AWS answered NotFound at `suspect_since`.
    suspect_part = models.CharField(max_length=16, blank=True, default="")
    # When MediaLive's channel was last read one by one; a list has its own time (`Listing.listed_at`).
    encoder_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When AWS accepted our last StartChannel or StopChannel; empty once its effect was observed.
    start_accepted_at = models.DateTimeField(null=True, blank=True)
    stop_accepted_at = models.DateTimeField(null=True, blank=True)
    # The MediaLive channel that a person wants stopped although it was handed over; they typed its id.
    stop_confirmed_id = models.CharField(max_length=32, blank=True, default="", editable=False)

    # The settings that MediaLive's channel was last sent (`services.applied_settings`), and whether a person
    # wants it to get the present ones.
    settings_applied = models.TextField(blank=True, default="", editable=False)
    settings_pending = models.BooleanField(default=False, editable=False)
    # A person wants MediaLive to read this input now ("": no wish), and the number of that wish; a person
    # wants the pipelines restarted. `…_sent_at`: when the call was sent that may have taken effect.
    switch_wanted = models.CharField(max_length=16, blank=True, default="", editable=False)
    switch_serial = models.PositiveIntegerField(default=0, editable=False)
    switch_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    restart_wanted = models.BooleanField(default=False, editable=False)
    restart_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    # A person wants our settings sent to the MediaLive channel, whose last edit failed.
    update_wanted = models.BooleanField(default=False, editable=False)
    # What our last UpdateChannel was to change, when it was sent, and AWS's request id, until it is known how
    # it ended (`driver.own_updates`).
    update_sent = models.CharField(max_length=120, blank=True, default="", editable=False)
    update_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    update_request_id = models.CharField(max_length=128, blank=True, default="", editable=False)

    class Meta:
        # Create and delete are Django's own `add` and `delete`.
        permissions = [
            ("retry_channel", "Can retry a channel"),
            ("stop_channel", "Can stop a channel that no breakout needs"),
            ("tag_channel", "Can edit the tags of a channel"),
            ("apply_settings_channel", "Can apply the present settings to a channel"),
            ("warm_channel", "Can keep a channel warm"),
            ("schedule_channel", "Can say what StreamHub does by itself for a channel's breakouts"),
            ("edit_channel", "Can edit a channel"),
            ("switch_input_channel", "Can switch a channel to its other input"),
            ("restart_pipelines_channel", "Can restart a channel's pipelines"),
        ]
        # AWS's ids: for the search, and for the observer, which finds the rows of a list by them.
        indexes = [
            *due_indexes("channel"),
            TrigramIndex(fields=["name"], name="channel_search"),
            models.Index(fields=["ml_channel_id"], name="channel_ml_channel_id"),
            models.Index(fields=["ml_input_id"], name="channel_ml_input_id"),
            models.Index(fields=["ml_second_id"], name="channel_ml_second_id"),
            models.Index(fields=["mp_channel_id"], name="channel_mp_channel_id"),
            models.Index(fields=["mp_endpoint_id"], name="channel_mp_endpoint_id"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name_key"],
                name="channel_name_unique_among_living",
                condition=~models.Q(desired=Desired.DELETED.value),
            ),
            models.UniqueConstraint(
                fields=["alias_label"],
                name="channel_alias_label_unique",
                condition=~models.Q(alias_label="") & ~models.Q(desired=Desired.DELETED.value),
            ),
            *visible("name", "channel_name_visible"),
            *visible_json("tags", "channel_tags_visible"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def origin_secret(self) -> str:
        """The ARN of the secret that its endpoint wants to see; "": none, it is open."""
        return self.authorization.partition(" ")[0]

    @property
    def second_input_lost(self) -> bool:
        """Whether the second input was deleted outside StreamHub. Its shows go on with the main one."""
        return self.desired != Desired.DELETED and self.ML_SECOND.of(self).lost

    @property
    def second_waits(self) -> bool:
        """Whether another second input exists that MediaLive's channel does not read yet."""
        return self.second_renewal == SecondRenewal.DUE and self._lacks_second

    @property
    def second_unattached(self) -> bool:
        """Whether MediaLive's channel was given another second input, and does not read it all the same."""
        return self.second_renewal == SecondRenewal.UNATTACHED and self._lacks_second

    @property
    def _lacks_second(self) -> bool:
        """Whether there is a second input, and MediaLive's channel reads the main one alone."""
        return bool(self.input_ids[1:]) and self.attached_inputs == [self.ml_input_id]

    @property
    def input_ids(self) -> list[str]:
        """The ids of the inputs that the MediaLive channel should read, the main one first."""
        second = self.ML_SECOND.of(self)
        there = bool(second.aws_id) and not (second.lost or second.state == DELETING)
        return [self.ml_input_id, *([second.aws_id] if there else [])]

    def aws_name(self) -> str:
        """The name of every AWS resource of this channel, and the id that we choose at MediaPackage."""
        return f"streamhub-{self.uid}"

    def token(self, part: str) -> str:
        """MediaLive's idempotency token (`RequestId`) of a part ("input", "second", "channel")."""
        serials = {
            "input": self.ml_input_serial,
            "second": self.ml_second_serial,
            "channel": self.ml_channel_serial,
        }
        return f"{self.uid}-{part}-{serials[part]}"
