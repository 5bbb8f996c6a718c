"""The next step of a channel, as a table of intent, observation and step."""

from datetime import UTC, datetime, timedelta

import pytest

from channels_app.decide.channel import desired_of, next_step
from channels_app.decide.observed import Intent, Observed, Part
from channels_app.decide.steps import Step

NONE, SENT, PRESENT, GONE = Part(), Part(sent=True), Part(known=True), Part(known=True, gone=True)
DELETING = Part(known=True, deleting=True)
TAKEN = Part(known=True, handed_over=True)


def ml(state: str, **fields: bool) -> Part:
    return Part(known=True, state=state, **fields)


def stack(ml_state: str = "IDLE", **fields: object) -> dict:
    """A complete stack with its MediaLive channel in that state."""
    parts = {"mp_channel": PRESENT, "endpoint": PRESENT, "input": ml("DETACHED"), "ml_channel": ml(ml_state)}
    return {**parts, **fields}


TABLE = [
    # desired, state, observed, step
    ("idle", "pending", {}, Step.CREATE_MP_CHANNEL),
    ("idle", "pending", {"mp_channel": SENT}, Step.CREATE_MP_CHANNEL),
    ("idle", "provisioning", {"mp_channel": PRESENT}, Step.CREATE_ENDPOINT),
    (
        "idle",
        "provisioning",
        {"mp_channel": PRESENT, "endpoint": PRESENT, "distribution_due": True},
        Step.ADD_DISTRIBUTION,
    ),
    (
        "idle",
        "provisioning",
        {"mp_channel": PRESENT, "endpoint": PRESENT, "group": "waiting"},
        Step.WAIT_GROUP,
    ),
    ("idle", "provisioning", {"mp_channel": PRESENT, "endpoint": PRESENT}, Step.CREATE_INPUT),
    (
        "idle",
        "provisioning",
        {"mp_channel": PRESENT, "endpoint": PRESENT, "input": ml("CREATING")},
        Step.CREATE_ML_CHANNEL,
    ),
    ("idle", "provisioning", stack("CREATING"), Step.WAIT_CREATED),
    ("idle", "provisioning", stack("CREATE_FAILED"), Step.CLEAR_FAILED),
    ("idle", "provisioning", stack("UPDATE_FAILED"), Step.TELL_UPDATE_FAILED),
    ("idle", "idle", stack("DELETING"), Step.WAIT_ML_CHANNEL_GONE),
    ("idle", "provisioning", stack("IDLE"), Step.SETTLE_IDLE),
    ("idle", "idle", stack("IDLE", suspected=True), Step.LOOK_AGAIN),
    # a channel works without its second input, and is not created without it
    ("idle", "idle", stack("IDLE", second=GONE, second_untold=True), Step.TELL_INPUT_CHANGED),
    ("idle", "idle", stack("IDLE", second=GONE), Step.SETTLE_IDLE),
    ("running", "idle", stack("IDLE", second=GONE), Step.START),
    ("running", "running", stack("RUNNING", second=GONE), Step.SETTLE_RUNNING),
    ("idle", "provisioning", {**stack(), "second": GONE, "ml_channel": NONE}, Step.FAIL_LOST),
    # another second input is created once the channel has settled: no show waits for it
    ("running", "idle", stack("IDLE", second_wanted=True), Step.START),
    ("running", "idle", stack("IDLE", second=SENT, second_wanted=True, group="waiting"), Step.START),
    ("running", "starting", stack("RUNNING", second_wanted=True), Step.SETTLE_RUNNING),
    ("running", "running", stack("RUNNING", second_wanted=True, endpoint_closed=True), Step.OPEN_ENDPOINT),
    ("running", "running", stack("RUNNING", second_wanted=True), Step.CREATE_SECOND),
    ("running", "running", stack("RUNNING", second_wanted=True, group="waiting"), Step.WAIT_GROUP),
    ("idle", "idle", stack("IDLE", second_wanted=True), Step.CREATE_SECOND),
    ("idle", "idle", stack("IDLE", second_wanted=True, input_changed=True), Step.RESTORE_INPUT),
    ("idle", "idle", stack("IDLE", input=TAKEN, second_wanted=True), Step.HANDED_OVER),
    ("idle", "provisioning", {**stack(), "second_wanted": True, "ml_channel": NONE}, Step.CREATE_SECOND),
    (
        "idle",
        "provisioning",
        {**stack(), "second_wanted": True, "group": "waiting", "ml_channel": NONE},
        Step.WAIT_GROUP,
    ),
    ("idle", "idle", stack("IDLE", input=GONE), Step.FAIL_LOST),
    # tags wait until the channel has settled
    ("idle", "idle", stack("IDLE", tags_due=True), Step.TAG),
    ("idle", "idle", stack("IDLE", maintenance_due=True), Step.MOVE_MAINTENANCE),
    ("idle", "idle", stack("IDLE", maintenance_due=True, tags_due=True), Step.TAG),
    ("running", "running", stack("RUNNING", maintenance_due=True), Step.SETTLE_RUNNING),
    ("running", "idle", stack("IDLE", maintenance_due=True), Step.START),
    ("idle", "provisioning", stack("IDLE", maintenance_due=True), Step.SETTLE_IDLE),
    ("running", "running", stack("RUNNING", tags_due=True), Step.TAG),
    # what somebody changed about the input: told while it runs, undone while it is idle
    ("running", "running", stack("RUNNING", input_untold=True), Step.TELL_INPUT_CHANGED),
    ("running", "running", stack("STARTING", input_untold=True), Step.TELL_INPUT_CHANGED),
    ("running", "running", stack("RECOVERING", input_untold=True), Step.TELL_INPUT_CHANGED),
    ("running", "running", stack("IDLE", input_untold=True), Step.START),
    ("running", "running", stack("RUNNING", input_changed=True), Step.SETTLE_RUNNING),
    ("running", "running", stack("RUNNING", attachment_changed=True), Step.SETTLE_RUNNING),
    ("running", "running", stack("RUNNING", input_changed=True, tags_due=True), Step.TAG),
    ("running", "running", stack("RUNNING", stop_settling=True, input_untold=True), Step.WAIT_STOPPED),
    ("running", "idle", stack("IDLE", input_changed=True), Step.RESTORE_INPUT),
    ("running", "idle", stack("IDLE", attachment_changed=True), Step.RESTORE_ATTACHMENT),
    ("running", "idle", stack("IDLE", input_changed=True, attachment_changed=True), Step.RESTORE_ATTACHMENT),
    ("running", "starting", stack("IDLE", start_settling=True, input_changed=True), Step.WAIT_STARTED),
    ("running", "starting", stack("IDLE", start_accepted=True, input_changed=True), Step.FAIL_START),
    ("idle", "idle", stack("IDLE", input_changed=True), Step.RESTORE_INPUT),
    ("idle", "idle", stack("IDLE", attachment_changed=True), Step.RESTORE_ATTACHMENT),
    ("idle", "idle", stack("IDLE", input_changed=True, maintenance_due=True), Step.RESTORE_INPUT),
    ("idle", "idle", stack("IDLE", input_changed=True, tags_due=True), Step.TAG),
    ("idle", "idle", stack("IDLE", input_changed=True, settings_due=True), Step.UPDATE_ML_CHANNEL),
    ("idle", "idle", stack("IDLE", tags_due=True, input_edited=True), Step.EDIT_INPUT),
    ("idle", "idle", stack("IDLE", tags_due=True, refused=Step.TAG), Step.TAG),
    (
        *("idle", "idle"),
        stack("IDLE", tags_due=True, input_changed=True, refused=Step.TAG),
        Step.RESTORE_INPUT,
    ),
    (
        *("idle", "idle"),
        stack("IDLE", input_changed=True, maintenance_due=True, refused=Step.RESTORE_INPUT),
        Step.MOVE_MAINTENANCE,
    ),
    ("idle", "stopping", stack("IDLE", input_changed=True), Step.SETTLE_IDLE),
    ("idle", "running", stack("RUNNING", input_untold=True, input_changed=True), Step.STOP),
    ("idle", "failed", stack("IDLE", input_changed=True), Step.REST),
    ("idle", "idle", stack("IDLE", input=TAKEN, input_changed=True), Step.HANDED_OVER),
    ("idle", "idle", stack("IDLE", input=TAKEN, attachment_changed=True), Step.HANDED_OVER),
    ("deleted", "deleting", stack("IDLE", input_changed=True), Step.DELETE_ML_CHANNEL),
    ("idle", "provisioning", stack("IDLE", tags_due=True), Step.SETTLE_IDLE),
    ("running", "idle", stack("IDLE", tags_due=True), Step.START),
    ("idle", "running", stack("RUNNING", tags_due=True), Step.STOP),
    ("idle", "failed", stack("IDLE", tags_due=True), Step.REST),
    ("idle", "idle", stack("IDLE", input=TAKEN, tags_due=True), Step.HANDED_OVER),
    ("idle", "idle", stack("IDLE", ml_channel=GONE), Step.FAIL_LOST),
    ("idle", "idle", stack("IDLE", endpoint=GONE), Step.FAIL_LOST),
    ("idle", "failed", stack("IDLE", endpoint=GONE), Step.REST),
    # a part that is gone is not stopped, whatever state was read last
    ("idle", "idle", stack(ml_channel=ml("RUNNING", gone=True)), Step.FAIL_LOST),
    ("idle", "failed", stack(ml_channel=ml("RUNNING", gone=True)), Step.REST),
    # handed over: nothing on AWS is changed, apart from a stop that a person confirmed
    ("deleted", "deleting", stack(ml_channel=ml("IDLE", handed_over=True)), Step.HANDED_OVER),
    ("deleted", "deleting", stack(endpoint=TAKEN), Step.HANDED_OVER),
    (
        "deleted",
        "deleting",
        stack(ml_channel=GONE, endpoint=GONE, input=GONE, mp_channel=TAKEN),
        Step.HANDED_OVER,
    ),
    ("deleted", "deleting", stack(endpoint=TAKEN, suspected=True), Step.LOOK_AGAIN),
    ("deleted", "deleting", stack("DELETING", endpoint=DELETING, input=TAKEN), Step.WAIT_ML_CHANNEL_GONE),
    ("idle", "running", stack("RUNNING", mp_channel=TAKEN), Step.HANDED_OVER),
    ("idle", "running", stack("RUNNING", mp_channel=TAKEN, stop_confirmed=True), Step.STOP),
    ("deleted", "deleting", stack("IDLE", mp_channel=TAKEN, stop_confirmed=True), Step.HANDED_OVER),
    ("idle", "idle", stack("IDLE", mp_channel=TAKEN), Step.SETTLE_IDLE),
    ("idle", "provisioning", {"mp_channel": TAKEN}, Step.HANDED_OVER),
    ("idle", "provisioning", stack("CREATE_FAILED", input=TAKEN), Step.HANDED_OVER),
    ("running", "idle", stack("IDLE", input=TAKEN), Step.HANDED_OVER),
    ("running", "running", stack("RUNNING", input=TAKEN), Step.SETTLE_RUNNING),
    # running
    ("running", "idle", stack("IDLE"), Step.START),
    ("running", "starting", stack("STARTING", start_accepted=True), Step.WAIT_STARTED),
    (
        "running",
        "starting",
        stack("IDLE", start_accepted=True, start_settling=True),
        Step.WAIT_STARTED,
    ),
    ("running", "starting", stack("IDLE", start_accepted=True), Step.FAIL_START),
    ("running", "starting", stack("RUNNING", start_accepted=True), Step.SETTLE_RUNNING),
    ("running", "running", stack("RECOVERING"), Step.SETTLE_RUNNING),
    ("running", "running", stack("IDLE"), Step.START),
    ("running", "stopping", stack("STOPPING"), Step.WAIT_STOPPED),
    ("running", "stopping", stack("RUNNING", stop_settling=True), Step.WAIT_STOPPED),
    ("running", "failed", stack("IDLE"), Step.REST),
    # stopping
    ("idle", "running", stack("RUNNING"), Step.STOP),
    ("idle", "starting", stack("STARTING"), Step.STOP),
    ("idle", "stopping", stack("RUNNING", stop_settling=True), Step.WAIT_STOPPED),
    ("idle", "stopping", stack("STOPPING"), Step.WAIT_STOPPED),
    ("idle", "stopping", stack("IDLE"), Step.SETTLE_IDLE),
    # a read just after an accepted start may still show IDLE: it does not count as stopped
    ("idle", "starting", stack("IDLE", start_accepted=True, start_settling=True), Step.WAIT_STARTED),
    ("idle", "failed", stack("RUNNING"), Step.STOP),
    ("idle", "failed", stack("STOPPING"), Step.WAIT_STOPPED),
    # an encoder that should not run is stopped before any other step
    ("idle", "running", stack("RUNNING", suspected=True), Step.STOP),
    ("idle", "running", stack("RUNNING", suspected=True, ml_channel_suspected=True), Step.LOOK_AGAIN),
    ("idle", "running", stack("RUNNING", endpoint=GONE), Step.STOP),
    ("idle", "provisioning", stack("RUNNING", endpoint=NONE), Step.STOP),
    ("idle", "provisioning", stack("STOPPING", endpoint=NONE), Step.WAIT_STOPPED),
    ("idle", "stopping", stack("IDLE", endpoint=GONE), Step.FAIL_LOST),
    ("running", "running", stack("RUNNING", suspected=True), Step.LOOK_AGAIN),
    # deletion
    ("deleted", "deleting", {}, Step.FORGET),
    ("deleted", "deleting", {"mp_channel": SENT}, Step.FIND_MP_CHANNEL),
    ("deleted", "deleting", {"mp_channel": PRESENT}, Step.DELETE_MP_CHANNEL),
    ("deleted", "deleting", {"mp_channel": PRESENT, "endpoint": SENT}, Step.FIND_ENDPOINT),
    ("deleted", "deleting", {"mp_channel": PRESENT, "endpoint": PRESENT}, Step.DELETE_ENDPOINT),
    ("deleted", "deleting", {"mp_channel": PRESENT, "endpoint": PRESENT, "suspected": True}, Step.LOOK_AGAIN),
    ("deleted", "deleting", {"mp_channel": PRESENT, "suspected": True}, Step.LOOK_AGAIN),
    ("deleted", "deleting", {"mp_channel": PRESENT, "endpoint": DELETING}, Step.WAIT_ENDPOINT_GONE),
    ("deleted", "deleting", {"mp_channel": DELETING, "endpoint": GONE}, Step.WAIT_MP_CHANNEL_GONE),
    ("deleted", "deleting", {"mp_channel": GONE, "endpoint": GONE}, Step.FORGET),
    ("deleted", "deleting", stack(input=SENT, ml_channel=NONE, endpoint=GONE), Step.FIND_INPUT),
    ("deleted", "deleting", stack(ml_channel=SENT), Step.FIND_ML_CHANNEL),
    ("deleted", "deleting", stack("RUNNING"), Step.STOP),
    ("deleted", "deleting", stack("RUNNING", stop_settling=True), Step.WAIT_STOPPED),
    ("deleted", "failed", stack("RUNNING"), Step.STOP),
    # deleted in the console
    ("deleted", "deleting", stack("DELETING"), Step.WAIT_ML_CHANNEL_GONE),
    ("deleted", "deleting", stack("STOPPING"), Step.WAIT_STOPPED),
    ("deleted", "deleting", stack("CREATING"), Step.WAIT_CREATED),
    ("deleted", "deleting", stack("IDLE"), Step.DELETE_ML_CHANNEL),
    ("deleted", "deleting", stack("CREATE_FAILED"), Step.DELETE_ML_CHANNEL),
    ("deleted", "deleting", stack("IDLE", suspected=True), Step.LOOK_AGAIN),
    ("deleted", "deleting", stack(ml_channel=ml("DELETING", deleting=True)), Step.DELETE_ENDPOINT),
    (
        "deleted",
        "deleting",
        stack(ml_channel=ml("DELETING", deleting=True), endpoint=DELETING, input=ml("ATTACHED")),
        Step.WAIT_INPUT_GONE,
    ),
    # it is detached, which AWS says of it once its channel is gone
    ("deleted", "deleting", stack(ml_channel=DELETING, endpoint=DELETING), Step.DELETE_INPUT),
    (
        "deleted",
        "deleting",
        stack(ml_channel=DELETING, endpoint=DELETING, input=DELETING),
        Step.WAIT_ENDPOINT_GONE,
    ),
    (
        "deleted",
        "deleting",
        stack(ml_channel=DELETING, endpoint=GONE, input=DELETING),
        Step.DELETE_MP_CHANNEL,
    ),
    (
        "deleted",
        "deleting",
        stack(ml_channel=DELETING, endpoint=GONE, input=GONE, mp_channel=DELETING),
        Step.WAIT_ML_CHANNEL_GONE,
    ),
    ("deleted", "deleting", stack(ml_channel=GONE, endpoint=DELETING), Step.DELETE_INPUT),
    (
        "deleted",
        "deleting",
        stack(ml_channel=GONE, endpoint=GONE, input=ml("ATTACHED")),
        Step.WAIT_INPUT_GONE,
    ),
    # the input is still being created, or was deleted in the console
    (
        "deleted",
        "deleting",
        stack(ml_channel=GONE, endpoint=GONE, input=ml("CREATING")),
        Step.WAIT_INPUT_GONE,
    ),
    (
        "deleted",
        "deleting",
        stack(ml_channel=GONE, endpoint=GONE, input=ml("DELETING")),
        Step.WAIT_INPUT_GONE,
    ),
    (
        "deleted",
        "deleting",
        stack(ml_channel=GONE, endpoint=GONE, input=ml("DELETING", deleting=True), mp_channel=DELETING),
        Step.WAIT_INPUT_GONE,
    ),
]


@pytest.mark.parametrize(("desired", "state", "observed", "step"), TABLE)
def test_next_step(desired: str, state: str, observed: dict, step: Step) -> None:
    assert next_step(Intent(desired, state), Observed(**observed)) is step


NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("current", "breakouts", "warm", "desired"),
    [
        ("idle", [], None, "idle"),
        ("idle", ["starting"], None, "running"),
        ("idle", ["running"], None, "running"),
        ("running", ["stopping"], None, "idle"),
        ("running", ["stopping"], NOW + timedelta(minutes=1), "running"),
        ("running", [], NOW - timedelta(seconds=1), "idle"),
        ("running", [], NOW, "idle"),
        ("deleted", ["running"], NOW + timedelta(minutes=1), "deleted"),
    ],
)
def test_the_desired_state_of_a_channel(
    current: str, breakouts: list[str], warm: datetime | None, desired: str
) -> None:
    assert desired_of(current, breakouts, warm, NOW) == desired
