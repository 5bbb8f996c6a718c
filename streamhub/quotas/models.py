"""What is known of each quota, and who takes or wants a place in it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    """How much room a quota has."""

    ENOUGH = "enough", _("Enough")
    LITTLE = "little", _("Little")
    FULL = "full", _("Full")


class Quota(models.Model):
    """One quota of the account. `key`: see `catalogue`.

    `limit`: what Service Quotas said at `read_at`; null: nothing. `tried_at`: when it was last asked, and
    `read_error`: why that failed.
    """

    key = models.CharField(max_length=48, unique=True)
    limit = models.PositiveIntegerField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    read_error = models.TextField(blank=True, default="")
    # AWS refused a create then, when this many were counted. A create that succeeds clears both.
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_count = models.PositiveIntegerField(null=True, blank=True)
    # While it is full a create is tried all the same now and then: how often that was, and when again.
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.ENOUGH)
    level_since = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class Place(models.Model):
    """A place in a quota that a row has taken, or waits for (`taken_at` null).

    A place that was taken counts until a list was read that shows its resource: begun after `done_at`, when
    the create had ended; if a worker died in it, long enough after `taken_at`.
    """

    quota = models.CharField(max_length=48)
    model = models.CharField(max_length=64)
    object_id = models.BigIntegerField()
    asked_at = models.DateTimeField(db_default=Now())
    # How often it asked in vain.
    asks = models.PositiveIntegerField(default=0)
    taken_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quota", "model", "object_id"], name="one_place_of_a_row")
        ]

    def __str__(self) -> str:
        return f"{self.quota}: {self.model} {self.object_id}"
