"""Which of the two keys signs for viewers. A function of values, so that a rotation has no gap.

The next key signs once the key group has had it for a while; until then, and while that is not known, the
present one does. A key that the group lacks never signs: CloudFront would refuse every viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

# CloudFront takes minutes until all its edges know a changed key group.
SETTLED_AFTER = timedelta(minutes=15)


@dataclass(frozen=True)
class KeyFacts:
    """A key as last observed; None: not known. `in_group_for`: how long it has been seen in the key group.

    `matches`: the private half belongs to the public half that CloudFront has.
    """

    id: str
    in_group: bool | None = None
    in_group_for: timedelta | None = None
    matches: bool | None = None

    @property
    def may_sign(self) -> bool:
        return self.in_group is not False and self.matches is not False

    @property
    def settled(self) -> bool:
        """Whether every edge takes its signatures."""
        known = bool(self.in_group) and self.matches is not False
        return known and self.in_group_for is not None and self.in_group_for >= SETTLED_AFTER


def choose(keys: Sequence[KeyFacts]) -> str | None:
    """The id of the key that signs. `keys`: the present one, then the next one. None: none may sign."""
    for key in keys[1:]:
        if key.settled:
            return key.id
    able = [key for key in keys if key.may_sign]
    return able[0].id if able else None
