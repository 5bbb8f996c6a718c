"""The rules of a breakout's verbs (API.md, "Semantics")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels_app.models.breakout import State
from channels_app.models.channel import Desired
from channels_app.models.channel import State as ChannelState
from streamhub.lifecycle.guards import Refusal, Rule, Table, already, either, only, rule

# A channel in one of these states takes a start; it waits for nothing but AWS.
STARTABLE = (ChannelState.IDLE, ChannelState.STARTING, ChannelState.RUNNING, ChannelState.STOPPING)
# Until a breakout is over, its curtain moves.
HAS_CURTAIN = (State.IDLE, State.STARTING, State.RUNNING, State.STOPPING, State.FAILED)


@dataclass(frozen=True)
class Situation:
    """A breakout, its channel ("" states: it has none any more), and the name of who else is on air there."""

    state: str
    curtain_raised: bool = False
    channel_state: str = ""
    channel_desired: str = ""
    other_on_air: str = ""


def channel_gone(now: Situation) -> Refusal | None:
    if now.channel_desired and now.channel_desired != Desired.DELETED:
        return None
    return Refusal("Its channel is deleted or being deleted.", state=now.channel_state or "deleted")


def channel_taken(now: Situation) -> Refusal | None:
    if not now.other_on_air:
        return None
    sentence = f"The breakout {now.other_on_air!r} is on air on its channel; one at a time."
    return Refusal(sentence, possible=("stop the other breakout",))


def channel_not_ready(now: Situation) -> Refusal | None:
    if now.channel_state in STARTABLE:
        return None
    sentence = f"Its channel is {now.channel_state}; it can start once that is {either(*STARTABLE)}."
    possible = ("retry the channel",) if now.channel_state == ChannelState.FAILED else ()
    return Refusal(sentence, state=now.channel_state, possible=possible)


def channel_not_mendable(now: Situation) -> Refusal | None:
    """A retry takes a failed channel along."""
    return None if now.channel_state == ChannelState.FAILED else channel_not_ready(now)


def curtain_is_raised(now: Situation) -> str:
    return "Its curtain is raised already." if now.curtain_raised and now.state in HAS_CURTAIN else ""


def curtain_is_lowered(now: Situation) -> str:
    return "Its curtain is lowered already." if not now.curtain_raised and now.state in HAS_CURTAIN else ""


def rules() -> Mapping[str, Rule[Situation]]:
    """The table. Asked to stop again while it is stopping, AWS is asked again at once."""
    return {
        "prepare": rule(only(State.IDLE, State.STARTING, State.RUNNING, State.FAILED), channel_gone),
        "start": rule(
            only(State.IDLE, State.FAILED),
            channel_gone,
            channel_taken,
            channel_not_ready,
            repeats=already(State.STARTING, State.RUNNING),
        ),
        "retry": rule(only(State.FAILED), channel_gone, channel_taken, channel_not_mendable),
        "raise": rule(only(*HAS_CURTAIN), repeats=curtain_is_raised, call="curtain"),
        "lower": rule(only(*HAS_CURTAIN), repeats=curtain_is_lowered, call="curtain"),
        "stop": rule(
            only(State.STARTING, State.RUNNING, State.STOPPING, State.FAILED),
            repeats=already(State.COMPLETED),
        ),
        "cancel": rule(only(State.IDLE, State.STARTING), repeats=already(State.CANCELLED)),
    }


TABLE = Table(rules)
check, refusal, possible = TABLE.check, TABLE.refusal, TABLE.possible
