"""One check of a breakout's readiness, and how the last observation of a row becomes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from streamhub.lifecycle.freshness import is_fresh, last_answer
from streamhub.lifecycle.models import ManagedResource

# The calls that read; every other one changes something.
READS = ("Describe", "Get", "List")


@dataclass(frozen=True)
class Check:
    """One check. `ok` None: not known; `observed_at` None: no observation, or a stale one.

    `may_be_unknown`: what is not known yet, because it cannot be, is no reason to wait.
    """

    name: str
    ok: bool | None
    detail: str
    observed_at: datetime | None = None
    may_be_unknown: bool = False

    @property
    def passes(self) -> bool:
        return bool(self.ok) or (self.ok is None and self.may_be_unknown)


def last_observed(row: ManagedResource, key: str) -> datetime | None:
    """When AWS was last read for the row, by a describe or in a complete list; None if that is stale."""
    latest = last_answer(row.observed_at, key)
    return latest if is_fresh(latest) else None


def readable(
    row: ManagedResource, observed_at: datetime | None, name: str, judge: Callable[[], tuple[bool, str]]
) -> Check:
    """The check `judge`; `ok` is None if AWS could not be read or the last observation is stale.

    A call that AWS refused to carry out is no reading that failed: the check says which call it was.
    """
    _service, _, call = row.error_operation.partition(":")
    if call.startswith(READS):
        return Check(
            name,
            None,
            gettext("AWS could not be read: %(error_message)s") % {"error_message": row.error_message},
            observed_at,
        )
    if call:
        return Check(
            name,
            False,
            gettext("AWS did not carry out %(call)s: %(error_message)s")
            % {"call": call, "error_message": row.error_message},
            observed_at,
        )
    if observed_at is None and row.observed_at is not None:
        return Check(
            name, None, gettext("The last observation is too old. Prepare requests a new one."), None
        )
    ok, detail = judge()
    return Check(name, ok, detail, observed_at)
