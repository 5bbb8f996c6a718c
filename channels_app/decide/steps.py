"""The steps of a channel, and which of them change AWS."""

from __future__ import annotations

from enum import StrEnum


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
# What is waited for while MediaLive changes its channel, by its state.
IN_PREPARATION = {"CREATING": Step.WAIT_CREATED, "UPDATING": Step.WAIT_UPDATED}
