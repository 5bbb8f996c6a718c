"""The outbox (`Event`), who gets what is in it (`Endpoint`), and how that went (`Delivery`, `Attempt`)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.models import new_uid


class Format(models.TextChoices):
    """How an event is written for its receiver. See `webhooks.formats`."""

    CLOUDEVENTS = "cloudevents", _("CloudEvents, signed")
    STANDARD = "standard", _("Standard Webhooks, signed")
    STRIPE = "stripe", _("Stripe meter events")
    OPENMETER = "openmeter", _("OpenMeter")


# The formats of billing engines: they take usage alone, and a key of theirs instead of our signature.
METERS = (Format.STRIPE, Format.OPENMETER)


class EndpointState(models.TextChoices):
    """Computed: `Endpoint.state`."""

    ACTIVE = "active", _("Active")
    FAILING = "failing", _("Failing")
    PAUSED = "paused", _("Paused")


class Endpoint(models.Model):
    """A receiver. `kinds`: which events it gets (`webhooks.kinds`). `owner` answers for it.

    Secrets are sealed (`streamhub.sealing`). `signing_secret` signs; so does `old_secret`, until
    `old_secret_until`. `api_secret` is the billing engine's key. `event_name` is the meter's name there,
    `default_customer` whose usage is that of nobody ("": it is not sent, and is an alarm).
    `failures`: in a row; then nothing is sent before `not_before`. A worker has it until `claimed_until`.
    """

    STATES = EndpointState
    KIND = "webhook endpoint"

    name = models.CharField(max_length=64, unique=True)
    url = models.CharField(max_length=500)
    format = models.CharField(max_length=16, choices=Format.choices)
    kinds = models.JSONField(default=list)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    active = models.BooleanField(default=True)
    paused_because = models.CharField(max_length=200, blank=True, default="")
    signing_secret = models.TextField(blank=True, default="")
    old_secret = models.TextField(blank=True, default="")
    old_secret_until = models.DateTimeField(null=True, blank=True)
    api_secret = models.TextField(blank=True, default="")
    event_name = models.CharField(max_length=100, blank=True, default="")
    default_customer = models.CharField(max_length=256, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    failures = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=500, blank=True, default="", editable=False)
    last_delivered_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_duration_ms = models.PositiveIntegerField(default=0, editable=False)
    not_before = models.DateTimeField(db_default=Now(), editable=False)
    claim_token = models.CharField(max_length=16, null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "webhook endpoint"
        permissions = [
            ("edit_endpoint", "Can edit a webhook endpoint"),
            ("pause_endpoint", "Can pause and resume a webhook endpoint"),
            ("rotate_endpoint", "Can rotate the secret of a webhook endpoint"),
            ("test_endpoint", "Can send a test event to a webhook endpoint"),
            ("replay_endpoint", "Can send events to a webhook endpoint again"),
            ("dismiss_endpoint", "Can dismiss what a webhook endpoint did not get"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> EndpointState:
        if not self.active:
            return EndpointState.PAUSED
        return EndpointState.FAILING if self.failing_since else EndpointState.ACTIVE

    @property
    def is_meter(self) -> bool:
        return self.format in METERS


def event_uid() -> str:
    return f"evt_{new_uid()}"


class Event(models.Model):
    """One change, written in its transaction. Never changed afterwards, apart from `spread`.

    `uid` is its id for every receiver, at every attempt. `key` names the change: there is one event for it.
    `spread`: its deliveries were written.
    """

    uid = models.CharField(max_length=36, unique=True, default=event_uid, editable=False)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=48)
    subject = models.CharField(max_length=64)
    customer = models.CharField(max_length=256, blank=True, default="")
    data = models.JSONField()
    at = models.DateTimeField(db_default=Now())
    spread = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="event_not_spread", condition=Q(spread=False)),
            models.Index(fields=["at", "id"], name="event_by_time"),
            models.Index(fields=["subject", "-id"], name="event_by_subject"),
        ]

    def __str__(self) -> str:
        """Its kind, and the name of what it is about if it has one."""
        return f"{self.kind} {self.data.get('name') or self.subject}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    DISMISSED = "dismissed", _("Dismissed")


class Delivery(models.Model):
    """One event for one endpoint. `due_since`: since when it is tried; after days it is `failed`.

    `status`, `answer`, `duration_ms` are those of the last attempt; `status` None: there was no answer.
    `customer`: whom a meter was told as the customer, with the last attempt.
    """

    STATES = DeliveryState
    KIND = "webhook delivery"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(
        max_length=16, choices=DeliveryState.choices, default=DeliveryState.WAITING, editable=False
    )
    state_since = models.DateTimeField(db_default=Now(), editable=False)
    due_since = models.DateTimeField(db_default=Now(), editable=False)
    not_before = models.DateTimeField(db_default=Now(), editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    customer = models.CharField(max_length=256, blank=True, default="", editable=False)
    status = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    answer = models.CharField(max_length=500, blank=True, default="", editable=False)
    duration_ms = models.PositiveIntegerField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        permissions = [("replay_delivery", "Can send a webhook event again")]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="one_delivery_per_endpoint_and_event")
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "not_before"], name="delivery_due", condition=Q(state="waiting")
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["state", "-id"], name="delivery_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}"


class Attempt(models.Model):
    """One request to a receiver, and how it was answered (`status` None: not at all)."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(db_default=Now())
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True, default="")
    duration_ms = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.status or 'no answer'} at {self.at:%Y-%m-%d %H:%M:%S}"
