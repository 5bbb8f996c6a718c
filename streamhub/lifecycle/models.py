"""The columns of every managed row, and the life cycle's own tables."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from streamhub.append_only import append_only
from streamhub.clock import interval_constraint
from streamhub.errors import AwsError


def new_uid() -> str:
    """32 random hex digits, from which all AWS references of a row are derived."""
    return uuid.uuid4().hex


class Priority(models.IntegerChoices):
    """The order in which due rows are taken: stops and starts first, deletions last."""

    STOP = 0, "stop"
    START = 1, "start"
    CREATE = 2, "create"
    DELETE = 3, "delete"

    @property
    def urgent(self) -> bool:
        """Urgent rows have their own queue and may use the whole AWS rate limit."""
        return self <= Priority.START


class HasError(models.Model):
    """A row that shows its last error: AWS's message, and a hint what to do. See `error_fields`."""

    error_code = models.CharField(max_length=64, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    error_hint = models.TextField(blank=True, default="")
    # Waiting does not help: a person has to do something.
    error_needs_person = models.BooleanField(default=False)
    error_request_id = models.CharField(max_length=128, blank=True, default="")
    # The call that it answers, such as "medialive:StartChannel"; "": no call of ours.
    error_operation = models.CharField(max_length=64, blank=True, default="")
    # AWS's single reasons: [{"path", "message"}], what of the request is wrong and why.
    error_validation = models.JSONField(blank=True, default=list)
    error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def error_passes(self) -> bool:
        """Whether it is AWS's answer to one attempt that needs no person: over once a step is complete."""
        return bool(self.error_operation) and not self.error_needs_person

    @property
    def error(self) -> dict[str, Any] | None:
        """The row's error as the API shows it, or None."""
        if not self.error_code:
            return None
        return {
            "code": self.error_code,
            "message": self.error_message,
            "hint": self.error_hint,
            "validation": self.error_validation,
            "needs_person": self.error_needs_person,
            "request_id": self.error_request_id or None,
            "at": self.error_at,
        }


def error_fields_of(row: HasError) -> dict[str, Any]:
    """The error columns of `row`, to show its error on another row."""
    return {
        "error_code": row.error_code,
        "error_message": row.error_message,
        "error_hint": row.error_hint,
        "error_needs_person": row.error_needs_person,
        "error_request_id": row.error_request_id,
        "error_operation": row.error_operation,
        "error_validation": row.error_validation,
        "error_at": row.error_at,
    }


def error_fields(error: AwsError | str | None, hint: str = "") -> dict[str, Any]:
    """The columns of `HasError` that show an error, for an UPDATE; None clears it."""
    if error is None:
        return {
            "error_code": "",
            "error_message": "",
            "error_hint": "",
            "error_needs_person": False,
            "error_request_id": "",
            "error_operation": "",
            "error_validation": [],
            "error_at": None,
        }
    code = getattr(error, "code", "") or type(error).__name__
    return {
        "error_code": str(code)[:64],
        "error_message": str(getattr(error, "message", error)),
        "error_hint": hint,
        "error_needs_person": getattr(error, "needs_person", False),
        "error_request_id": str(getattr(error, "request_id", None) or "")[:128],
        "error_operation": str(getattr(error, "operation", ""))[:64],
        "error_validation": [
            {"path": path, "message": text} for path, text in getattr(error, "validation", ())
        ],
        "error_at": Now(),
    }


class ManagedResource(HasError):
    """A row that stands for a resource on AWS.

    `desired` is the intent; only services write it. `state` is the progress towards it; only
    `states.change` writes it. The AWS ids and facts are columns of the concrete model.
    """

    STATES: ClassVar[type[models.TextChoices]]
    KIND: ClassVar[str]  # its name in transitions, logs and messages

    uid = models.CharField(max_length=32, unique=True, default=new_uid, editable=False)
    state = models.CharField(max_length=16)
    state_since = models.DateTimeField(db_default=Now())
    desired = models.CharField(max_length=16)
    # Increased by every write of intent, so that a step in progress cannot postpone newer intent.
    generation = models.PositiveIntegerField(default=0, editable=False)
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.CREATE)

    # When to take the next step; null: not before new intent or an observation wakes the row.
    not_before = models.DateTimeField(null=True, blank=True, editable=False)
    queued_until = models.DateTimeField(null=True, blank=True, editable=False)
    claim_token = models.CharField(max_length=16, null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    # The process that claimed it (`WorkerProcess.token`); "": one without a heartbeat.
    claimed_by = models.CharField(max_length=16, blank=True, default="", editable=False)
    # Claims since the last completed step: 2 or more means that an earlier outcome is unknown.
    attempts = models.PositiveIntegerField(default=0, editable=False)

    # The polled list that this row waits for ("": none), and whether its next step must describe it.
    polled_list = models.CharField(max_length=24, blank=True, default="", editable=False)
    observe_requested = models.BooleanField(default=False, editable=False)
    # The operation of AWS that it waits for ("": none), since when, the last look that saw it still at work,
    # and when to look next (`lifecycle.awaiting`).
    awaits = models.CharField(max_length=48, blank=True, default="", editable=False)
    awaits_since = models.DateTimeField(null=True, blank=True, editable=False)
    awaits_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    look_at = models.DateTimeField(null=True, blank=True, editable=False)
    observed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The first NotFound for a resource that should exist: a suspicion until a later read confirms it.
    suspect_since = models.DateTimeField(null=True, blank=True, editable=False)

    # Since when its resource carries no mark of ours any more (`lifecycle.handed_over`).
    handed_over_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Since when AWS does not know something that the step needs (`lifecycle.settling`).
    not_known_since = models.DateTimeField(null=True, blank=True, editable=False)
    # Since when a step waits for a person to act in AWS; it is tried once a day (`errors.ActionRequired`).
    person_needed_at = models.DateTimeField(null=True, blank=True, editable=False)

    # The step that AWS refused, as a verb phrase; set only while FAILED.
    failed_step = models.CharField(max_length=100, blank=True, default="")

    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    @classmethod
    def unseen_effect(cls) -> models.Q:
        """Rows whose last call may still take effect without a sign that their next step would find."""
        return models.Q(pk__in=[])

    @property
    def outcome_unknown(self) -> bool:
        """An earlier step did not complete: read what it did on AWS before acting."""
        return self.attempts > 1


def due_indexes(name: str) -> list[models.Index]:
    """The indexes that sweep and observer need on a concrete model; `name` makes their names unique."""
    return [
        models.Index(
            fields=["priority", "not_before"],
            name=f"{name}_due",
            condition=models.Q(not_before__isnull=False),
        ),
        models.Index(fields=["polled_list"], name=f"{name}_polled", condition=~models.Q(polled_list="")),
        models.Index(
            fields=["claimed_by"], name=f"{name}_claimed", condition=models.Q(claim_token__isnull=False)
        ),
    ]


class Transition(models.Model):
    """One state change of one row: who, why, from, to, AWS's request id and error. The table is append-only.

    From and to are equal when new intent, or a call that AWS accepted, changed no state. It has no foreign
    key, because it outlives its row. `manage.py drop_audit` drops old months.
    """

    resource_type = models.CharField(max_length=24)
    resource_id = models.BigIntegerField()
    resource_name = models.CharField(max_length=128, blank=True, default="")
    at = models.DateTimeField(db_default=Now())
    who = models.CharField(max_length=128)
    why = models.TextField()
    from_state = models.CharField(max_length=16, blank=True, default="")
    to_state = models.CharField(max_length=16)
    aws_request_id = models.CharField(max_length=128, blank=True, default="")
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["resource_type", "resource_id", "-id"], name="transition_of_resource"),
            models.Index(fields=["at"], name="transition_at"),
            models.Index(
                fields=["aws_request_id"],
                name="transition_of_request",
                condition=~models.Q(aws_request_id=""),
            ),
        ]
        constraints = [*append_only("transition")]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.resource_type} {self.resource_id}: {self.from_state or 'new'} → {self.to_state}"


class Duration(models.Model):
    """How long AWS took for an operation: more than `after_seconds`, at most `by_seconds`."""

    operation = models.CharField(max_length=48)
    after_seconds = models.FloatField()
    by_seconds = models.FloatField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["operation", "-id"], name="duration_of_operation")]
        constraints = [interval_constraint("after_seconds", "by_seconds", name="duration_interval")]

    def __str__(self) -> str:
        return f"{self.operation}: {self.after_seconds:.0f} to {self.by_seconds:.0f} s"


class Heartbeat(models.Model):
    """The last heartbeat of beat, of any worker for all queues ("worker"), or of one worker.

    `name`: "beat", "worker", or the worker's own, which has an @ before its host. `first_at`: since when
    there has been one of this name.
    """

    name = models.CharField(max_length=200, unique=True)
    beat_at = models.DateTimeField()
    first_at = models.DateTimeField(db_default=Now())
    # What the process last corrected by itself, in words; empty if nothing.
    note = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.name} at {self.beat_at:%H:%M:%S}"


class WorkerProcess(models.Model):
    """A process that takes steps, and when it last said that it is alive. See `lifecycle.workers`.

    `noted_silent`: its silence was noted, and the messages that it had taken are queued again.
    """

    token = models.CharField(max_length=16, unique=True)
    host = models.CharField(max_length=128)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())
    noted_silent = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class ClockOffset(models.Model):
    """The last measured offset of a clock from the database's: of one kind of process on one host, or AWS's.

    `offset_ms` is positive if that clock is ahead of the database's; the truth is within `error_ms` of it.
    `beyond_since`: since when it has been beyond the limit (`lifecycle.clocks.LIMIT`).
    """

    host = models.CharField(max_length=128)
    role = models.CharField(max_length=16)
    offset_ms = models.BigIntegerField()
    error_ms = models.BigIntegerField()
    measured_at = models.DateTimeField(db_default=Now())
    beyond_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "role"], name="clock_offset_of_role")]

    def __str__(self) -> str:
        return f"{self.role} on {self.host}: {self.offset_ms} ms"


class Job(models.Model):
    """A periodic job: the lease that allows one run at a time, and the outcome of the last run."""

    name = models.CharField(max_length=64, unique=True)
    lease_token = models.CharField(max_length=16, null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    # The process that runs it (`WorkerProcess.token`); "": one without a heartbeat.
    leased_by = models.CharField(max_length=16, blank=True, default="")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True, default="")
    # What went wrong in the last run ("": nothing), and the first failed run since a good one.
    error = models.TextField(blank=True, default="")
    failing_since = models.DateTimeField(null=True, blank=True)
    # The last runs (`lifecycle.job_history`), the newest first.
    history = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [interval_constraint("started_at", "leased_until", name="job_lease_interval")]

    def __str__(self) -> str:
        return self.name


class Listing(models.Model):
    """The last complete list of one kind of AWS resource: its length and when it was read.

    `unread_since`: the first of the attempts to read it that failed since then, with AWS's last answer
    and what to do about it.
    """

    key = models.CharField(max_length=24, unique=True)
    pages = models.PositiveIntegerField(default=1)
    items = models.PositiveIntegerField(default=0)
    # How many items each quota counts, by its key (`PolledList.counts`).
    counts = models.JSONField(default=dict, blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)
    unread_since = models.DateTimeField(null=True, blank=True)
    unread_error = models.TextField(blank=True, default="")
    unread_hint = models.TextField(blank=True, default="")
    # A step reads it for all rows (`reading.read_for_all`), at the latest until then.
    reading_until = models.DateTimeField(null=True, blank=True)
    # When the rows that wait for it were last made to decide again.
    woken_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.key}: items {self.items}, pages {self.pages}"
