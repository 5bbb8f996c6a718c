"""How many channels there may be and may run: the limits of MAX_CHANNELS and MAX_RUNNING_CHANNELS."""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.lifecycle.guards import Refusal
from streamhub.translation import gettext, gettext_noop
from streamhub.translation import gettext_lazy as _

WHO_RAISES = _("Whoever deploys StreamHub can raise it.")


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
    sentence = gettext(
        "%(channels)s running or being started, and at most %(limit)s may run at once "
        "(MAX_RUNNING_CHANNELS). Stop one first. %(who_raises)s"
    ) % {"channels": _channels(places.taken), "limit": places.limit, "who_raises": WHO_RAISES}
    return Refusal(sentence, possible=(gettext_noop("stop another channel"),))


def none_to_create(places: Places) -> Refusal | None:
    """No place for one more channel. `places.taken`: those that are not being deleted."""
    if not places.full:
        return None
    sentence = gettext(
        "%(channels)s there, and at most %(limit)s may be (MAX_CHANNELS). Delete one first. %(who_raises)s"
    ) % {"channels": _channels(places.taken), "limit": places.limit, "who_raises": WHO_RAISES}
    return Refusal(sentence, possible=(gettext_noop("delete another channel"),))


def _channels(count: int) -> str:
    return gettext("1 channel is") if count == 1 else gettext("%(count)s channels are") % {"count": count}
