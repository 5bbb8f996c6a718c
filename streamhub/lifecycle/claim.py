"""The claim: one conditional UPDATE gives one step on a row to one worker.

The claim counts the attempt *before* the step, so a step that kills its worker is counted too. It expires
by the database's clock, and is freed sooner if its worker is dead (`lifecycle.dead_workers`). Every write of
the step is conditional on the claim's token, so a worker whose claim is gone cannot overwrite what the next
one wrote.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Now

from streamhub.clock import from_now
from streamhub.errors import (
    ActionRequired,
    AwsError,
    NotKnownYet,
    NotSent,
    QuotaFull,
    Refused,
    Retryable,
    StreamHubError,
    Throttled,
)
from streamhub.lifecycle import awaiting, states, workers
from streamhub.lifecycle.models import ManagedResource, error_fields

log = logging.getLogger(__name__)

CLAIM_SECONDS = 60
MAX_BACKOFF_SECONDS = 300
ALARM_ATTEMPTS = 10
# What waits for a person to act in AWS is tried again after this time, or on Retry.
PERSON_SECONDS = 24 * 3600
TAKES_ITS_TURN = (
    "AWS takes fewer of these calls now than StreamHub makes. This one waits for its turn and is sent again "
    "by itself. If it lasts, find out who else makes such calls in the account, or ask AWS for a higher "
    "quota."
)
# The state that the last `Transition` of a row leads to. The row itself is deleted.
DELETED = "deleted"


class ClaimLost(StreamHubError):
    """The claim expired and another worker owns the row. The step must end without writing anything."""


class StateChanged(ClaimLost):
    """A verb changed the row's state under this step, or the claim is gone. What it did is not recorded.

    The step must end (`Claim.step_aside`): the next one reads what this one did, and follows the new state.
    """


def after(seconds: float) -> models.ExpressionWrapper:
    """The time `seconds` from now, by the database's clock."""
    return from_now(timedelta(seconds=seconds))


def backoff(attempts: int) -> float:
    """Seconds to wait after `attempts` in a row: doubling, at most `MAX_BACKOFF_SECONDS`, with jitter."""
    base = min(MAX_BACKOFF_SECONDS, 0.5 * 2 ** min(attempts, 12))
    return base * random.uniform(0.8, 1.0)  # noqa: S311  jitter, not a secret


# A completed or failed step waits neither for AWS to learn of something nor for a person to act in AWS.
_OVER: dict[str, Any] = {"not_known_since": None, "person_needed_at": None}

FREE = Q(claimed_until__isnull=True) | Q(claimed_until__lt=Now())


def take(model: type[ManagedResource], pk: int) -> Claim | None:
    """Claim the row if it is due and free; None otherwise."""
    token = secrets.token_hex(8)
    claimed = model._default_manager.filter(FREE, pk=pk, not_before__lte=Now()).update(
        claim_token=token,
        claimed_until=after(CLAIM_SECONDS),
        claimed_by=workers.own_token(),
        attempts=F("attempts") + 1,
        # A row that keeps killing its worker waits before its next step.
        not_before=Case(
            When(attempts__gte=ALARM_ATTEMPTS, then=after(MAX_BACKOFF_SECONDS)),
            default=F("not_before"),
        ),
    )
    if not claimed:
        return None
    row = model._default_manager.filter(pk=pk, claim_token=token).first()
    if row is None:
        return None
    if row.attempts > ALARM_ATTEMPTS:
        log.error("ALARM: %s %s: %d attempts in a row without a completed step", row.KIND, pk, row.attempts)
    return Claim(row, token)


def forget_free(rows: models.QuerySet[Any, Any], *, why: str) -> int:
    """`Claim.forget` for all of these rows that no step holds, in a few queries. Returns how many."""
    with transaction.atomic():
        locked = list(rows.filter(FREE).order_by("pk").select_for_update(of=("self",)))
        states.record_all(locked, DELETED, why=why)
        rows.model._default_manager.filter(pk__in=[row.pk for row in locked]).delete()
    return len(locked)


class Claim:
    """The right to take one step on `row`."""

    def __init__(self, row: Any, token: str) -> None:
        self.row = row
        self.token = token
        self._generation = row.generation
        # Keys of the resources (of the polled lists) that this step has described itself.
        self.looked_at: set[str] = set()
        # A completed step clears the row's error, unless it sets this.
        self.keep_error = False

    @property
    def _held(self) -> Q:
        return Q(claim_token=self.token)

    def save(self, **fields: Any) -> None:
        """Write columns now, such as an AWS id as soon as it is known. Raises `ClaimLost`."""
        if not fields:
            return
        rows = type(self.row)._default_manager.filter(self._held, pk=self.row.pk)
        if not rows.update(**fields):
            raise ClaimLost(f"{self.row.KIND} {self.row.pk} is claimed by another worker")
        self.row.refresh_from_db()

    @contextmanager
    def sending(self, **fields: Any) -> Iterator[None]:
        """Write columns just before the call that they announce, and make that call inside this context.

        If our own rate limit does not let the call go (`NotSent`), the columns get their earlier values back,
        so that nobody looks for the effect of a call that never was. Raises `ClaimLost`.
        """
        before = {name: getattr(self.row, name) for name in fields}
        self.save(**fields)
        try:
            yield
        except NotSent:
            self.save(**before)
            raise

    @contextmanager
    def creating(self, **fields: Any) -> Iterator[None]:
        """As `sending`, for a create: the columns get their earlier values back if it surely had no effect.

        Their earlier values, because an attempt before it may have had one: that doubt ends with a proof, not
        with a throttle or a denial. Raises `ClaimLost`.
        """
        before = {name: getattr(self.row, name) for name in fields}
        try:
            with self.sending(**fields):
                yield
        except (Refused, Retryable) as error:
            if isinstance(error, Refused) or not error.effect_unknown:
                self.save(**before)
            raise

    def note(self, why: str, *, request_id: str | None, **fields: Any) -> None:
        """Write columns and a `Transition` for a call that AWS accepted and that changes no state.

        Raises `ClaimLost`.
        """
        with transaction.atomic():
            self.save(**fields)
            states.record(self.row, self.row.state, self.row.state, why=why, request_id=request_id)

    def change_state(self, to: str, *, why: str, request_id: str | None = None, **fields: Any) -> None:
        """Move to `to` and write `fields`. In that state already: a `Transition` only with a `request_id`.

        Raises `ClaimLost`, and `StateChanged` if the row has another state meanwhile.
        """
        if self.row.state == to:
            if request_id:
                self.note(why, request_id=request_id, **fields)
            else:
                self.save(**fields)
            return
        moved = states.change(self.row, to, why=why, request_id=request_id, condition=self._held, **fields)
        if not moved:
            raise StateChanged(f"{self.row.KIND} {self.row.pk} changed under this step")

    def fail(self, to: str, step: str, error: AwsError | str, *, hint: str = "") -> None:
        """Record that AWS refused the step, and wait until staff retry. Raises `StateChanged`."""
        moved = states.change(
            self.row,
            to,
            why=f"could not {step}",
            error=error,
            condition=self._held,
            failed_step=step,
            **_OVER,
            **{
                **error_fields(error, hint or "Correct what AWS reports, then press Retry."),
                "error_needs_person": True,
            },
        )
        if not moved:
            raise StateChanged(f"{self.row.KIND} {self.row.pk} changed under this step")
        self.keep_error = True
        self.release(None, **awaiting.OVER)

    def postpone(self, error: AwsError, *, hint: str = "") -> None:
        """Keep the state, show the error and try again later, at most `MAX_BACKOFF_SECONDS` from now.

        What a person has to solve in AWS first is tried again after `PERSON_SECONDS`. Raises `ClaimLost`.
        """
        if isinstance(error, ActionRequired):
            self._wait_for_person(error)
            return
        if isinstance(error, QuotaFull):
            # Nothing was sent: no attempt, and nothing to find out.
            self._end(after(error.after or 0), attempts=0, **error_fields(error, hint or error.hint))
            return
        wait, fields = backoff(self.row.attempts), {}
        if isinstance(error, Retryable) and error.after:
            wait = max(wait, min(error.after, MAX_BACKOFF_SECONDS))
        if isinstance(error, NotKnownYet):
            wait = error.after or wait
            fields["not_known_since"] = Coalesce("not_known_since", Now())
        hint = hint or error.hint or "StreamHub tries again automatically."
        self._end(after(wait), **fields, **error_fields(error, hint))

    def _wait_for_person(self, error: ActionRequired) -> None:
        """Its outcome is known, so it counts as no attempt. The first time, the timeline says it."""
        hint = f"{error.hint} StreamHub tries again once a day, and at once after Retry."
        if self.row.person_needed_at is None:
            why = "AWS refuses until a person has acted"
            with transaction.atomic():
                self.save(person_needed_at=Now(), polled_list="")
                states.record(self.row, self.row.state, self.row.state, why=why, error=error)
        self._end(after(PERSON_SECONDS), attempts=0, **error_fields(error, hint))

    def wait_turn(self, seconds: float, throttle: Throttled | None = None) -> None:
        """The step's call was not sent. Come back when its turn comes: no attempt, no error, no backoff.

        If AWS throttled the call, the row shows that until its step is complete.
        """
        shown = error_fields(throttle, TAKES_ITS_TURN) if throttle else {}
        self._end(after(seconds), attempts=F("attempts") - 1, **shown)

    def step_aside(self) -> None:
        """The state changed under this step: let the next one begin at once, and read first what it did.

        Its attempt stays counted, so the outcome is unknown. Another worker's claim is left alone.
        """
        self._end(Now(), observe_requested=True)

    def release(self, seconds: float | None, **fields: Any) -> None:
        """The step is complete. Take the next one after `seconds` (None: only when woken); write `fields`."""
        cleared = error_fields(None) if self.row.error_code and not self.keep_error else {}
        if self.row.not_known_since or self.row.person_needed_at:
            cleared |= _OVER
        self._end(None if seconds is None else after(seconds), attempts=0, **cleared, **fields)

    def _end(self, due: Any, **fields: Any) -> None:
        unchanged = When(generation=self._generation, then=Value(None) if due is None else due)
        type(self.row)._default_manager.filter(self._held, pk=self.row.pk).update(
            claim_token=None,
            claimed_until=None,
            claimed_by="",
            queued_until=None,
            not_before=Case(unchanged, default=F("not_before"), output_field=models.DateTimeField()),
            **fields,
        )

    def forget(self, *, why: str, request_id: str | None = None) -> None:
        """Delete the row whose resource is gone from AWS, and record it. Raises `ClaimLost`."""
        with transaction.atomic():
            states.record(self.row, self.row.state, DELETED, why=why, request_id=request_id)
            deleted, _ = type(self.row)._default_manager.filter(self._held, pk=self.row.pk).delete()
            if not deleted:
                raise ClaimLost(f"{self.row.KIND} {self.row.pk} is claimed by another worker")
