"""What to do next with a channel: a pure function of intent and observation, and who wants what of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import Desired, State


class Step(StrEnum):
    """Each value completes the sentence "could not …"."""

    CREATE_MP_CHANNEL = "create the MediaPackage channel"
    CREATE_ENDPOINT = "create the MediaPackage endpoint"
    ADD_DISTRIBUTION = "ask for the distribution"
    REPLACE_DISTRIBUTION = "replace the distribution, which is in front of an origin endpoint that is gone"
    WAIT_GROUP = "get a security group"
    CREATE_INPUT = "create the MediaLive input"
    CREATE_ML_CHANNEL = "create the MediaLive channel"
    CLEAR_FAILED = "clear away the MediaLive channel that AWS could not create"
    FAIL_START = "start: MediaLive went back to idle without ever running"
    FAIL_LOST = "go on: a part of the channel was deleted outside StreamHub"
    WAIT_CREATED = "see the MediaLive channel become idle"
    START = "start the MediaLive channel"
    WAIT_STARTED = "see the MediaLive channel run"
    SETTLE_RUNNING = "note that the channel runs"
    STOP = "stop the MediaLive channel"
    WAIT_STOPPED = "see the MediaLive channel stop"
    SETTLE_IDLE = "note that the channel is idle"
    FIND_ML_CHANNEL = "find out whether the MediaLive channel was created"
    FIND_INPUT = "find out whether the MediaLive input was created"
    FIND_ENDPOINT = "find out whether the MediaPackage endpoint was created"
    FIND_MP_CHANNEL = "find out whether the MediaPackage channel was created"
    DELETE_ML_CHANNEL = "delete the MediaLive channel"
    DELETE_INPUT = "delete the MediaLive input"
    DELETE_ENDPOINT = "delete the MediaPackage endpoint"
    DELETE_MP_CHANNEL = "delete the MediaPackage channel"
    WAIT_ML_CHANNEL_GONE = "see the MediaLive channel go"
    WAIT_INPUT_GONE = "see the MediaLive input go"
    WAIT_ENDPOINT_GONE = "see the MediaPackage endpoint go"
    WAIT_MP_CHANNEL_GONE = "see the MediaPackage channel go"
    LOOK_AGAIN = "make sure that a part is gone"
    FORGET = "remove the channel's row"
    REST = "rest"


@dataclass(frozen=True)
class Part:
    """One AWS resource of a channel.

    `known`: its id is on the row; `sent`: a create was sent whose outcome is unknown; `state`: MediaLive's
    word for it; `deleting`: our delete was accepted not long ago; `gone`: proven not to exist any more.
    """

    known: bool = False
    sent: bool = False
    state: str = ""
    deleting: bool = False
    gone: bool = False

    @property
    def present(self) -> bool:
        return self.known and not self.gone

    @property
    def unresolved(self) -> bool:
        return self.sent and not self.known


@dataclass(frozen=True)
class Intent:
    desired: str
    state: str


@dataclass(frozen=True)
class Observed:
    """What is known of a channel's parts.

    `group`: "none" needed, "waiting" or "ready". `distribution_elsewhere`: what is
    attached pulls from another URL than the endpoint's (which was created anew).
    `start_settling`/`stop_settling`: AWS accepted it so recently that a read may still show the state
    before it; `start_accepted`: no RUNNING seen since. `suspected`: of some part one NotFound was read,
    `ml_channel_suspected`: of MediaLive's channel.
    """

    mp_channel: Part = field(default_factory=Part)
    endpoint: Part = field(default_factory=Part)
    input: Part = field(default_factory=Part)
    ml_channel: Part = field(default_factory=Part)
    group: str = "ready"
    distribution_due: bool = False
    distribution_elsewhere: bool = False
    start_accepted: bool = False
    start_settling: bool = False
    stop_settling: bool = False
    suspected: bool = False
    ml_channel_suspected: bool = False


ON = frozenset({"STARTING", "RUNNING", "RECOVERING"})
BUSY = frozenset({"CREATING", "UPDATING"})


def next_step(intent: Intent, seen: Observed) -> Step:
    """The one step that brings AWS nearer to the intent."""
    if intent.desired == Desired.DELETED:
        return _towards_nothing(seen)
    stopping = None if intent.desired == Desired.RUNNING else _stop_first(seen)
    if intent.state == State.FAILED:
        # It waits for a person, but what runs and should not is stopped all the same.
        return stopping or Step.REST
    if stopping and not seen.ml_channel_suspected:
        return stopping
    if seen.suspected:
        return Step.LOOK_AGAIN
    return _build(seen) or _run(intent, seen)


def _stop_first(seen: Observed) -> Step | None:
    """What runs and should not costs money: it is stopped before anything else is looked for or made."""
    if not seen.ml_channel.present:
        return None
    if seen.ml_channel.state in ON:
        return Step.WAIT_STOPPED if seen.stop_settling else Step.STOP
    return Step.WAIT_STOPPED if seen.ml_channel.state == "STOPPING" else None


def _build(seen: Observed) -> Step | None:
    if any(part.gone for part in (seen.mp_channel, seen.endpoint, seen.input, seen.ml_channel)):
        return Step.FAIL_LOST
    if not seen.mp_channel.known:
        return Step.CREATE_MP_CHANNEL
    if not seen.endpoint.known:
        return Step.CREATE_ENDPOINT
    if seen.distribution_due:
        return Step.ADD_DISTRIBUTION
    if seen.distribution_elsewhere:
        return Step.REPLACE_DISTRIBUTION
    if not seen.input.known:
        return Step.WAIT_GROUP if seen.group == "waiting" else Step.CREATE_INPUT
    if not seen.ml_channel.known:
        return Step.CREATE_ML_CHANNEL
    return None


def _run(intent: Intent, seen: Observed) -> Step:
    state = seen.ml_channel.state
    if state in ("CREATE_FAILED", "UPDATE_FAILED"):
        return Step.CLEAR_FAILED
    if state in BUSY:
        return Step.WAIT_CREATED
    if state == "DELETING":
        return Step.WAIT_ML_CHANNEL_GONE
    if state == "STOPPING":
        return Step.WAIT_STOPPED
    if intent.desired == Desired.RUNNING:
        return _towards_running(state, seen)
    return Step.WAIT_STARTED if seen.start_settling else Step.SETTLE_IDLE


def _towards_running(state: str, seen: Observed) -> Step:
    if seen.stop_settling and state in ON:
        return Step.WAIT_STOPPED
    if state in ("RUNNING", "RECOVERING"):
        return Step.SETTLE_RUNNING
    if state == "STARTING" or seen.start_settling:
        return Step.WAIT_STARTED
    return Step.FAIL_START if seen.start_accepted else Step.START


def _towards_nothing(seen: Observed) -> Step:
    """The teardown order (AWS_RULES 14, 17): stop, channel, input; endpoint, MediaPackage channel."""
    if seen.ml_channel.unresolved:
        return Step.FIND_ML_CHANNEL
    if seen.ml_channel.present and not seen.ml_channel.deleting:
        return _towards_deletable(seen)
    if seen.endpoint.unresolved:
        return Step.FIND_ENDPOINT
    if seen.endpoint.present and not seen.endpoint.deleting:
        return Step.LOOK_AGAIN if seen.suspected else Step.DELETE_ENDPOINT
    if seen.ml_channel.present:
        return Step.WAIT_ML_CHANNEL_GONE
    if seen.input.unresolved:
        return Step.FIND_INPUT
    if seen.input.present and not seen.input.deleting:
        return _delete_input(seen)
    if seen.endpoint.present:
        return Step.WAIT_ENDPOINT_GONE
    return _towards_no_package(seen)


def _towards_deletable(seen: Observed) -> Step:
    if stopping := _stop_first(seen):
        return stopping
    if seen.ml_channel.state in BUSY:
        return Step.WAIT_CREATED
    if seen.ml_channel.state == "DELETING":
        return Step.WAIT_ML_CHANNEL_GONE
    if seen.suspected or seen.start_settling:
        return Step.LOOK_AGAIN
    return Step.DELETE_ML_CHANNEL


def _delete_input(seen: Observed) -> Step:
    if seen.suspected:
        return Step.LOOK_AGAIN
    if seen.input.state in ("ATTACHED", "CREATING", "DELETING"):
        return Step.WAIT_INPUT_GONE
    return Step.DELETE_INPUT


def _towards_no_package(seen: Observed) -> Step:
    if seen.mp_channel.unresolved:
        return Step.FIND_MP_CHANNEL
    if seen.mp_channel.present and not seen.mp_channel.deleting:
        return Step.LOOK_AGAIN if seen.suspected else Step.DELETE_MP_CHANNEL
    if seen.input.present:
        return Step.WAIT_INPUT_GONE
    if seen.mp_channel.present:
        return Step.WAIT_MP_CHANNEL_GONE
    return Step.FORGET


def desired_of(
    current: str, breakout_states: Iterable[str], warm_until: datetime | None, now: datetime
) -> str:
    """Deleted wins; else running for a breakout starting or running, or for warmth; else idle."""
    if current == Desired.DELETED:
        return Desired.DELETED
    wanted = {BreakoutState.STARTING, BreakoutState.RUNNING}
    if any(state in wanted for state in breakout_states):
        return Desired.RUNNING
    if warm_until is not None and warm_until > now:
        return Desired.RUNNING
    return Desired.IDLE
