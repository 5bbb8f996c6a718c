"""What MediaLive and MediaPackage carry out after they have answered, and which channel waits for it.

The defaults, at probabilities 0, 0.25, 0.5, 0.75 and 1, come from how often and how many times the waiters of
AWS's own SDK look (botocore, `waiters-2.json` of medialive), and from MediaLive's guide.
"""

from __future__ import annotations

from collections.abc import Callable

from channels_app.models import Channel
from channels_app.models.part import PartColumns
from streamhub.lifecycle.awaiting import Awaited
from streamhub.lifecycle.durations import Operation

# A new channel waits for CloudFront, which takes much longer; nobody waits for a deletion.
UNHURRIED = 10.0
HURRIED = 0.1
DELETE_TIMES = (5.0, 15.0, 25.0, 45.0, 420.0)
DELETE_SOURCE = "botocore's waiter looks every 5 seconds, for 7 minutes"
DELETE_INPUT_TIMES = (2.0, 4.0, 7.0, 12.0, 100.0)


def _says(*states: str) -> Callable[[Channel], bool]:
    return lambda row: row.ml_channel_state in states


def _gone(part: PartColumns) -> Callable[[Channel], bool]:
    return lambda row: part.of(row).gone or part.of(row).state == "DELETED"


def _detached(row: Channel) -> bool:
    inputs = [part.of(row) for part in (Channel.ML_INPUT, Channel.ML_SECOND)]
    states = ("DETACHED", "DELETING", "DELETED")
    return row.ml_channel_gone or any(stored.state in states for stored in inputs)


def deletions_accepted(row: Channel) -> bool:
    """Whether AWS has accepted the deletion of every part that the channel had, or it is gone anyhow."""
    parts = (part.of(row) for part in Channel.PARTS)
    return all(stored.deleted_at or stored.gone or not stored.aws_id for stored in parts)


def _waits_for_channel(row: Channel, part: PartColumns) -> bool:
    """Whether an input waits for the deletion of the MediaLive channel that still has it."""
    return (
        part in (Channel.ML_INPUT, Channel.ML_SECOND)
        and row.ml_channel_deleted_at is not None
        and not _detached(row)
    )


CREATE = Operation(
    "medialive:CreateChannel",
    "MediaLive creates a channel",
    (3.0, 6.0, 9.0, 15.0, 60.0),
    "botocore's waiter looks 5 times, every 3 seconds",
    UNHURRIED,
    _says("IDLE", "STARTING", "RUNNING"),
)
UPDATE = Operation(
    "medialive:UpdateChannel",
    "MediaLive applies the settings of a channel",
    (3.0, 6.0, 9.0, 15.0, 60.0),
    "as for a new channel",
    HURRIED,
    _says("IDLE", "RUNNING"),
)
START = Operation(
    "medialive:StartChannel",
    "MediaLive starts a channel",
    (20.0, 45.0, 75.0, 120.0, 600.0),
    "most channels start in 3 minutes or less, up to 10 minutes are normal (MediaLive's guide)",
    HURRIED,
    _says("RUNNING"),
    on_air=True,
)
STOP = Operation(
    "medialive:StopChannel",
    "MediaLive stops a channel",
    (5.0, 15.0, 25.0, 45.0, 300.0),
    "botocore's waiter looks every 5 seconds, for 5 minutes",
    HURRIED,
    _says("IDLE"),
    on_air=True,
)
# Its inputs can be deleted once they are detached, which their own next look shows.
DELETE = Operation(
    "medialive:DeleteChannel",
    "MediaLive deletes a channel",
    DELETE_TIMES,
    DELETE_SOURCE,
    UNHURRIED,
    _detached,
)
# What is left to prove once AWS has accepted all deletions of a channel: no step follows, and nobody waits.
DELETE_LAST = Operation(
    "medialive:DeleteChannel last",
    "MediaLive deletes a channel whose inputs are deleted",
    DELETE_TIMES,
    DELETE_SOURCE,
    UNHURRIED,
    _gone(Channel.ML_CHANNEL),
    by_list=True,
)
DELETE_INPUT = Operation(
    "medialive:DeleteInput",
    "MediaLive deletes an input",
    DELETE_INPUT_TIMES,
    "botocore's waiter looks 20 times, every 5 seconds",
    UNHURRIED,
    _gone(Channel.ML_INPUT),
    by_list=True,
)
DELETE_SECOND = Operation(
    "medialive:DeleteInput second",
    "MediaLive deletes a second input",
    DELETE_INPUT_TIMES,
    "botocore's waiter looks 20 times, every 5 seconds",
    UNHURRIED,
    _gone(Channel.ML_SECOND),
    by_list=True,
)
DELETE_ENDPOINT = Operation(
    "mediapackage:DeleteOriginEndpoint",
    "MediaPackage deletes an endpoint",
    (2.0, 4.0, 7.0, 12.0, 60.0),
    "nothing is published; assumed as for an input",
    UNHURRIED,
    _gone(Channel.MP_ENDPOINT),
)
DELETE_MP_CHANNEL = Operation(
    "mediapackage:DeleteChannel",
    "MediaPackage deletes a channel",
    (2.0, 4.0, 7.0, 12.0, 60.0),
    "nothing is published; assumed as for an input",
    UNHURRIED,
    _gone(Channel.MP_CHANNEL),
    by_list=True,
)
OPERATIONS = (
    CREATE,
    UPDATE,
    START,
    STOP,
    DELETE,
    DELETE_LAST,
    DELETE_INPUT,
    DELETE_SECOND,
    DELETE_ENDPOINT,
    DELETE_MP_CHANNEL,
)
_OF_STATE = {"CREATING": CREATE, "UPDATING": UPDATE, "STARTING": START, "STOPPING": STOP}
_OF_PART = {
    Channel.ML_CHANNEL.key: DELETE,
    Channel.ML_INPUT.key: DELETE_INPUT,
    Channel.ML_SECOND.key: DELETE_SECOND,
    Channel.MP_ENDPOINT.key: DELETE_ENDPOINT,
    Channel.MP_CHANNEL.key: DELETE_MP_CHANNEL,
}


def awaited(row: Channel) -> Awaited | None:
    """The operation that the channel waits for, by its columns: of the part whose list it waits for."""
    part = next((part for part in Channel.PARTS if part.key == row.polled_list), None)
    if part is None:
        return None
    stored = part.of(row)
    if stored.deleted_at is not None and not _gone(part)(row):
        operation = _OF_PART[part.key]
        last = operation is DELETE and deletions_accepted(row)
        return Awaited(DELETE_LAST.key if last else operation.key, stored.deleted_at)
    if _waits_for_channel(row, part):
        return Awaited(DELETE.key, row.ml_channel_deleted_at)
    changing = _OF_STATE.get(stored.state) if part is Channel.ML_CHANNEL else None
    return Awaited(changing.key) if changing else None
