"""API tokens of services, the answers stored under their idempotency keys, and the audit."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from streamhub.access.audit_entry import AuditEntry
from streamhub.clock import database_now

__all__ = ["ApiToken", "AuditEntry", "IdempotencyKey"]


class ApiTokens(models.QuerySet["ApiToken"]):
    """Queries for tokens."""

    def read_now(self) -> ApiTokens:
        """With `read_at` and the owner, so that asking a token whether it is usable needs no other query."""
        return self.select_related("owner").annotate(read_at=Now())


class ApiToken(models.Model):
    """One bearer token of a service. Only its SHA-256 is stored, not the token.

    `family`: shared by a token, those that replace it (`services.token_rotate`), and those that its owner
    issues for the same service. Idempotency keys and daily limits are a family's. So a token that somebody
    else issues under the same name gets none of the answers that are kept for this one.
    """

    service = models.CharField(max_length=64, db_index=True)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    # The first characters of the token, so that staff can tell tokens apart.
    prefix = models.CharField(max_length=6, editable=False)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # Who answers for it: without them it does not work. Null: issued at the command line for nobody.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="api_tokens",
    )
    family = models.CharField(max_length=32, editable=False, db_index=True)
    # The token that this one replaces.
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="replaced_by"
    )
    # What it may do in 24 hours, its rotations included; null: no limit.
    max_channels_per_day = models.PositiveIntegerField(
        "channels it may create in 24 hours",
        null=True,
        blank=True,
        help_text=_("Empty: no limit of its own. MAX_CHANNELS counts for everybody."),
    )
    max_starts_per_day = models.PositiveIntegerField(
        "breakouts it may start in 24 hours",
        null=True,
        blank=True,
        help_text=_("Empty: no limit of its own. MAX_RUNNING_CHANNELS counts for everybody."),
    )

    objects = ApiTokens.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["-id"]
        # Issuing a token needs Django's own `add` permission.
        permissions = [
            ("revoke_apitoken", "Can revoke an API token"),
            ("rotate_apitoken", "Can rotate an API token"),
        ]

    def __str__(self) -> str:
        return f"{self.service} ({self.prefix}…)"

    @cached_property
    def read_at(self) -> datetime:
        """The database's time at which `read_now` read the row; without that, the time now."""
        return database_now()

    @property
    def expired(self) -> bool:
        """Whether its expiry time had passed when it was read."""
        return self.expires_at is not None and self.expires_at <= self.read_at

    @property
    def usable(self) -> bool:
        """Whether requests with this token are accepted."""
        return self.revoked_at is None and not self.expired and not self.orphaned

    @property
    def orphaned(self) -> bool:
        """Whether its owner is deactivated."""
        return self.owner is not None and not self.owner.is_active


class IdempotencyKey(models.Model):
    """The answer under an idempotency key of a family of tokens, kept for `services.KEPT_FOR`.

    The row is inserted in the transaction of the effect. `status` is 0 only within that transaction, so
    other transactions never see a row without its answer.
    """

    family = models.CharField(max_length=32)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.TextField()
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    response_body = models.TextField(default="", blank=True)
    content_type = models.CharField(max_length=100, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["family", "key"], name="idempotency_key_of_family"),
        ]

    def __str__(self) -> str:
        return f"{self.family}: {self.key}"
