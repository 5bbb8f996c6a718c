"""What is kept of alarms: the alarms themselves, and the notices about them that people get."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models.functions import Cast, Now
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.models import new_uid
from streamhub.postgresql.trigrams import TrigramIndex


class State(models.TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    SILENCED = "silenced", _("Silenced")
    RESOLVED = "resolved", _("Resolved")


class Alarm(models.Model):
    """A condition that was seen, from its opening until it was gone. One is open for a rule and an object.

    `detail`, `hint`, `severity` and `name` follow the condition while the alarm is open. `since` is when the
    condition began, `opened_at` when it was first stored. `owner` and `acknowledged_by` are names, because a
    service can acknowledge too.
    """

    STATES = State
    KIND = "alarm"

    uid = models.CharField(max_length=32, unique=True, default=new_uid, editable=False)
    rule = models.CharField(max_length=48)
    kind = models.CharField(max_length=24)
    object_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    severity = models.CharField(max_length=16)
    detail = models.TextField()
    hint = models.TextField(blank=True, default="")
    aws_error = models.TextField(blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    since = models.DateTimeField()
    opened_at = models.DateTimeField(db_default=Now())

    owner = models.CharField(max_length=150, blank=True, default="")
    acknowledged_by = models.CharField(max_length=160, blank=True, default="")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, default="")
    silenced_until = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    # When the notices about its opening and its escalation were written; null: not yet.
    announced_at = models.DateTimeField(null=True, blank=True, editable=False)
    escalated_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        # The list is read newest first, and by `resolved_at` for what is open.
        permissions = [
            ("acknowledge_alarm", "Can acknowledge an alarm"),
            ("take_alarm", "Can take an alarm"),
            ("silence_alarm", "Can silence an alarm"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "kind", "object_id"],
                name="one_open_alarm_per_rule_and_object",
                condition=models.Q(resolved_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=models.Q(resolved_at__isnull=True)
                | models.Q(resolved_at__gte=models.F("opened_at")),
                name="alarm_ends_after_its_opening",
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "object_id"], name="alarm_of_object"),
            models.Index(fields=["-resolved_at", "-id"], name="alarm_by_end"),
            TrigramIndex(fields=["name", "detail", "rule", "owner", "acknowledged_by"], name="alarm_search"),
            # The columns by which the list is sorted.
            models.Index(fields=["severity", "id"], name="alarm_by_severity"),
            models.Index(fields=["owner", "id"], name="alarm_by_owner"),
            models.Index(fields=["since", "id"], name="alarm_by_since"),
        ]

    def __str__(self) -> str:
        return f"{self.rule.replace('_', ' ').capitalize()}: {self.name}"

    @property
    def key(self) -> tuple[str, str, str]:
        return self.rule, self.kind, self.object_id

    @property
    def about(self) -> str:
        """Its object as people name it: kind and name, and the kind alone where there is only one of it."""
        return self.name if self.name == self.kind else f"{self.kind} {self.name}"

    def state_at(self, now: datetime) -> State:
        """Its state at that time by the database's clock."""
        if self.resolved_at is not None:
            return State.RESOLVED
        if self.silenced_until is not None and self.silenced_until > now:
            return State.SILENCED
        return State.ACKNOWLEDGED if self.acknowledged_at is not None else State.OPEN


class Event(models.TextChoices):
    """What a notice says."""

    OPENED = "opened", _("Opened")
    ESCALATED = "escalated", _("Escalated")
    RESOLVED = "resolved", _("Resolved")


class Notice(models.Model):
    """One message about an alarm to one target, to be sent once. Written with the alarm's change, sent later.

    `target` is "email" or names an apprise URL by its digest: the URL itself holds secrets and stays in the
    settings. `given_up`: it is no longer wanted, because its target was taken out of the settings or it is
    too old to matter.
    """

    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="notices")
    event = models.CharField(max_length=16, choices=Event.choices)
    target = models.CharField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())
    not_before = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up = models.BooleanField(default=False)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alarm", "event", "target"], name="one_notice_per_event_and_target"
            )
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="notice_unsent",
                condition=models.Q(sent_at__isnull=True, given_up=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.target}"


def open_alarms() -> models.QuerySet[Alarm]:
    return Alarm.objects.filter(resolved_at__isnull=True)


def has_open_alarm(kind: str, pk: str = "pk") -> models.Exists:
    """An expression for a queryset: whether an alarm is open about the object with the key in column `pk`."""
    object_id = Cast(models.OuterRef(pk), models.CharField())
    return models.Exists(open_alarms().filter(kind=kind, object_id=object_id))
