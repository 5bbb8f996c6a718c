"""Drivers: what the life cycle needs to know about each managed model. Apps declare them as `drivers`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from streamhub.contributions import contributed
from streamhub.lifecycle.models import ManagedResource

if TYPE_CHECKING:
    from streamhub.lifecycle.awaiting import Awaited
    from streamhub.lifecycle.claim import Claim

AT_ONCE = 0.0


class Driver(Protocol):
    """One per managed model."""

    @property
    def model(self) -> type[ManagedResource]: ...

    @property
    def failed_state(self) -> str: ...

    def step(self, claim: Claim) -> float | None:
        """Observe, decide, act once. Returns the seconds until the next step (0: at once, None: when woken).

        May delete the row (`claim.forget`). Raises StreamHub's errors and never sleeps.
        """

    def awaited(self, row: Any) -> Awaited | None:
        """The operation of AWS whose end the row waits for after a step. A function of its columns."""

    def doing(self, row: Any) -> str:
        """What the row is trying to do, as a verb phrase that follows "could not"."""

    def context(self, row: Any) -> AbstractContextManager[Any]:
        """A context manager around the step, for urgency and log context."""
        return nullcontext()


def all_drivers() -> list[Driver]:
    return list(contributed("drivers"))


def driver_of(label: str) -> Driver:
    """The driver of a model ("app.model"). Raises `LookupError` if no app declares one."""
    for driver in all_drivers():
        if driver.model._meta.label_lower == label:
            return driver
    raise LookupError(f"No app declares a driver for {label}.")
