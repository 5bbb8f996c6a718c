"""The Distribution row."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.models import ManagedResource, due_indexes
from streamhub.postgresql.trigrams import TrigramIndex


class State(models.TextChoices):
    PENDING = "pending", _("Pending")
    DEPLOYING = "deploying", _("Deploying")
    DEPLOYED = "deployed", _("Deployed")
    DISABLING = "disabling", _("Disabling")
    DISABLED = "disabled", _("Disabled")
    DELETING = "deleting", _("Deleting")
    MISSING = "missing", _("Missing")
    FAILED = "failed", _("Failed")


class Desired(models.TextChoices):
    ENABLED = "enabled", _("Enabled")
    DISABLED = "disabled", _("Disabled")
    DELETED = "deleted", _("Deleted")


class PriceClass(models.TextChoices):
    """Which of CloudFront's edges serve viewers, and at what price. The labels are for people."""

    EUROPE_AND_NORTH_AMERICA = "PriceClass_100", _("North America and Europe: cheapest")
    MOST = "PriceClass_200", _("all but South America, Australia and New Zealand")
    ALL = "PriceClass_All", _("everywhere: most expensive")


class ReaperRun(models.Model):
    """One run of the reaper: from the first look until everything that was stale is deleted or waits.

    Deletions are the workers' steps; they count here what they did. `calls` are the AWS calls of these steps.
    """

    who = models.CharField(max_length=128)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    # True while it is under way, then null: a unique column allows one.
    under_way = models.BooleanField(null=True, default=True, unique=True, editable=False)
    # Whether the list was read, so that rows may be handed to the workers.
    listed = models.BooleanField(default=False, editable=False)
    # When rows were last handed over because a deletion had made room.
    fed_at = models.DateTimeField(null=True, editable=False)
    seen = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    # Why rows failed or wait: the messages with how many rows show each.
    reasons = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("run_reaper", "Can run the reaper")]

    def __str__(self) -> str:
        return f"run of {self.started_at:%Y-%m-%d %H:%M}"


class ViewerKey(models.Model):
    """A key that signs for viewers, by the id of its public half, as last seen.

    None: not known. `in_group_since`: since when it has been seen in the key group. No key is stored.
    `signed_until`: when the last of its signatures ends.
    """

    key_id = models.CharField(max_length=64, unique=True)
    group_id = models.CharField(max_length=64, blank=True, default="")
    in_group = models.BooleanField(null=True)
    in_group_since = models.DateTimeField(null=True)
    matches = models.BooleanField(null=True)
    # Why it could not be read the last time; "": it could.
    problem = models.TextField(blank=True, default="")
    observed_at = models.DateTimeField(null=True)
    signed_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.key_id


class HeadersPolicy(models.Model):
    """The response headers policy with which viewers' browsers are answered, as last seen.

    `problem`: why a page of PLAYBACK_ORIGINS cannot play with cookies; "": it can. `read_problem`: why it
    could not be read the last time.
    """

    policy_id = models.CharField(max_length=64, unique=True)
    problem = models.TextField(blank=True, default="")
    read_problem = models.TextField(blank=True, default="")
    observed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.policy_id


class OriginSecret(models.Model):
    """The secret with which CloudFront opens closed origins: which version is used. Its value is not here."""

    arn = models.CharField(max_length=300, unique=True)
    # The version whose value new and updated distributions send, and since when Secrets Manager has it.
    version_in_use = models.CharField(max_length=64, blank=True, default="")
    version_created_at = models.DateTimeField(null=True, blank=True)
    # A newer version, which is used once MediaPackage knows it; "": there is none.
    next_version = models.CharField(max_length=64, blank=True, default="")
    observed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.arn


class Distribution(ManagedResource):
    """One CloudFront distribution. `enabled`, `status` and `etag` are CloudFront's values as last read."""

    STATES = State
    KIND = "distribution"

    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    desired = models.CharField(max_length=16, choices=Desired.choices, default=Desired.ENABLED)
    origin_url = models.URLField(max_length=500)
    owner_label = models.CharField(max_length=128, blank=True, default="")
    attached = models.BooleanField(default=True)
    # The shared MediaManager distribution: no verb changes it.
    protected = models.BooleanField(default=False)
    tags = models.JSONField(default=dict, blank=True)
    # Whether CloudFront does not have the tags as they are now, and the keys to take off there.
    tags_pending = models.BooleanField(default=False, editable=False)
    tags_removed = models.JSONField(default=list, blank=True, editable=False)

    aws_distribution_id = models.CharField(max_length=32, null=True, blank=True, unique=True)
    arn = models.CharField(max_length=200, blank=True, default="")
    domain_name = models.CharField(max_length=200, blank=True, default="")
    # The price class that is wanted ("": as it is), whether CloudFront is still to be told, and what it has.
    price_class = models.CharField(max_length=16, choices=PriceClass.choices, blank=True, default="")
    price_class_pending = models.BooleanField(default=False, editable=False)
    price_class_seen = models.CharField(max_length=16, blank=True, default="", editable=False)
    # The key groups whose signatures viewers need, as last read, by commas; "": none.
    key_groups_seen = models.CharField(max_length=200, blank=True, default="", editable=False)
    # Whether staff chose it for this distribution, so that it does not follow CLOUDFRONT_PRICE_CLASS.
    price_class_chosen = models.BooleanField(default=False, editable=False)
    # The settings that CloudFront was last sent (`distributions.delivery`), and whether it is to get others.
    settings_applied = models.TextField(blank=True, default="", editable=False)
    settings_pending = models.BooleanField(default=False, editable=False)
    # The secret (ARN) that its origin endpoint wants to see ("": none), the one of which CloudFront sends a
    # value, and the version of that.
    origin_secret = models.CharField(max_length=300, blank=True, default="", editable=False)
    origin_header_secret = models.CharField(max_length=300, blank=True, default="", editable=False)
    origin_header_version = models.CharField(max_length=64, blank=True, default="", editable=False)
    # The domain of the house under which viewers are to reach it ("": none), the one that StreamHub has last
    # given it, and the names and the certificate that CloudFront has, as last read.
    alias = models.CharField(max_length=253, blank=True, default="", editable=False)
    alias_given = models.CharField(max_length=253, blank=True, default="", editable=False)
    aliases_seen = models.TextField(blank=True, default="", editable=False)
    certificate_seen = models.CharField(max_length=200, blank=True, default="", editable=False)
    # What CloudFront accepted for the alias, an alias or a certificate, and does not show; "": nothing.
    alias_not_taken = models.TextField(blank=True, default="", db_default="", editable=False)
    # Whether viewers reach it there: it was seen deployed with it, and its DNS record with it.
    alias_serves = models.BooleanField(default=False, editable=False)
    # Another distribution takes the alias from it, which changes its ETag.
    alias_leaving = models.BooleanField(default=False, editable=False)
    # The DNS record that StreamHub has made for it, "NAME DOMAIN" ("": none), where the alias led when it was
    # last read, what was wrong with alias or certificate then ("": nothing), and when that was.
    alias_record = models.CharField(max_length=460, blank=True, default="", editable=False)
    alias_points_to = models.CharField(max_length=253, blank=True, default="", editable=False)
    alias_problem = models.TextField(blank=True, default="", editable=False)
    alias_observed_at = models.DateTimeField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(null=True, blank=True)
    status = models.CharField(max_length=32, blank=True, default="")
    etag = models.CharField(max_length=64, blank=True, default="")
    # The ETag after our own last write; a different `etag` means that somebody edited it outside StreamHub.
    # Empty: not known, because a write is under way or its outcome is unknown.
    own_etag = models.CharField(max_length=64, blank=True, default="", editable=False)

    # What Comment and tags say about ownership, as last read ("": not read yet). Tags are read only while the
    # Comment is not ours.
    comment_mark = models.CharField(max_length=120, blank=True, default="", editable=False)
    tags_mark = models.CharField(max_length=120, blank=True, default="", editable=False)

    # CloudFront's whole configuration as last read, for staff; read on request only.
    config = models.JSONField(null=True, blank=True)
    config_observed_at = models.DateTimeField(null=True, blank=True)
    config_requested = models.BooleanField(default=False)

    # A CallerReference works only once (AWS_RULES 4); the serial makes the row's next one.
    reference_serial = models.PositiveIntegerField(default=0)
    # Set before CreateDistribution is sent, cleared when it certainly had no effect.
    create_sent_at = models.DateTimeField(null=True, blank=True)
    delete_accepted_at = models.DateTimeField(null=True, blank=True)
    # The run of the reaper that handed it to the workers.
    reaper_run = models.ForeignKey(
        ReaperRun, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    # When it was proven gone: two NotFounds far enough apart, or our own delete and one absence.
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # For create and delete: Django's own permissions `add` and `delete`.
        permissions = [
            ("detach_distribution", "Can detach a distribution"),
            ("reattach_distribution", "Can re-attach a distribution"),
            ("keep_distribution", "Can cancel a distribution's deletion"),
            ("sync_distribution", "Can sync a distribution"),
            ("retry_distribution", "Can retry a distribution"),
            ("price_distribution", "Can change a distribution's price class"),
        ]
        indexes = [
            *due_indexes("distribution"),
            TrigramIndex(
                fields=["aws_distribution_id", "domain_name", "owner_label", "origin_url"],
                name="distribution_search",
            ),
            models.Index(fields=["domain_name"], name="distribution_domain"),
            models.Index(fields=["arn"], name="distribution_arn"),
            models.Index(
                fields=["alias_given"], name="distribution_alias", condition=~models.Q(alias_given="")
            ),
            models.Index(
                fields=["id"],
                name="distribution_stale",
                condition=models.Q(
                    state=State.DISABLED, desired=Desired.DELETED, attached=False, protected=False
                ),
            ),
            models.Index(
                fields=["not_before"],
                name="distribution_reaping",
                condition=models.Q(state=State.DELETING, delete_accepted_at=None),
            ),
            models.Index(
                fields=["id"], name="distribution_unwanted", condition=models.Q(desired=Desired.DELETED)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="protected_distribution_is_never_deleted",
                condition=~models.Q(protected=True, desired=Desired.DELETED),
            ),
            models.CheckConstraint(
                name="protected_distribution_is_left_alone",
                condition=models.Q(protected=False)
                | (models.Q(attached=False, desired=Desired.ENABLED) & ~models.Q(state=State.DELETING)),
            ),
            models.CheckConstraint(
                name="attached_distribution_is_never_deleted",
                condition=~models.Q(attached=True, desired=Desired.DELETED),
            ),
        ]

    def __str__(self) -> str:
        return self.domain_name or self.aws_distribution_id or f"distribution {self.pk}"

    @property
    def name(self) -> str:
        """Its name in transitions and messages."""
        return self.aws_distribution_id or self.owner_label

    @property
    def caller_reference(self) -> str:
        """CloudFront's idempotency token: derived from the uid, the same on every retry."""
        return f"streamhub-{self.uid}-{self.reference_serial}"
