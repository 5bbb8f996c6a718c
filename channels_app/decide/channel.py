"""The next step for a channel, and its desired state: pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from channels_app.decide.observed import Intent, Observed
from channels_app.decide.steps import CHANGES_AWS, IN_PREPARATION, Step
from channels_app.decide.stop import STARTED, stop_step
from channels_app.decide.teardown import teardown_step
from channels_app.models.breakout import State as BreakoutState
from channels_app.models.channel import Desired, State

# An edit needs a channel that does not run (AWS_RULES 15).
UPDATABLE = frozenset({"IDLE", "UPDATE_FAILED"})
# Tags wait until the channel has settled, so that they delay no start and no stop.
SETTLED = {Step.SETTLE_IDLE: State.IDLE, Step.SETTLE_RUNNING: State.RUNNING}
# What a settled channel is given, of which AWS may refuse each without harm to the others.
ORDER = (
    Step.TAG,
    Step.RESTORE_ATTACHMENT,
    Step.RESTORE_INPUT,
    Step.TELL_INPUT_CHANGED,
    Step.MOVE_MAINTENANCE,
    Step.WAIT_GROUP,
    Step.CREATE_SECOND,
)


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
        return teardown_step(observed)
    stopping = None if intent.desired == Desired.RUNNING else stop_step(observed)
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
    return _pending_step(step, observed) or step


def goes_on(intent: Intent, observed: Observed) -> bool:
    """Whether something else is due behind the step that AWS has just refused, which must not hold it up."""
    step = _create_step(observed) or _run_step(intent, observed)
    return SETTLED.get(step) == intent.state and bool(_behind_refused(step, observed))


def _pending_step(step: Step, observed: Observed) -> Step | None:
    """What a settled channel still lacks. What AWS refused is tried again after the rest.

    The first ones are not due any more once they are refused, so they hold nothing up.
    """
    first = _idle_step(observed) if step is Step.SETTLE_IDLE else None
    pending = _behind_refused(step, observed) or _pending(step, observed)
    return first or next(iter(pending), None)


def _behind_refused(step: Step, observed: Observed) -> list[Step]:
    if observed.refused not in ORDER:
        return []
    place = ORDER.index(observed.refused)
    return [each for each in _pending(step, observed) if ORDER.index(each) > place]


def _pending(step: Step, observed: Observed) -> list[Step]:
    """In the order of `ORDER`."""
    idle = step is Step.SETTLE_IDLE
    second = _second_step(observed)
    due = {
        Step.TAG: observed.tags_due,
        Step.RESTORE_ATTACHMENT: idle and observed.attachment_changed,
        Step.RESTORE_INPUT: idle and observed.input_changed,
        Step.TELL_INPUT_CHANGED: idle and observed.second_untold,
        Step.MOVE_MAINTENANCE: idle and observed.maintenance_due,
        Step.WAIT_GROUP: second is Step.WAIT_GROUP,
        Step.CREATE_SECOND: second is Step.CREATE_SECOND,
    }
    return [each for each in ORDER if due[each]]


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
    return Step.UPDATE_ML_CHANNEL if observed.settings_due else None


def _edit_step(observed: Observed) -> Step | None:
    """What staff edited about the input, which AWS takes only while its channel is idle."""
    return Step.EDIT_INPUT if observed.input_edited else None


def _restore_step(observed: Observed) -> Step | None:
    """Undo what somebody changed about the inputs, which AWS takes only while its channel is idle.

    A second input that was deleted is only told: another one has another URL, so a person decides.
    """
    if observed.attachment_changed:
        return Step.RESTORE_ATTACHMENT
    if observed.input_changed:
        return Step.RESTORE_INPUT
    return Step.TELL_INPUT_CHANGED if observed.second_untold else None


def _create_step(observed: Observed) -> Step | None:
    # A channel works without its second input. It is not created without it.
    spare = () if observed.ml_channel.present else (observed.second,)
    parts = (observed.mp_channel, observed.endpoint, observed.input, observed.ml_channel, *spare)
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
    if not observed.ml_channel.present and (creating := _second_step(observed)):
        return creating
    if not observed.ml_channel.known:
        # Deleted outside StreamHub: once it is gone, that is said.
        deleting = observed.input.state == "DELETING"
        return Step.WAIT_INPUT_GONE if deleting else Step.CREATE_ML_CHANNEL
    return None


def _second_step(observed: Observed) -> Step | None:
    """Create the second input. A channel that works without it has settled first: no show waits for it."""
    if observed.second.known or not observed.second_wanted:
        return None
    return Step.WAIT_GROUP if observed.group == "waiting" else Step.CREATE_SECOND


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
