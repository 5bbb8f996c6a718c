"""API tokens of services, and the answers stored under their idempotency keys."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property

from streamhub.clock import database_now


class ApiTokens(models.QuerySet["ApiToken"]):
    """Queries for tokens."""

    def read_now(self) -> ApiTokens:
        """With `read_at`, so that asking a token whether it has expired needs no query of its own."""
        return self.annotate(read_at=Now())


class ApiToken(models.Model):
    """One bearer token of a service. Only its SHA-256 is stored, not the token."""

    service = models.CharField(max_length=64, db_index=True)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    # The first characters of the token, so that staff can tell tokens apart.
    prefix = models.CharField(max_length=6, editable=False)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = ApiTokens.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["-id"]
        # Issuing a token needs Django's own `add` permission.
        permissions = [("revoke_apitoken", "Can revoke an API token")]

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
        return self.revoked_at is None and not self.expired


class IdempotencyKey(models.Model):
    """The answer under a service's idempotency key, kept for `services.KEPT_FOR`.

    The row is inserted in the transaction of the effect. `status` is 0 only within that transaction, so
    other transactions never see a row without its answer.
    """

    service = models.CharField(max_length=64)
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
            models.UniqueConstraint(fields=["service", "key"], name="idempotency_key_of_service"),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.key}"
