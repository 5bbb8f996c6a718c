"""What can be done with a channel now, and whether its breakout can start: pure, for the admin's pages.

The services have the last word (they look again under the lock); a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels_app import follow, guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.models.channel import Desired, State
from channels_app.services.breakout import STARTABLE
from channels_app.services.channel import NEED_IT

VERBS = ("breakout", "distribution", "retry", "stop", "delete")


@dataclass(frozen=True)
class Situation:
    """What the answer depends on. `on_air`: the name of the breakout that is, or "".

    `needed`: it is starting or running, not stopping; `may_run`: MediaLive runs, or may.
    """

    state: str
    desired: str
    on_air: str = ""
    needed: bool = False
    may_run: bool = False
    has_error: bool = False
    has_distribution: bool = False
    has_endpoint: bool = True


def situation_of(row: Channel) -> Situation:
    """One query, for the breakout on air."""
    on_air = Breakout.objects.filter(channel=row, state__in=ON_AIR).first()
    return Situation(
        state=row.state,
        desired=row.desired,
        on_air=on_air.name if on_air else "",
        needed=on_air is not None and on_air.state in NEED_IT,
        may_run=follow.may_run(row),
        has_error=bool(row.error_code),
        has_distribution=row.distribution_id is not None,
        has_endpoint=bool(row.endpoint_url),
    )


def refusal(verb: str, now: Situation) -> str | None:
    """Why the verb is not possible now, in a sentence; None if it is."""
    if verb == "retry":
        return None if now.state == State.FAILED or now.has_error else "There is nothing to retry."
    if verb == "stop":
        return _stop(now)
    if now.desired == Desired.DELETED:
        return "It is being deleted."
    if verb == "delete":
        return f"{now.on_air} is on air on it; stop the breakout first." if now.on_air else None
    if verb == "distribution":
        return _distribution(now)
    return None


def _stop(now: Situation) -> str | None:
    """Also while it is being deleted or stopped already: asked again, AWS is asked again at once."""
    if now.needed:
        return f"{now.on_air} is on air on it; stop the breakout."
    return None if now.may_run else "MediaLive does not run it: there is nothing to stop."


def _distribution(now: Situation) -> str | None:
    if now.has_distribution:
        return "It has one; detach that first."
    return None if now.has_endpoint else "There is no origin endpoint yet to put it in front of."


def possible(now: Situation) -> set[str]:
    """The verbs that are possible now."""
    return {verb for verb in VERBS if refusal(verb, now) is None}


@dataclass(frozen=True)
class BreakoutSituation:
    """A breakout, its channel ("" states: it has none any more), and who else is on air there."""

    state: str
    curtain_raised: bool = False
    channel_state: str = ""
    channel_desired: str = ""
    other_on_air: str = ""


def breakout_situation(row: Breakout) -> BreakoutSituation:
    """One query, for another breakout on air on the channel."""
    channel = row.channel
    if channel is None:
        return BreakoutSituation(row.state, row.curtain_raised)
    others = Breakout.objects.filter(channel=channel, state__in=ON_AIR).exclude(pk=row.pk)
    other = others.values_list("name", flat=True).first()
    return BreakoutSituation(row.state, row.curtain_raised, channel.state, channel.desired, other or "")


def breakout_refusal(verb: str, now: BreakoutSituation) -> str | None:
    """Why the verb is not possible on this breakout now; None if it is."""
    if verb in ("raise", "lower"):
        return _curtain(verb, now)
    if verb == "stop" and now.state == guards.State.STOPPING:
        return None  # asked again, AWS is asked again at once
    if verb not in guards.possible(now.state):
        return f"Not while it is {now.state}."
    if verb in ("prepare", "start", "retry") and now.channel_desired in ("", Desired.DELETED):
        return "Its channel is deleted or being deleted."
    if now.other_on_air and verb in ("start", "retry"):
        return f"{now.other_on_air} is on air on the channel; one at a time."
    retriable = STARTABLE if verb == "start" else (*STARTABLE, State.FAILED)
    if verb in ("start", "retry") and now.channel_state not in retriable:
        return f"The channel is {now.channel_state}; it must be ready first."
    return None


def _curtain(verb: str, now: BreakoutSituation) -> str | None:
    if "curtain" not in guards.possible(now.state):
        return f"Not while it is {now.state}."
    if now.curtain_raised == (verb == "raise"):
        return f"The curtain is {'raised' if now.curtain_raised else 'lowered'} already."
    return None
