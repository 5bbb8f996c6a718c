"""API tokens of the services of the house, and the answers kept under their idempotency keys."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class ApiToken(models.Model):
    """One bearer token of one named service. The token itself is not here: only its SHA-256 is."""

    service = models.CharField(max_length=64, db_index=True)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    # The first characters of the token, by which people tell their tokens apart.
    prefix = models.CharField(max_length=6, editable=False)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        verbose_name = "API token"
        ordering = ["-id"]
        # Issuing is Django's own `add`.
        permissions = [("revoke_apitoken", "Can revoke an API token")]

    def __str__(self) -> str:
        return f"{self.service} ({self.prefix}…)"

    @property
    def expired(self) -> bool:
        """Whether its time has run out."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def usable(self) -> bool:
        """Whether a request that carries it is let in."""
        return self.revoked_at is None and not self.expired


class IdempotencyKey(models.Model):
    """The answer that was given under a service's idempotency key, for `KEPT_FOR` (see services).

    The row is inserted in the transaction of the effect and `status` is 0 until that transaction
    ends: nobody else ever sees a row without its answer.
    """

    service = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.TextField()
    body_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    response_body = models.TextField(default="", blank=True)
    content_type = models.CharField(max_length=100, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "key"], name="idempotency_key_of_service"),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.key}"
