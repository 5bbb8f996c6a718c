"""Who owns distributions, as far as this app needs to know: a lock, a pointer to clear, and holds.

The app that owns them declares a `distribution_owner`; without an owner every distribution is free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from distributions.guards import Home
from streamhub.contributions import contributed

if TYPE_CHECKING:
    from distributions.models import Distribution


@dataclass(frozen=True)
class Ownership:
    """Who has a distribution: the owner's id if it is attached, and the names of its on-air breakouts."""

    owner_id: int | None = None
    holds: tuple[str, ...] = ()


class Owner(Protocol):
    def lock(self, distribution: Distribution) -> None:
        """Lock the owning row (before the distribution's), inside the caller's transaction."""

    def release(self, distribution: Distribution) -> None:
        """Clear the owner's pointer: the distribution is detached or lost. Same transaction."""

    def lost(self, distribution: Distribution) -> None:
        """It is proven gone although it was wanted: release it, and replace it if need be."""

    def identified(self, distribution: Distribution) -> None:
        """CloudFront has told its id. Same transaction as the write of the id."""

    def holds(self, distribution: Distribution) -> list[str]:
        """Why the distribution must not be touched now (names of on-air breakouts)."""

    def owner_id(self, distribution: Distribution) -> int | None:
        """The owner's id, if it is attached."""

    def home(self, distribution: Distribution) -> Home:
        """Whether it could be attached again to the one whose origin it is in front of."""

    def ownerships(self, distributions: Sequence[Distribution]) -> Mapping[int, Ownership]:
        """Of many, by their ids: as many queries as for one."""


class NoOwner:
    def lock(self, distribution: Distribution) -> None: ...

    def release(self, distribution: Distribution) -> None: ...

    def lost(self, distribution: Distribution) -> None: ...

    def identified(self, distribution: Distribution) -> None: ...

    def holds(self, distribution: Distribution) -> list[str]:
        return []

    def owner_id(self, distribution: Distribution) -> int | None:
        return None

    def home(self, distribution: Distribution) -> Home:
        return Home.GONE

    def ownerships(self, distributions: Sequence[Distribution]) -> Mapping[int, Ownership]:
        return {distribution.pk: Ownership() for distribution in distributions}


def owner() -> Owner:
    """That of all distributions: there is at most one."""
    (found,) = contributed("distribution_owner") or (NoOwner(),)
    return found
