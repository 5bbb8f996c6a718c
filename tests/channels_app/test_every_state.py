"""Every state that AWS's models know is handled: none is taken for another, none is forgotten."""

from __future__ import annotations

from dataclasses import replace

import botocore.session
import pytest

from channels_app.decide.channel import next_step
from channels_app.decide.observed import Intent, Observed, Part
from channels_app.decide.steps import Step
from distributions import decide as distributions
from distributions.models import Desired as DistributionDesired
from distributions.models import State as DistributionState
from streamhub.aws.medialive import SecurityGroupInfo

HAS = Part(known=True)
WHOLE = Observed(mp_channel=HAS, endpoint=HAS, input=replace(HAS, state="ATTACHED"))

# MediaLive's state of a channel: the step while it should be idle, run, be deleted.
CHANNEL = {
    "CREATING": (Step.WAIT_CREATED, Step.WAIT_CREATED, Step.WAIT_CREATED),
    "CREATE_FAILED": (Step.CLEAR_FAILED, Step.CLEAR_FAILED, Step.DELETE_ML_CHANNEL),
    "IDLE": (Step.SETTLE_IDLE, Step.START, Step.DELETE_ML_CHANNEL),
    "STARTING": (Step.STOP, Step.WAIT_STARTED, Step.STOP),
    "RUNNING": (Step.STOP, Step.SETTLE_RUNNING, Step.STOP),
    "RECOVERING": (Step.STOP, Step.SETTLE_RUNNING, Step.STOP),
    "STOPPING": (Step.WAIT_STOPPED, Step.WAIT_STOPPED, Step.WAIT_STOPPED),
    "DELETING": (Step.WAIT_ML_CHANNEL_GONE, Step.WAIT_ML_CHANNEL_GONE, Step.WAIT_ML_CHANNEL_GONE),
    "DELETED": (Step.FAIL_LOST, Step.FAIL_LOST, Step.DELETE_ENDPOINT),
    "UPDATING": (Step.WAIT_UPDATED, Step.WAIT_UPDATED, Step.WAIT_UPDATED),
    "UPDATE_FAILED": (Step.TELL_UPDATE_FAILED, Step.TELL_UPDATE_FAILED, Step.DELETE_ML_CHANNEL),
}
# The state of an input without a channel: the step while it should be there, and be deleted.
INPUT = {
    "CREATING": (Step.CREATE_ML_CHANNEL, Step.WAIT_INPUT_GONE),
    "DETACHED": (Step.CREATE_ML_CHANNEL, Step.DELETE_INPUT),
    "ATTACHED": (Step.CREATE_ML_CHANNEL, Step.WAIT_INPUT_GONE),
    "DELETING": (Step.WAIT_INPUT_GONE, Step.WAIT_INPUT_GONE),
    "DELETED": (Step.FAIL_LOST, Step.DELETE_MP_CHANNEL),
}
# The state of a security group: whether it counts as gone.
GROUP = {"IDLE": False, "IN_USE": False, "UPDATING": False, "DELETED": True}
# CloudFront's statuses are no enum of its model ("Distribution" in its API reference): what each means for
# one that should be enabled.
STATUS = {
    "InProgress": distributions.Step.WAIT_DEPLOYED,
    "Deployed": distributions.Step.SETTLE_DEPLOYED,
    "SomethingNew": distributions.Step.WAIT_DEPLOYED,
}
DESIRED = ("idle", "running", "deleted")


def enum(shape: str) -> set[str]:
    return set(botocore.session.get_session().get_service_model("medialive").shape_for(shape).enum)


def part(state: str) -> Part:
    """What a row knows of a resource in this state; a deleted one counts as gone (`PartDriver.observed`)."""
    return Part(known=True, sent=True, state=state, gone=state == "DELETED")


@pytest.mark.parametrize(
    ("shape", "table"),
    [("ChannelState", CHANNEL), ("InputState", INPUT), ("InputSecurityGroupState", GROUP)],
    ids=["channel", "input", "security group"],
)
def test_the_tables_have_the_states_of_the_model(shape: str, table: dict[str, object]) -> None:
    assert set(table) == enum(shape)


@pytest.mark.parametrize("state", CHANNEL)
def test_the_step_of_a_channel_in_each_state(state: str) -> None:
    observed = replace(WHOLE, ml_channel=part(state))
    row_state = {"idle": "idle", "running": "starting", "deleted": "deleting"}
    steps = tuple(next_step(Intent(desired, row_state[desired]), observed) for desired in DESIRED)
    assert steps == CHANNEL[state]


@pytest.mark.parametrize("desired", DESIRED[:2])
def test_a_state_that_no_model_knows_is_told_and_nothing_is_sent(desired: str) -> None:
    observed = replace(WHOLE, ml_channel=part("DREAMING"))
    assert next_step(Intent(desired, "idle"), observed) is Step.TELL_UNKNOWN_STATE


@pytest.mark.parametrize("state", INPUT)
def test_the_step_with_an_input_in_each_state(state: str) -> None:
    observed = Observed(mp_channel=HAS, endpoint=HAS, input=part(state))
    gone = replace(observed, endpoint=replace(HAS, gone=True))
    steps = (
        next_step(Intent("idle", "provisioning"), observed),
        next_step(Intent("deleted", "deleting"), gone),
    )
    assert steps == INPUT[state]


@pytest.mark.parametrize("state", GROUP)
def test_a_security_group_in_each_state(state: str) -> None:
    info = SecurityGroupInfo(id="1", cidrs=(), state=state, tags={}, inputs=(), request_id=None)
    assert info.gone is GROUP[state]


@pytest.mark.parametrize("status", STATUS)
def test_a_distribution_with_each_status(status: str) -> None:
    intent = distributions.Intent(DistributionDesired.ENABLED, DistributionState.DEPLOYING)
    observed = distributions.Observed(known=True, enabled=True, status=status)
    assert distributions.next_step(intent, observed) is STATUS[status]


@pytest.mark.parametrize("state", ["IDLE", "UPDATE_FAILED", "RUNNING", "UPDATING"])
def test_our_settings_are_sent_only_to_a_channel_that_takes_them(state: str) -> None:
    observed = replace(WHOLE, ml_channel=part(state), update_wanted=True)
    step = next_step(Intent("running", "starting"), observed)
    assert (step is Step.UPDATE_ML_CHANNEL) == (state in ("IDLE", "UPDATE_FAILED"))
