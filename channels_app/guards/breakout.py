"""The rules of a breakout's verbs (docs/api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels_app.guards.places import Places, none_to_run
from channels_app.models.breakout import State
from channels_app.models.channel import Desired
from channels_app.models.channel import State as ChannelState
from streamhub.lifecycle.guards import NO_CALL, Refusal, Rule, Table, already, either, only, rule
from streamhub.translation import gettext as _
from streamhub.translation import gettext_noop

# A breakout can start while its channel is in one of these states.
STARTABLE = (ChannelState.IDLE, ChannelState.STARTING, ChannelState.RUNNING, ChannelState.STOPPING)
# The curtain of a breakout can be moved until the breakout is over.
# Whose planned start, and whose planned duration, can still change.
HAS_START = (State.IDLE, State.FAILED)
HAS_DURATION = (State.IDLE, State.STARTING, State.RUNNING, State.FAILED)
HAS_CURTAIN = (State.IDLE, State.STARTING, State.RUNNING, State.STOPPING, State.FAILED)


@dataclass(frozen=True)
class Situation:
    """A breakout and its channel.

    The channel states are "" if the channel is deleted. `other_on_air` names another breakout that is
    starting or running on the channel ("": none), and `other_state` is its state. `places`: to run, for its
    channel; no limit if it runs already. `has_duration`: it has a planned duration.
    """

    state: str
    curtain_raised: bool = False
    channel_state: str = ""
    channel_desired: str = ""
    other_on_air: str = ""
    places: Places = field(default_factory=Places)
    other_state: str = ""
    has_duration: bool = True


def channel_gone(situation: Situation) -> Refusal | None:
    if situation.channel_desired and situation.channel_desired != Desired.DELETED:
        return None
    return Refusal(_("Its channel is deleted or being deleted."), state=situation.channel_state or "deleted")


def channel_taken(situation: Situation) -> Refusal | None:
    if not situation.other_on_air:
        return None
    sentence = _(
        "The breakout %(other_on_air)s is on air on the same channel."
        " A channel carries one breakout at a time."
    ) % {"other_on_air": repr(situation.other_on_air)}
    runs = situation.other_state == State.RUNNING and situation.channel_state == ChannelState.RUNNING
    take_over = ("take-over",) if runs else ()
    return Refusal(sentence, possible=(*take_over, gettext_noop("stop the other breakout")))


def channel_not_ready(situation: Situation) -> Refusal | None:
    if situation.channel_state in STARTABLE:
        return None
    sentence = _("Its channel is %(channel_state)s. It can start once the channel is %(value)s.") % {
        "channel_state": _(situation.channel_state),
        "value": either(*STARTABLE),
    }
    failed = situation.channel_state == ChannelState.FAILED
    possible = (gettext_noop("retry the channel"),) if failed else None
    return Refusal(sentence, state=situation.channel_state, possible=possible)


def channel_not_retryable(situation: Situation) -> Refusal | None:
    """Retry also retries a failed channel."""
    return None if situation.channel_state == ChannelState.FAILED else channel_not_ready(situation)


def over(situation: Situation) -> Refusal | None:
    """A show that is over has its times from what happened."""
    if situation.state in HAS_DURATION:
        return None
    return Refusal(
        _("It is %(state)s: how long it was is known, and planned no more.") % {"state": _(situation.state)}
    )


def begun(situation: Situation) -> Refusal | None:
    if situation.state in HAS_START:
        return None
    return Refusal(
        _("It is %(state)s: it cannot begin at another time any more.") % {"state": _(situation.state)}
    )


def no_place(situation: Situation) -> Refusal | None:
    return none_to_run(situation.places)


def curtain_hides(situation: Situation) -> Refusal | None:
    if situation.curtain_raised:
        return None
    sentence = _("Its curtain is lowered, so no playback link is given out. Raise the curtain first.")
    return Refusal(sentence, possible=("curtain",))


def no_duration(situation: Situation) -> Refusal | None:
    if situation.has_duration:
        return None
    return Refusal(_("It has no planned duration that could be extended: it runs until it is stopped."))


def nothing_to_take_over(situation: Situation) -> Refusal | None:
    if situation.other_state == State.RUNNING:
        return None
    if not situation.other_on_air:
        starts = not (channel_not_ready(situation) or no_place(situation))
        return Refusal(
            _("No breakout runs on its channel that it could take over from."),
            possible=("start",) if starts else None,
        )
    sentence = _("The breakout %(other_on_air)s is starting on its channel. Wait until it runs.") % {
        "other_on_air": repr(situation.other_on_air)
    }
    return Refusal(sentence, state=situation.other_state)


def channel_not_running(situation: Situation) -> Refusal | None:
    if situation.channel_state == ChannelState.RUNNING:
        return None
    sentence = _("Its channel is %(channel_state)s. It can be taken over while the channel is running.") % {
        "channel_state": _(situation.channel_state)
    }
    return Refusal(sentence, state=situation.channel_state)


def curtain_is_raised(situation: Situation) -> str:
    applies = situation.curtain_raised and situation.state in HAS_CURTAIN
    return _("Its curtain is raised already.") if applies else ""


def curtain_is_lowered(situation: Situation) -> str:
    applies = not situation.curtain_raised and situation.state in HAS_CURTAIN
    return _("Its curtain is lowered already.") if applies else ""


def rules() -> Mapping[str, Rule[Situation]]:
    """The table. A repeated stop is not refused: it sends the request to AWS again at once."""
    return {
        "prepare": rule(only(State.IDLE, State.STARTING, State.RUNNING, State.FAILED), channel_gone),
        "start": rule(
            only(State.IDLE, State.FAILED),
            channel_gone,
            channel_taken,
            channel_not_ready,
            no_place,
            repeats=already(State.STARTING, State.RUNNING),
        ),
        "retry": rule(
            only(State.FAILED), channel_gone, channel_taken, channel_not_retryable, no_place, call=NO_CALL
        ),
        "raise": rule(only(*HAS_CURTAIN), repeats=curtain_is_raised, call="curtain"),
        "lower": rule(only(*HAS_CURTAIN), repeats=curtain_is_lowered, call="curtain"),
        "stop": rule(
            only(State.STARTING, State.RUNNING, State.STOPPING, State.FAILED),
            repeats=already(State.COMPLETED),
        ),
        "cancel": rule(only(State.IDLE, State.STARTING), repeats=already(State.CANCELLED)),
        "take-over": rule(
            only(State.IDLE, State.FAILED),
            channel_gone,
            nothing_to_take_over,
            channel_not_running,
            repeats=already(State.STARTING, State.RUNNING),
        ),
        "schedule": rule(only(State.IDLE, State.STARTING, State.RUNNING), channel_gone),
        "extend": rule(only(State.IDLE, State.STARTING, State.RUNNING), no_duration),
        "edit": rule(),
        "reschedule": rule(only(*HAS_START), call="edit"),
        "duplicate": rule(channel_gone, call=NO_CALL),
    }


def link_rules() -> Mapping[str, Rule[Situation]]:
    """The rules of what changes nothing, and so is not among what is possible instead of another verb."""
    return {"playback": rule(only(State.RUNNING), curtain_hides)}


def plan_rules() -> Mapping[str, Rule[Situation]]:
    """Edits of single fields, by the field."""
    return {"starts_at": rule(begun), "time_zone": rule(begun), "duration_minutes": rule(over)}


TABLE = Table(rules)
PLAN_TABLE, LINKS = Table(plan_rules, TABLE), Table(link_rules, TABLE)
check, refusal, possible = TABLE.check, TABLE.refusal, TABLE.possible
