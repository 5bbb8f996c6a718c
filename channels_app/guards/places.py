"""How many channels there may be and may run: the limits of MAX_CHANNELS and MAX_RUNNING_CHANNELS."""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.lifecycle.guards import Refusal

WHO_RAISES = "Whoever deploys StreamHub can raise it."


@dataclass(frozen=True)
class Places:
    """How many places there are (None: no limit) and how many are taken."""

    taken: int = 0
    limit: int | None = None

    @property
    def full(self) -> bool:
        return self.limit is not None and self.taken >= self.limit


def none_to_run(places: Places) -> Refusal | None:
    """No place for one more running channel. `places.taken`: the others that run."""
    if not places.full:
        return None
    sentence = (
        f"{_channels(places.taken)} running or being started, and at most {places.limit} may run at once "
        f"(MAX_RUNNING_CHANNELS). Stop one first. {WHO_RAISES}"
    )
    return Refusal(sentence, possible=("stop another channel",))


def none_to_create(places: Places) -> Refusal | None:
    """No place for one more channel. `places.taken`: those that are not being deleted."""
    if not places.full:
        return None
    sentence = (
        f"{_channels(places.taken)} there, and at most {places.limit} may be (MAX_CHANNELS). "
        f"Delete one first. {WHO_RAISES}"
    )
    return Refusal(sentence, possible=("delete another channel",))


def _channels(count: int) -> str:
    return "1 channel is" if count == 1 else f"{count} channels are"
