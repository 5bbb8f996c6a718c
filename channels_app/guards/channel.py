"""The rules of a channel's verbs (API.md, "Semantics")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import Desired, State
from streamhub.lifecycle.guards import Refusal, Rule, Table, rule

# Breakouts that a channel runs for; one that is stopping does not need it any more.
NEED_IT = (BreakoutState.STARTING, BreakoutState.RUNNING)


@dataclass(frozen=True)
class Situation:
    """A channel. `on_air` is the name of the breakout that is on air on it ("": none), `on_air_state` its
    state; `may_run`: MediaLive runs, or may.
    """

    state: str
    desired: str
    on_air: str = ""
    on_air_state: str = ""
    may_run: bool = False
    has_error: bool = False
    has_distribution: bool = False
    has_endpoint: bool = True


def deleted_already(now: Situation) -> str:
    return "It is being deleted already." if now.desired == Desired.DELETED else ""


def going(now: Situation) -> Refusal | None:
    return Refusal("The channel is being deleted.") if now.desired == Desired.DELETED else None


def on_air(now: Situation) -> Refusal | None:
    if not now.on_air:
        return None
    sentence = f"The breakout {now.on_air!r} is on air on it. Stop the breakout first."
    return Refusal(sentence, possible=("stop the breakout",))


def needed(now: Situation) -> Refusal | None:
    """It runs for a breakout; one that is stopping lets go of it."""
    return on_air(now) if now.on_air_state in NEED_IT else None


def at_rest(now: Situation) -> Refusal | None:
    return None if now.may_run else Refusal("MediaLive does not run it: there is nothing to stop.")


def all_well(now: Situation) -> Refusal | None:
    return None if now.state == State.FAILED or now.has_error else Refusal("There is nothing to retry.")


def has_distribution(now: Situation) -> Refusal | None:
    if not now.has_distribution:
        return None
    return Refusal("It has a distribution already; detach that first.", possible=("detach",))


def no_endpoint(now: Situation) -> Refusal | None:
    if now.has_endpoint:
        return None
    return Refusal("It has no origin endpoint yet to put a distribution in front of.")


def rules() -> Mapping[str, Rule[Situation]]:
    """The table. Asked to stop again, also while it is being deleted, AWS is asked again at once."""
    return {
        "create-breakout": rule(going),
        "create-distribution": rule(going, has_distribution, no_endpoint),
        "retry": rule(all_well),
        "stop": rule(needed, at_rest),
        "delete": rule(on_air, repeats=deleted_already),
    }


TABLE = Table(rules)
check, refusal, possible = TABLE.check, TABLE.refusal, TABLE.possible
