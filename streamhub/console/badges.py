"""How a state looks: never colour alone, always with a word and an icon."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WHEEL = "progress_activity"


class Tone(StrEnum):
    """What the colour says. The style sheet gives each one its light and dark shade."""

    LIVE = "live"  # viewers may be polled_list
    GOOD = "good"  # as it should be
    BUSY = "busy"  # on its way
    CALM = "calm"  # at rest, nothing to do
    WARN = "warn"  # worth a look
    BAD = "bad"  # needs a person


@dataclass(frozen=True)
class Badge:
    """Tone, icon (a Material symbol) and, where the state's own name would mislead, another word.

    `moving`: the state passes by itself; pages that show it refresh themselves quickly.
    """

    tone: Tone
    icon: str
    moving: bool = False
    word: str = ""

    @property
    def spins(self) -> bool:
        """Only the symbol that is a wheel turns; a rocket on its side says nothing."""
        return self.icon == WHEEL


UNKNOWN = Badge(Tone.WARN, "help")


def busy(icon: str = WHEEL, word: str = "") -> Badge:
    """The look of a state that passes by itself."""
    return Badge(Tone.BUSY, icon, moving=True, word=word)
