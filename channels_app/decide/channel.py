"""The next step for a channel, and its desired state: pure functions."""

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
    REPLACE_DISTRIBUTION = "replace the distribution, whose origin endpoint is gone"
    WAIT_GROUP = "get a security group"
    CREATE_INPUT = "create the MediaLive input"
    CREATE_SECOND = "create the second MediaLive input"
    CREATE_ML_CHANNEL = "create the MediaLive channel"
    AUTHORIZE_ENDPOINT = "change who may read the MediaPackage endpoint"
    TELL_DISTRIBUTION = "tell the distribution who may read its origin endpoint"
    UPDATE_ML_CHANNEL = "send the channel's settings to MediaLive"
    TELL_UPDATE_FAILED = "use the MediaLive channel, whose last edit failed"
    TELL_UNKNOWN_STATE = "use the MediaLive channel, whose state StreamHub does not know"
    CLEAR_FAILED = "remove the MediaLive channel that AWS could not create"
    FAIL_START = "start: MediaLive returned to idle without running"
    FAIL_LOST = "continue: a part of the channel was deleted outside StreamHub"
    WAIT_CREATED = "confirm that the MediaLive channel is created"
    WAIT_UPDATED = "confirm that MediaLive has applied the settings of the channel"
    START = "start the MediaLive channel"
    WAIT_STARTED = "confirm that the MediaLive channel runs"
    OPEN_ENDPOINT = "let CloudFront into the MediaPackage endpoint again"
    TELL_INPUT_CHANGED = "restore the MediaLive input while its channel runs"
    EDIT_INPUT = "give the MediaLive input its new security group"
    RESTORE_INPUT = "restore the settings of the MediaLive input"
    RESTORE_ATTACHMENT = "attach the input to the MediaLive channel again"
    SWITCH_INPUT = "switch the MediaLive channel to its other input"
    RESTART_PIPELINES = "restart the pipelines of the MediaLive channel"
    SETTLE_RUNNING = "record that the channel runs"
    STOP = "stop the MediaLive channel"
    WAIT_STOPPED = "confirm that the MediaLive channel is stopped"
    SETTLE_IDLE = "record that the channel is idle"
    FIND_ML_CHANNEL = "find out whether the MediaLive channel was created"
    FIND_INPUT = "find out whether the MediaLive input was created"
    FIND_SECOND = "find out whether the second MediaLive input was created"
    FIND_ENDPOINT = "find out whether the MediaPackage endpoint was created"
    FIND_MP_CHANNEL = "find out whether the MediaPackage channel was created"
    DELETE_ML_CHANNEL = "delete the MediaLive channel"
    DELETE_INPUT = "delete the MediaLive input"
    DELETE_SECOND = "delete the second MediaLive input"
    DELETE_ENDPOINT = "delete the MediaPackage endpoint"
    DELETE_MP_CHANNEL = "delete the MediaPackage channel"
    WAIT_ML_CHANNEL_GONE = "confirm that the MediaLive channel is deleted"
    WAIT_INPUT_GONE = "confirm that the MediaLive input is deleted"
    WAIT_SECOND_GONE = "confirm that the second MediaLive input is deleted"
    WAIT_ENDPOINT_GONE = "confirm that the MediaPackage endpoint is deleted"
    WAIT_MP_CHANNEL_GONE = "confirm that the MediaPackage channel is deleted"
    TAG = "change the tags of a part"
    MOVE_MAINTENANCE = "move the maintenance window"
    LOOK_AGAIN = "confirm that a part is gone"
    HANDED_OVER = "change a part that was handed over to others"
    FORGET = "remove the channel's row"
    REST = "rest"


@dataclass(frozen=True)
class Part:
    """One AWS resource of a channel.

    `known`: its id is on the row; `sent`: a create was sent; `state`: MediaLive's own state name;
    `deleting`: our delete was accepted recently; `gone`: proven not to exist any more; `handed_over`: it
    exists and carries no mark of ours any more.
    """

    known: bool = False
    sent: bool = False
    state: str = ""
    deleting: bool = False
    gone: bool = False
    handed_over: bool = False

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

    `group`: "none" (not needed), "waiting" or "ready". `distribution_elsewhere`: the attached distribution
    pulls from an earlier endpoint. `endpoint_closed`: its settings keep CloudFront out. `start_accepted`: AWS
    accepted a start and RUNNING was not seen since.
    `start_settling`, `stop_settling`: accepted so recently that a read may still show the earlier state.
    `suspected`: AWS answered NotFound once for a part; `ml_channel_suspected`: for the MediaLive channel.
    `tags_due`: a part does not have the tags as they are now. `maintenance_due`: the maintenance window may
    disturb a planned show.
    `input_changed`: somebody changed the input's settings; `attachment_changed`: the MediaLive channel reads
    other inputs; `input_untold`: one of them, and the timelines do not say it yet.
    `stop_confirmed`: a person wants the MediaLive channel stopped although it was handed over.
    `authorization_due`: the endpoint is not closed, or open, as is wanted; `distribution_untold`: it is, and
    the distribution does not know it. `settings_due`: MediaLive's channel is to get the present settings.
    `update_wanted`: a person wants our settings sent to the MediaLive channel. `encoder_edited`: they were
    edited. `input_edited`: the input is to get another security group; `edit_waits`: which AWS does not have
    yet, and nothing is known that would keep it from it.
    `second_wanted`: there is to be a second input. `switch_wanted`, `restart_wanted`: a person wants
    MediaLive to read another input, or its pipelines restarted.
    """

    mp_channel: Part = field(default_factory=Part)
    endpoint: Part = field(default_factory=Part)
    input: Part = field(default_factory=Part)
    second: Part = field(default_factory=Part)
    ml_channel: Part = field(default_factory=Part)
    group: str = "ready"
    distribution_due: bool = False
    distribution_elsewhere: bool = False
    endpoint_closed: bool = False
    input_changed: bool = False
    attachment_changed: bool = False
    input_untold: bool = False
    start_accepted: bool = False
    start_settling: bool = False
    stop_settling: bool = False
    suspected: bool = False
    ml_channel_suspected: bool = False
    tags_due: bool = False
    maintenance_due: bool = False
    stop_confirmed: bool = False
    authorization_due: bool = False
    distribution_untold: bool = False
    settings_due: bool = False
    update_wanted: bool = False
    encoder_edited: bool = False
    input_edited: bool = False
    edit_waits: bool = False
    second_wanted: bool = False
    switch_wanted: bool = False
    restart_wanted: bool = False

    @property
    def handed_over(self) -> bool:
        """Whether any part was handed over: then StreamHub changes none of them."""
        parts = (self.mp_channel, self.endpoint, self.input, self.second, self.ml_channel)
        return any(part.handed_over for part in parts)


STARTED = frozenset({"STARTING", "RUNNING", "RECOVERING"})
IN_PREPARATION = {"CREATING": Step.WAIT_CREATED, "UPDATING": Step.WAIT_UPDATED}
# An edit needs a channel that does not run (AWS_RULES 15).
UPDATABLE = frozenset({"IDLE", "UPDATE_FAILED"})


# The steps that change AWS. None is taken while a part is handed over.
CHANGES_AWS = frozenset(
    {
        Step.CREATE_MP_CHANNEL,
        Step.CREATE_ENDPOINT,
        Step.CREATE_INPUT,
        Step.CREATE_SECOND,
        Step.CREATE_ML_CHANNEL,
        Step.UPDATE_ML_CHANNEL,
        Step.CLEAR_FAILED,
        Step.START,
        Step.OPEN_ENDPOINT,
        Step.AUTHORIZE_ENDPOINT,
        Step.EDIT_INPUT,
        Step.RESTORE_INPUT,
        Step.RESTORE_ATTACHMENT,
        Step.STOP,
        Step.SWITCH_INPUT,
        Step.RESTART_PIPELINES,
        Step.DELETE_ML_CHANNEL,
        Step.DELETE_INPUT,
        Step.DELETE_SECOND,
        Step.DELETE_ENDPOINT,
        Step.DELETE_MP_CHANNEL,
        Step.TAG,
        Step.MOVE_MAINTENANCE,
    }
)
# Tags wait until the channel has settled, so that they delay no start and no stop.
SETTLED = {Step.SETTLE_IDLE: State.IDLE, Step.SETTLE_RUNNING: State.RUNNING}


def next_step(intent: Intent, observed: Observed) -> Step:
    """The one step that brings AWS closer to the intent.

    While a part is handed over no part is changed. Only a stop that a person confirmed is sent.
    """
    step = _wanted_step(intent, observed)
    if step not in CHANGES_AWS or not observed.handed_over:
        return step
    return step if step is Step.STOP and observed.stop_confirmed else Step.HANDED_OVER


def _wanted_step(intent: Intent, observed: Observed) -> Step:
    if intent.desired == Desired.DELETED:
        return _teardown_step(observed)
    stopping = None if intent.desired == Desired.RUNNING else _stop_step(observed)
    if intent.state == State.FAILED:
        # Only Retry leaves FAILED, but an encoder that should not run is stopped even now.
        return stopping or Step.REST
    if stopping and not observed.ml_channel_suspected:
        return stopping
    if observed.suspected:
        return Step.LOOK_AGAIN
    step = _create_step(observed) or _run_step(intent, observed)
    if SETTLED.get(step) != intent.state:
        return step
    if step is Step.SETTLE_RUNNING and (rescuing := _rescue_step(observed)):
        return rescuing
    if observed.tags_due:
        return Step.TAG
    return _idle_step(observed) or step if step is Step.SETTLE_IDLE else step


def _rescue_step(observed: Observed) -> Step | None:
    """What a person wants done to a show that runs. AWS takes it in RUNNING only."""
    if observed.ml_channel.state != "RUNNING":
        return None
    if observed.restart_wanted:
        return Step.RESTART_PIPELINES
    return Step.SWITCH_INPUT if observed.switch_wanted else None


def _idle_step(observed: Observed) -> Step | None:
    """What is changed only while nobody watches and MediaLive takes it."""
    if editing := _edit_step(observed):
        return editing
    if observed.authorization_due:
        return Step.AUTHORIZE_ENDPOINT
    if restoring := _restore_step(observed):
        return restoring
    if observed.settings_due:
        return Step.UPDATE_ML_CHANNEL
    return _maintenance_step(observed)


def _edit_step(observed: Observed) -> Step | None:
    """What staff edited about the input, which AWS takes only while its channel is idle."""
    return Step.EDIT_INPUT if observed.input_edited else None


def _restore_step(observed: Observed) -> Step | None:
    """Undo what somebody changed about the input, which AWS takes only while its channel is idle."""
    if observed.attachment_changed:
        return Step.RESTORE_ATTACHMENT
    return Step.RESTORE_INPUT if observed.input_changed else None


def _maintenance_step(observed: Observed) -> Step | None:
    return Step.MOVE_MAINTENANCE if observed.maintenance_due else None


def _stop_step(observed: Observed) -> Step | None:
    """Stop an encoder that should not run before any other step: it costs money."""
    if not observed.ml_channel.present:
        return None
    if observed.ml_channel.state in STARTED:
        return Step.WAIT_STOPPED if observed.stop_settling else Step.STOP
    return Step.WAIT_STOPPED if observed.ml_channel.state == "STOPPING" else None


def _create_step(observed: Observed) -> Step | None:
    parts = (observed.mp_channel, observed.endpoint, observed.input, observed.second, observed.ml_channel)
    if any(part.gone for part in parts):
        return Step.FAIL_LOST
    if not observed.mp_channel.known:
        return Step.CREATE_MP_CHANNEL
    if not observed.endpoint.known:
        return Step.CREATE_ENDPOINT
    if observed.distribution_due:
        return Step.ADD_DISTRIBUTION
    if observed.distribution_elsewhere:
        return Step.REPLACE_DISTRIBUTION
    if observed.distribution_untold:
        return Step.TELL_DISTRIBUTION
    if not observed.input.known:
        return Step.WAIT_GROUP if observed.group == "waiting" else Step.CREATE_INPUT
    if observed.second_wanted and not observed.second.known:
        return Step.WAIT_GROUP if observed.group == "waiting" else Step.CREATE_SECOND
    if not observed.ml_channel.known:
        # Deleted outside StreamHub: once it is gone, that is said.
        deleting = observed.input.state == "DELETING"
        return Step.WAIT_INPUT_GONE if deleting else Step.CREATE_ML_CHANNEL
    return None


# What is done while MediaLive's channel can be neither started nor stopped.
NOT_USABLE = {
    **IN_PREPARATION,
    "CREATE_FAILED": Step.CLEAR_FAILED,
    "UPDATE_FAILED": Step.TELL_UPDATE_FAILED,
    "DELETING": Step.WAIT_ML_CHANNEL_GONE,
    "STOPPING": Step.WAIT_STOPPED,
}
USABLE = STARTED | {"IDLE"}


def _run_step(intent: Intent, observed: Observed) -> Step:
    state = observed.ml_channel.state
    if (observed.update_wanted or observed.encoder_edited) and state in UPDATABLE:
        return Step.UPDATE_ML_CHANNEL
    if state in NOT_USABLE:
        return NOT_USABLE[state]
    if state not in USABLE:
        return Step.TELL_UNKNOWN_STATE
    if intent.desired == Desired.RUNNING:
        return _start_step(state, observed)
    return Step.WAIT_STARTED if observed.start_settling else Step.SETTLE_IDLE


def _start_step(state: str, observed: Observed) -> Step:
    if observed.stop_settling and state in STARTED:
        return Step.WAIT_STOPPED
    if state in STARTED and observed.input_untold:
        return Step.TELL_INPUT_CHANGED
    if state in ("RUNNING", "RECOVERING"):
        return Step.OPEN_ENDPOINT if observed.endpoint_closed else Step.SETTLE_RUNNING
    if state == "STARTING" or observed.start_settling:
        return Step.WAIT_STARTED
    if observed.start_accepted:
        return Step.FAIL_START
    if observed.edit_waits:
        # On air it could not follow any more, and the encoder would be shut out.
        return Step.WAIT_GROUP
    return _edit_step(observed) or _restore_step(observed) or Step.START


def _teardown_step(observed: Observed) -> Step:
    """The teardown order (AWS_RULES 14, 17): stop, channel, input; endpoint, MediaPackage channel."""
    if observed.ml_channel.unresolved:
        return Step.FIND_ML_CHANNEL
    if observed.ml_channel.present and not observed.ml_channel.deleting:
        return _delete_ml_channel(observed)
    if observed.endpoint.unresolved:
        return Step.FIND_ENDPOINT
    if observed.endpoint.present and not observed.endpoint.deleting:
        return Step.LOOK_AGAIN if observed.suspected else Step.DELETE_ENDPOINT
    if observed.ml_channel.present:
        return Step.WAIT_ML_CHANNEL_GONE
    if observed.input.unresolved:
        return Step.FIND_INPUT
    if observed.input.present and not observed.input.deleting:
        return _delete_input(observed)
    if observed.second.unresolved:
        return Step.FIND_SECOND
    if observed.second.present and not observed.second.deleting:
        return _delete_second(observed)
    if observed.endpoint.present:
        return Step.WAIT_ENDPOINT_GONE
    return _delete_mp_channel(observed)


def _delete_ml_channel(observed: Observed) -> Step:
    if stopping := _stop_step(observed):
        return stopping
    if observed.ml_channel.state in IN_PREPARATION:
        return IN_PREPARATION[observed.ml_channel.state]
    if observed.ml_channel.state == "DELETING":
        return Step.WAIT_ML_CHANNEL_GONE
    if observed.suspected or observed.start_settling:
        return Step.LOOK_AGAIN
    return Step.DELETE_ML_CHANNEL


def _delete_input(observed: Observed) -> Step:
    if observed.suspected:
        return Step.LOOK_AGAIN
    if observed.input.state in ("ATTACHED", "CREATING", "DELETING"):
        return Step.WAIT_INPUT_GONE
    return Step.DELETE_INPUT


def _delete_second(observed: Observed) -> Step:
    if observed.suspected:
        return Step.LOOK_AGAIN
    if observed.second.state in ("ATTACHED", "CREATING", "DELETING"):
        return Step.WAIT_SECOND_GONE
    return Step.DELETE_SECOND


def _delete_mp_channel(observed: Observed) -> Step:
    if observed.mp_channel.unresolved:
        return Step.FIND_MP_CHANNEL
    if observed.mp_channel.present and not observed.mp_channel.deleting:
        return Step.LOOK_AGAIN if observed.suspected else Step.DELETE_MP_CHANNEL
    if observed.input.present:
        return Step.WAIT_INPUT_GONE
    if observed.second.present:
        return Step.WAIT_SECOND_GONE
    if observed.mp_channel.present:
        return Step.WAIT_MP_CHANNEL_GONE
    return Step.FORGET


def desired_of(
    current: str, breakout_states: Iterable[str], warm_until: datetime | None, now: datetime
) -> str:
    """Deleted stays deleted; running while a breakout starts or runs, or while kept warm; else idle."""
    if current == Desired.DELETED:
        return Desired.DELETED
    needs_channel = {BreakoutState.STARTING, BreakoutState.RUNNING}
    if any(state in needs_channel for state in breakout_states):
        return Desired.RUNNING
    if warm_until is not None and warm_until > now:
        return Desired.RUNNING
    return Desired.IDLE
