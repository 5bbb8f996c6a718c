"""The table of the audit."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from streamhub.append_only import append_only


class Outcome(models.TextChoices):
    """`DONE` changed something; `UNCHANGED` was accepted and changed nothing; `REFUSED` was not accepted."""

    DONE = "done", _("Done")
    UNCHANGED = "unchanged", _("Unchanged")
    REFUSED = "refused", _("Refused")


class AuditEntry(models.Model):
    """One thing that a person, a service or a command did or was refused. The table is append-only.

    It has no foreign key: it outlives users, tokens and objects. `before` and `after` hold the columns that
    changed, without secrets. What StreamHub does by itself is in the transitions.
    """

    at = models.DateTimeField(db_default=Now())
    # Who: "staff", "service", "system" (a command) or "anonymous" (a login that failed).
    actor_kind = models.CharField(max_length=16)
    actor_name = models.CharField(max_length=150)
    user_id = models.BigIntegerField(null=True, blank=True)
    # The family of the token (`ApiToken.family`), so that limits count what its rotations did too.
    token_family = models.CharField(max_length=32, blank=True, default="")
    # The client's address; "": none, as for a command.
    address = models.CharField(max_length=64, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    # What: the permission's codename ("start_breakout"), or a word for what needs none ("login").
    verb = models.CharField(max_length=100)
    outcome = models.CharField(max_length=16, choices=Outcome.choices, default=Outcome.DONE)
    # Why it was refused, or what else there is to say.
    detail = models.TextField(blank=True, default="")
    object_kind = models.CharField(max_length=64, blank=True, default="")
    object_id = models.BigIntegerField(null=True, blank=True)
    object_name = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        permissions = [("export_auditentry", "Can export the audit")]
        indexes = [
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["actor_name", "-id"], name="audit_of_actor"),
            models.Index(fields=["verb", "-id"], name="audit_of_verb"),
            models.Index(fields=["object_kind", "object_id", "-id"], name="audit_of_object"),
            models.Index(fields=["request_id"], name="audit_of_request", condition=~models.Q(request_id="")),
            # What a token did lately, for its limits.
            models.Index(
                fields=["token_family", "verb", "at"],
                name="audit_of_token",
                condition=~models.Q(token_family=""),
            ),
        ]
        constraints = [*append_only("audit_entry")]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.verb} {self.object_name}".rstrip()
