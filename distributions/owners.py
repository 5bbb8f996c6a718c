"""What this app needs from the owner of distributions: a lock, a pointer to clear, and holds.

The app that owns distributions contributes a `distribution_owner`. Without one, no distribution has an owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.db.models import Q

from distributions.guards import Home
from streamhub.contributions import contributed

if TYPE_CHECKING:
    from distributions.models import Distribution


@dataclass(frozen=True)
class Ownership:
    """The owner's id (None: not attached) and the names of the breakouts on air on a distribution."""

    owner_id: int | None = None
    holds: tuple[str, ...] = ()


class Owner(Protocol):
    def lock(self, distribution: Distribution) -> None:
        """Lock the owning row (before the distribution's), inside the caller's transaction."""

    def release(self, distribution: Distribution) -> None:
        """Clear the owner's pointer, because the distribution is detached. In the caller's transaction."""

    def lost(self, distribution: Distribution) -> None:
        """The distribution is proven gone but still wanted: release it, and replace it if needed."""

    def changed_outside(self, distribution: Distribution, what: str) -> None:
        """Somebody changed it outside StreamHub: `what` was done. In the transaction that records it."""

    def in_use(self) -> Q:
        """The condition of the distributions that are needed now, and therefore watched closely."""

    def identified(self, distribution: Distribution) -> None:
        """The distribution now has its CloudFront id. In the transaction that writes the id."""

    def holds(self, distribution: Distribution) -> list[str]:
        """The names of the on-air breakouts that need the distribution; while there are any, it stays."""

    def owner_id(self, distribution: Distribution) -> int | None:
        """The owner's id; None if it is not attached."""

    def home(self, distribution: Distribution) -> Home:
        """Whether the channel whose origin it serves could take it back."""

    def ownerships(self, distributions: Sequence[Distribution]) -> Mapping[int, Ownership]:
        """Who has each distribution, by its id, in a constant number of queries."""


class NoOwner:
    def lock(self, distribution: Distribution) -> None: ...

    def release(self, distribution: Distribution) -> None: ...

    def lost(self, distribution: Distribution) -> None: ...

    def changed_outside(self, distribution: Distribution, what: str) -> None: ...

    def in_use(self) -> Q:
        return Q(pk__in=())

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
    """The contributed owner of all distributions; there is at most one."""
    (contribution,) = contributed("distribution_owner") or (NoOwner(),)
    return contribution
