"""One conditional UPDATE makes one worker the owner of one step.

The claim counts the attempt *before* the step, so that a row that kills its worker counts too. It
expires by the database's clock, and every write of the step is conditional on its token: a worker that
was thought dead and comes back cannot overwrite what its successor did.
"""

from __future__ import annotations

import logging
import random
import secrets
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from streamhub.errors import AwsError, Retryable, StreamHubError
from streamhub.lifecycle import states
from streamhub.lifecycle.models import ManagedResource, error_fields

log = logging.getLogger(__name__)

CLAIM_SECONDS = 60
MAX_BACKOFF_SECONDS = 300
ALARM_ATTEMPTS = 10


class ClaimLost(StreamHubError):
    """The claim expired and somebody else owns the row now; the step must end without a trace."""


def after(seconds: float) -> models.ExpressionWrapper:
    """A moment that many seconds from now, by the database's clock."""
    return models.ExpressionWrapper(
        Now() + Value(timedelta(seconds=seconds), output_field=models.DurationField()),
        output_field=models.DateTimeField(),
    )


def backoff(attempts: int) -> float:
    """Seconds to wait after that many attempts in a row: doubling, at most five minutes, jittered."""
    base = min(MAX_BACKOFF_SECONDS, 0.5 * 2 ** min(attempts, 12))
    return base * random.uniform(0.8, 1.0)  # noqa: S311  spreading load, not hiding anything


FREE = Q(claimed_until__isnull=True) | Q(claimed_until__lt=Now())


def take(model: type[ManagedResource], pk: int) -> Claim | None:
    """Claim the row if it is due and nobody holds it; None otherwise."""
    token = secrets.token_hex(8)
    claimed = model._default_manager.filter(FREE, pk=pk, not_before__lte=Now()).update(
        claim_token=token,
        claimed_until=after(CLAIM_SECONDS),
        attempts=F("attempts") + 1,
        # Should this step kill its worker once more, the next one waits: poison must not loop.
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
        log.error("ALARM: %s %s did not end a step well %d times in a row", row.KIND, pk, row.attempts)
    return Claim(row, token)


class Claim:
    """The right to take one step on `row`."""

    def __init__(self, row: Any, token: str) -> None:
        self.row = row
        self.token = token
        self._generation = row.generation
        # A step that ends well clears the row's error, unless it sets this.
        self.keep_error = False

    @property
    def _mine(self) -> Q:
        return Q(claim_token=self.token)

    def save(self, **fields: Any) -> None:
        """Write columns at once (an AWS id the moment it is known). Raises `ClaimLost`."""
        if not fields:
            return
        rows = type(self.row)._default_manager.filter(self._mine, pk=self.row.pk)
        if not rows.update(**fields):
            raise ClaimLost(f"{self.row.KIND} {self.row.pk} is claimed by another worker")
        self.row.refresh_from_db()

    def note(self, why: str, *, request_id: str | None, **fields: Any) -> None:
        """Write columns and tell the timeline: AWS has accepted a call that moves no state.

        Raises `ClaimLost`.
        """
        with transaction.atomic():
            self.save(**fields)
            states.record(self.row, self.row.state, self.row.state, why=why, request_id=request_id)

    def change_state(self, to: str, *, why: str, request_id: str | None = None, **fields: Any) -> None:
        """Move to `to`; if already there, write `fields`, and a line only for a call that AWS accepted.

        Raises `ClaimLost`.
        """
        if self.row.state == to:
            if request_id:
                self.note(why, request_id=request_id, **fields)
            else:
                self.save(**fields)
            return
        moved = states.change(self.row, to, why=why, request_id=request_id, condition=self._mine, **fields)
        if not moved:
            raise ClaimLost(f"{self.row.KIND} {self.row.pk} changed under this step")

    def fail(self, to: str, step: str, error: AwsError | str, *, hint: str = "") -> None:
        """AWS refuses: remember what and why, and wait for a person."""
        moved = states.change(
            self.row,
            to,
            why=f"could not {step}",
            error=error,
            condition=self._mine,
            failed_step=step,
            **error_fields(error, hint or "Correct what AWS complains about, then press Retry."),
        )
        if not moved:
            raise ClaimLost(f"{self.row.KIND} {self.row.pk} changed under this step")
        self.keep_error = True
        self.release(None)

    def postpone(self, error: AwsError, *, hint: str = "") -> None:
        """Keep the state, show the error, try again later: for ever, at most five minutes apart."""
        wait = backoff(self.row.attempts)
        if isinstance(error, Retryable) and error.after:
            wait = max(wait, min(error.after, MAX_BACKOFF_SECONDS))
        self._end(after(wait), **error_fields(error, hint or "StreamHub tries again by itself."))

    def release(self, seconds: float | None) -> None:
        """The step ended well. Look again after `seconds` (None: only when woken)."""
        cleared = error_fields(None) if self.row.error_code and not self.keep_error else {}
        self._end(None if seconds is None else after(seconds), attempts=0, **cleared)

    def _end(self, due: Any, **fields: Any) -> None:
        unchanged = When(generation=self._generation, then=Value(None) if due is None else due)
        type(self.row)._default_manager.filter(self._mine, pk=self.row.pk).update(
            claim_token=None,
            claimed_until=None,
            queued_until=None,
            not_before=Case(unchanged, default=F("not_before"), output_field=models.DateTimeField()),
            **fields,
        )

    def forget(self, *, why: str, request_id: str | None = None, final_state: str = "deleted") -> None:
        """AWS says gone: the row goes, its last transition stays."""
        with transaction.atomic():
            states.record(self.row, self.row.state, final_state, why=why, request_id=request_id)
            gone, _ = type(self.row)._default_manager.filter(self._mine, pk=self.row.pk).delete()
            if not gone:
                raise ClaimLost(f"{self.row.KIND} {self.row.pk} is claimed by another worker")
