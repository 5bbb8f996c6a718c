"""Badges show a state with a colour, an icon and a word; colour is never the only sign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SPINNER = "progress_activity"


class Tone(StrEnum):
    """The meaning of a colour. The style sheet defines its light and dark shade."""

    LIVE = "live"  # viewers may be watching
    GOOD = "good"  # as expected
    BUSY = "busy"  # in progress
    CALM = "calm"  # idle, nothing to do
    WARN = "warn"  # worth checking
    BAD = "bad"  # needs action by staff


@dataclass(frozen=True)
class Badge:
    """A tone, an icon (a Material symbol) and optionally a `word` to show instead of the state's name.

    `moving`: the state ends without action by staff; pages that show it refresh more often.
    """

    tone: Tone
    icon: str
    moving: bool = False
    word: StrOrPromise = ""

    @property
    def spins(self) -> bool:
        """Whether the icon rotates; only the spinner does."""
        return self.icon == SPINNER


UNKNOWN = Badge(Tone.WARN, "help")


def troubled(badge: Badge) -> Badge:
    """The badge of a state that has an error: red, and still as moving."""
    return badge if badge.tone == Tone.BAD else replace(badge, tone=Tone.BAD, icon="error")


def busy(icon: str = SPINNER, word: StrOrPromise = "") -> Badge:
    """The badge of a state that ends without action by staff."""
    return Badge(Tone.BUSY, icon, moving=True, word=word)
