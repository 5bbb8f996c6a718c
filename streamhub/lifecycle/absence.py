"""What to make of AWS saying that something is not there, or not as we took it to be.

One NotFound is a suspicion. Proof is a second one at least `OBSERVE_SECONDS` later, of a resource older
than `MISSING_MIN_AGE_SECONDS`. A write that meets NotFound or a conflict was decided on old news: look first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from streamhub.errors import AwsError, Conflict, NotFound, Retryable
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.models import error_fields


def is_confirmed(row: Any, now: datetime, created_at: datetime | None) -> bool:
    """Whether one more NotFound, now, proves that what `row` suspects to be gone is gone.

    `created_at`: when its create was sent, which may be long after its row was made; None: as old as the row.
    """
    return (
        row.suspect_since is not None
        and now - row.suspect_since >= timedelta(seconds=settings.OBSERVE_SECONDS)
        and now - (created_at or row.created_at) >= timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS)
    )


def suspicion(message: str, hint: str) -> dict[str, Any]:
    """The columns that say so on the row while StreamHub makes sure."""
    return error_fields(AwsError(message, code="suspected_missing"), hint)


def observe_on_conflict(claim: Claim, call: Callable[[], Any]) -> Any:
    """Run a write. Raises `Retryable` for NotFound and Conflict, after asking for a fresh observation."""
    try:
        return call()
    except (NotFound, Conflict) as error:
        raise observe_first(claim, error) from error


def observe_first(claim: Claim, error: AwsError) -> Retryable:
    """Ask for a fresh observation; the error to raise, with AWS's own words."""
    claim.save(observe_requested=True)
    return Retryable(
        error.message,
        operation=error.operation,
        code=error.code,
        request_id=error.request_id,
        status=error.status,
    )
