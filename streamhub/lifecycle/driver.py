"""What the life cycle needs to know of a kind of row: a driver each, declared by the apps as `drivers`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from streamhub.contributions import contributed
from streamhub.lifecycle.models import ManagedResource

if TYPE_CHECKING:
    from streamhub.lifecycle.claim import Claim

AT_ONCE = 0.0


class Driver(Protocol):
    """One per managed model."""

    @property
    def model(self) -> type[ManagedResource]: ...

    @property
    def failed_state(self) -> str: ...

    def step(self, claim: Claim) -> float | None:
        """Observe, decide, act once. Seconds until the next look (0: at once, None: when woken).

        The row may be gone afterwards (`claim.forget`). Raises house errors; never sleeps.
        """

    def doing(self, row: Any) -> str:
        """What the row is trying to do, in plain words that follow "could not"."""

    def context(self, row: Any) -> AbstractContextManager[Any]:
        """Wrapped around the step (rate-limit urgency, log context)."""
        return nullcontext()


def all_drivers() -> list[Driver]:
    return list(contributed("drivers"))


def driver_of(label: str) -> Driver:
    """That of a model ("app.model"). Raises `LookupError` if it has none."""
    found = next((driver for driver in all_drivers() if driver.model._meta.label_lower == label), None)
    if found is None:
        raise LookupError(f"No app declares a driver for {label}.")
    return found
