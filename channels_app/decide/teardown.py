"""The next step of a channel that is being deleted."""

from __future__ import annotations

from channels_app.decide.observed import Observed
from channels_app.decide.steps import IN_PREPARATION, Step
from channels_app.decide.stop import stop_step


def teardown_step(observed: Observed) -> Step:
    """The teardown order (AWS_RULES 14, 17): stop, channel, input; endpoint, MediaPackage channel.

    A part is deleted as soon as AWS takes it: an input once it is detached, which is when its channel is
    gone. Proofs that no deletion needs come last, together.
    """
    if observed.ml_channel.unresolved:
        return Step.FIND_ML_CHANNEL
    if observed.ml_channel.present and not observed.ml_channel.deleting:
        return _delete_ml_channel(observed)
    if observed.endpoint.unresolved:
        return Step.FIND_ENDPOINT
    if observed.endpoint.present and not observed.endpoint.deleting:
        return Step.LOOK_AGAIN if observed.suspected else Step.DELETE_ENDPOINT
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
    if stopping := stop_step(observed):
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
    if observed.ml_channel.present:
        return Step.WAIT_ML_CHANNEL_GONE
    if observed.mp_channel.present:
        return Step.WAIT_MP_CHANNEL_GONE
    return Step.FORGET
