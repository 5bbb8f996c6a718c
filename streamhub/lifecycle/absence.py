"""When a resource counts as gone, and what follows from NotFound or a conflict on a write.

One NotFound is a suspicion. A second one, at least `OBSERVE_SECONDS` later, confirms it if the resource is
older than `MISSING_MIN_AGE_SECONDS`. A write that gets NotFound or Conflict relied on a stale observation.
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
    """Whether another NotFound at `now` confirms that the resource suspected by `row` is gone.

    `created_at`: when its create was sent. None: when the row was made.
    """
    return (
        row.suspect_since is not None
        and now - row.suspect_since >= timedelta(seconds=settings.OBSERVE_SECONDS)
        and now - (created_at or row.created_at) >= timedelta(seconds=settings.MISSING_MIN_AGE_SECONDS)
    )


def suspicion(message: str, hint: str) -> dict[str, Any]:
    """The columns that show the suspicion as an error on the row."""
    return error_fields(AwsError(message, code="suspected_missing"), hint)


def observe_on_conflict(claim: Claim, call: Callable[[], Any]) -> Any:
    """Run a write. On NotFound or Conflict, request an observation and raise `Retryable`."""
    try:
        return call()
    except (NotFound, Conflict) as error:
        raise observe_first(claim, error) from error


def observe_first(claim: Claim, error: AwsError) -> Retryable:
    """Request an observation, and return the `Retryable` to raise, with AWS's message."""
    claim.save(observe_requested=True)
    return Retryable(error.message, **error.about)
