"""Channels on AWS: observe, decide, act. A step makes at most one AWS write and saves its outcome at once.

The steps are implemented in `provisioning`, `running`, `outside_edits` and `teardown`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, ClassVar

from channels_app import operations
from channels_app.decide.steps import CHANGES_AWS, Step
from channels_app.driver import (
    closing,
    edits,
    failing,
    maintenance,
    moving,
    outside_edits,
    ownership,
    provisioning,
    rescue,
    running,
    tagging,
    teardown,
    telling,
    unread,
)
from channels_app.driver.observing import (
    contradicted_part,
    decided,
    describe_part,
    is_held_up,
    look_again,
    look_before,
)
from channels_app.driver.parts import ENDPOINT, INPUT, ML_CHANNEL, MP_CHANNEL, SECOND
from channels_app.models import Channel
from channels_app.models.channel import State
from streamhub.aws.ratelimit import step_of
from streamhub.errors import Refused
from streamhub.lifecycle import settling
from streamhub.lifecycle.awaiting import Awaited
from streamhub.lifecycle.claim import Claim
from streamhub.lifecycle.driver import AT_ONCE
from streamhub.lifecycle.models import Priority

# What carries out each step. It returns the seconds until the next observation (lifecycle.driver).
STEP_FUNCTIONS: dict[Step, Callable[[Claim], float | None]] = {
    Step.CREATE_MP_CHANNEL: partial(provisioning.create, MP_CHANNEL),
    Step.CREATE_ENDPOINT: partial(provisioning.create, ENDPOINT),
    Step.CREATE_INPUT: partial(provisioning.create, INPUT),
    Step.CREATE_SECOND: partial(provisioning.create, SECOND),
    Step.CREATE_ML_CHANNEL: partial(provisioning.create, ML_CHANNEL),
    Step.FIND_MP_CHANNEL: partial(provisioning.find, MP_CHANNEL),
    Step.FIND_ENDPOINT: partial(provisioning.find, ENDPOINT),
    Step.FIND_INPUT: partial(provisioning.find, INPUT),
    Step.FIND_SECOND: partial(provisioning.find, SECOND),
    Step.FIND_ML_CHANNEL: partial(provisioning.find, ML_CHANNEL),
    Step.ADD_DISTRIBUTION: provisioning.add_distribution,
    Step.REPLACE_DISTRIBUTION: provisioning.replace_distribution,
    Step.WAIT_GROUP: provisioning.wait_group,
    Step.CLEAR_FAILED: provisioning.clear_failed,
    Step.AUTHORIZE_ENDPOINT: closing.authorize,
    Step.TELL_DISTRIBUTION: closing.tell_distribution,
    Step.UPDATE_ML_CHANNEL: edits.edit_encoder,
    Step.TELL_UPDATE_FAILED: telling.tell_edit_failed,
    Step.TELL_UNKNOWN_STATE: telling.tell_unknown_state,
    Step.WAIT_UPDATED: partial(running.wait, None, "MediaLive applies the settings of the channel"),
    Step.WAIT_CREATED: partial(running.wait, None, "MediaLive creates the channel"),
    Step.START: running.start,
    Step.WAIT_STARTED: partial(running.wait, State.STARTING, "MediaLive starts the channel"),
    Step.SETTLE_RUNNING: partial(running.settle, State.RUNNING, "MediaLive says RUNNING"),
    Step.SWITCH_INPUT: rescue.switch_input,
    Step.RESTART_PIPELINES: rescue.restart_pipelines,
    Step.OPEN_ENDPOINT: outside_edits.open_endpoint,
    Step.TELL_INPUT_CHANGED: outside_edits.tell_input_changed,
    Step.EDIT_INPUT: edits.edit_input,
    Step.RESTORE_INPUT: outside_edits.restore_input,
    Step.RESTORE_ATTACHMENT: outside_edits.restore_attachment,
    Step.STOP: running.stop,
    Step.WAIT_STOPPED: partial(running.wait, State.STOPPING, "MediaLive stops the channel"),
    Step.SETTLE_IDLE: partial(running.settle, State.IDLE, "MediaLive says IDLE"),
    Step.FAIL_START: failing.fail_start,
    Step.FAIL_LOST: failing.fail_lost,
    Step.REST: failing.rest,
    Step.DELETE_ML_CHANNEL: partial(teardown.delete, ML_CHANNEL),
    Step.DELETE_INPUT: partial(teardown.delete, INPUT),
    Step.DELETE_SECOND: partial(teardown.delete, SECOND),
    Step.DELETE_ENDPOINT: partial(teardown.delete, ENDPOINT),
    Step.DELETE_MP_CHANNEL: partial(teardown.delete, MP_CHANNEL),
    Step.WAIT_ML_CHANNEL_GONE: telling.wait_gone,
    Step.WAIT_INPUT_GONE: partial(teardown.wait_gone, INPUT),
    Step.WAIT_SECOND_GONE: partial(teardown.wait_gone, SECOND),
    Step.WAIT_ENDPOINT_GONE: partial(teardown.wait_gone, ENDPOINT),
    Step.WAIT_MP_CHANNEL_GONE: partial(teardown.wait_gone, MP_CHANNEL),
    Step.FORGET: teardown.forget,
    Step.TAG: tagging.tag,
    Step.MOVE_MAINTENANCE: maintenance.move,
    Step.LOOK_AGAIN: look_again,
    Step.HANDED_OVER: ownership.leave_alone,
}

# The steps that AWS may refuse for ever, or that wait for somebody.
MAY_NEVER_END = CHANGES_AWS | {Step.WAIT_GROUP, Step.HANDED_OVER}


class ChannelDriver:
    model: ClassVar[type[Channel]] = Channel
    failed_state: ClassVar[str] = State.FAILED

    def context(self, row: Channel) -> AbstractContextManager[Any]:
        return step_of(f"{row.KIND}:{row.pk}", urgent=Priority(row.priority).urgent)

    def awaited(self, row: Channel) -> Awaited | None:
        return operations.awaited(row)

    def doing(self, row: Channel) -> str:
        return str(decided(row))

    def step(self, claim: Claim) -> float | None:
        if claim.row.observe_requested or claim.row.outcome_unknown:
            unread.describe_what_counts(claim)
        step = self._certain_step(claim)
        while part := ownership.unread_part(claim, step):
            ownership.read_mark(claim, step, part)
            step = self._certain_step(claim)
        ownership.record(claim)
        closing.keep_shown(claim)
        edits.keep_shown(claim)
        provisioning.keep_shown(claim)
        if step in MAY_NEVER_END:
            moving.catch_up(claim)
        try:
            with settling.patience(claim):
                seconds = STEP_FUNCTIONS[step](claim)
        except Refused as error:
            if provisioning.is_for_second(claim.row, step):
                return provisioning.refuse_second(claim, error)
            return failing.fail(claim, decided(claim.row), error)
        seconds = unread.keep_wanted(claim, seconds)
        return AT_ONCE if is_held_up(claim.row, step) else seconds

    @staticmethod
    def _certain_step(claim: Claim) -> Step:
        """The next step, after a read of what a start or stop relies on and of what contradicts the row.

        In this order: the first read may be stale and contradict the row itself.
        """
        look_before(claim, decided(claim.row))
        if part := contradicted_part(claim.row, decided(claim.row)):
            describe_part(claim, part)
        return decided(claim.row)
