"""What a channel's inputs are like on MediaLive, and what they should be like.

The row keeps what AWS last answered (`Slot.settings`), as it keeps the rules of a security group:
so a list, which knows no row, writes it like any other fact, and a difference is a comparison of two values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from channels_app.driver.marks import mark_of, tags_of
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import PUSH_TYPES, InputType
from channels_app.models.part import PartColumns
from streamhub.aws.input_sources import sources_of, sources_params
from streamhub.aws.medialive import InputInfo
from streamhub.aws.ownership import is_still

NAME, GROUPS, STREAMS, SOURCES, TAGS, ATTACHED = (
    "name",
    "security groups",
    "stream names",
    "sources",
    "tags",
    "attachment to the channel",
)
SECOND_SUFFIX = "-second"
# The field of the channel that an edit of the input is about.
CIDRS = "allowed_cidrs"
# How the timelines are told that MediaLive took our settings and shows others all the same.
NOT_TAKEN = "MediaLive does not show what it accepted: "
# In the place of changed stream names.
NOT_SHOWN = "not shown: whoever knows them can push"
INPUT_CHANGED = "input_changed"
INPUT_NOT_RESTORED = "input_not_restored"
SECOND_DELETED = "second_input_deleted"
RESTORED = "StreamHub restores it. Find out who changed it."
STOP_FIRST = (
    "MediaLive changes an input only while its channel is idle. Stop the show and start it again: StreamHub "
    "restores the input before the start. Find out who changed it."
)

SECOND_WAITS = (
    "second_input_waits",
    "The new second input is attached as soon as the channel is idle.",
    "Shows go on with the main input until then. StreamHub attaches it by itself.",
)
SECOND_UNATTACHED = (
    "second_input_unattached",
    "MediaLive accepted the new second input for its channel and does not read it.",
    "Shows go on with the main input. Attach it in MediaLive's console, or press Retry: StreamHub then "
    "attaches it once more.",
)
RETRY_SECOND = (
    "Shows go on with the main input. Press Retry to have another second input, with another URL for its "
    "encoder: StreamHub attaches it as soon as the channel is idle. Find out who deleted it."
)


@dataclass(frozen=True)
class Wanted:
    """The settings with which an input is created, by the names of `MediaLive.create_input`'s parameters."""

    name: str
    type: str
    security_group_ids: list[str]
    destinations: list[str]
    source_urls: list[str]
    credentials: tuple[str, str] | None


@dataclass(frozen=True)
class Slot:
    """One of the inputs of a channel: its columns, and what tells it from the other one.

    `type` and `settings`: the columns with its type and with what `settings_of` last read. `of_what`: the
    words before a setting of it on the timelines; `label`: what it is called there.
    """

    part: PartColumns
    type: str
    settings: str
    suffix: str
    streams: tuple[str, str]
    label: str
    of_what: str = ""

    @property
    def state(self) -> str:
        """The column with MediaLive's state of it."""
        return f"{self.part.key}_state"

    def type_of(self, row: Channel) -> str:
        return str(getattr(row, self.type))

    def read(self, row: Channel) -> dict[str, Any]:
        """What AWS last answered; {}: it was not read yet, or there is no such input."""
        stored, read = self.part.of(row), getattr(row, self.settings)
        return read if stored.aws_id and not stored.lost else {}


MAIN = Slot(Channel.ML_INPUT, "input_type", "input_settings", "", ("a", "b"), "MediaLive input")
SECOND = Slot(
    Channel.ML_SECOND,
    "second_input_type",
    "second_settings",
    SECOND_SUFFIX,
    ("c", "d"),
    "second MediaLive input",
    "second input's ",
)
SLOTS = (MAIN, SECOND)
SLOT_OF = {slot.part.key: slot for slot in SLOTS}


def slot_of(info: InputInfo) -> Slot:
    """Which of a channel's inputs it is. Both carry the same tags; their names tell them apart."""
    return SECOND if info.name.endswith(SECOND_SUFFIX) else MAIN


def wanted(row: Channel, slot: Slot = MAIN) -> Wanted:
    """The settings of an input. Both have one security group, and only the main one pulls."""
    type, main = slot.type_of(row), slot is MAIN
    credentials = (row.source_username, row.source_password_param) if row.source_username else None
    return Wanted(
        name=row.aws_name() + slot.suffix,
        type=type,
        security_group_ids=[row.security_group.aws_id] if row.security_group else [],
        destinations=[f"{row.uid}/{each}" for each in slot.streams] if type == InputType.RTMP_PUSH else [],
        source_urls=row.source_urls if main and type not in PUSH_TYPES else [],
        credentials=credentials if main else None,
    )


def settings_of(info: InputInfo) -> dict[str, Any]:
    """What is kept of an answer about an input."""
    rtmp = info.type == InputType.RTMP_PUSH
    return {
        NAME: info.name,
        GROUPS: sorted(info.security_groups),
        STREAMS: [urlsplit(url).path.lstrip("/") for url in info.dest_urls] if rtmp else [],
        SOURCES: [dict(source) for source in info.sources],
        TAGS: dict(info.tags),
    }


def differing(row: Channel, slot: Slot = MAIN) -> list[str]:
    """The keys of `settings_of` under which the input differs. Empty if it was not read yet."""
    read = slot.read(row)
    if not read:
        return []
    return [name for name, value in expected(row, slot).items() if name in read and read[name] != value]


def differing_slots(row: Channel) -> list[Slot]:
    """The inputs that differ in some setting."""
    return [slot for slot in SLOTS if differing(row, slot)]


def expected(row: Channel, slot: Slot = MAIN) -> dict[str, Any]:
    """What `settings_of` should say. Not the tags, nor the security group while another may replace it."""
    ours = wanted(row, slot)
    settings = {
        NAME: ours.name,
        STREAMS: ours.destinations,
        SOURCES: sources_of(sources_params(ours.type, ours.source_urls, ours.credentials)),
    }
    known = group_is_settled(row.security_group) and CIDRS not in row.edits_pending
    return settings | ({GROUPS: ours.security_group_ids} if known else {})


def attachments(row: Channel) -> list[list[str]]:
    """What the MediaLive channel may read although nobody changed it, as ids; first what it should read."""
    # What was read before the second input was deleted still names it.
    return [row.input_ids, [row.ml_input_id, row.ml_second_id]]


def is_attached(row: Channel) -> bool:
    """Whether the MediaLive channel reads our inputs and no other, as far as it was read."""
    exists = bool(row.ml_channel_id and row.ml_input_id) and not (row.ml_channel_gone or row.ml_input_gone)
    return not exists or row.attached_inputs in ([], *attachments(row))


def changed(row: Channel) -> str:
    """What somebody changed about the inputs outside StreamHub, with what it is now; "" if nothing."""
    return ", ".join(_edits(row) + (["second input (deleted)"] if row.second_input_lost else []))


def _edits(row: Channel) -> list[str]:
    """What was changed, apart from an input that does not exist any more."""
    found = [
        f"{slot.of_what}{name} ({_now(row, slot, name)})"
        for slot in SLOTS
        for name in differing(row, slot) + ([TAGS] if lost_tags(row, slot) else [])
    ]
    attached = (
        []
        if is_attached(row) or row.second_waits or row.second_unattached
        else [f"{ATTACHED} (it reads {', '.join(row.attached_inputs)})"]
    )
    return found + attached


def _now(row: Channel, slot: Slot, name: str) -> str:
    """The changed setting as it is now, as every viewer may read it.

    Of a source only its host: the rest of a URL may hold a secret. Stream names not at all.
    """
    value: Any = lost_tags(row, slot) if name == TAGS else slot.read(row)[name]
    if name == SOURCES:
        value = [
            source.get("SrtListenerAddress") or urlsplit(source.get("Url", "")).hostname for source in value
        ]
    if name == STREAMS and value:
        return NOT_SHOWN
    return value if isinstance(value, str) else ", ".join(map(str, value)) or "none"


def is_untold(row: Channel) -> bool:
    """Whether something is changed that the timelines do not say yet."""
    what = changed(row)
    return bool(what) and row.input_told not in (what, NOT_TAKEN + what)


def is_restorable(row: Channel) -> bool:
    """Whether a setting differs that MediaLive was not given again already."""
    return bool(differing_slots(row)) and row.input_told != NOT_TAKEN + changed(row)


def is_reattachable(row: Channel) -> bool:
    """Whether the MediaLive channel reads other inputs, and was not given ours again already."""
    given = row.second_unattached or row.input_told == NOT_TAKEN + changed(row)
    return not is_attached(row) and not given


def error_of(row: Channel, hint: str = STOP_FIRST) -> tuple[str, str, str] | None:
    """Code, message and hint of the error to show; None if no show depends on what is changed: a name.

    What the main input's show depends on is said first.
    """
    attached = is_attached(row) or row.second_waits or row.second_unattached
    if attached and {name for slot in SLOTS for name in differing(row, slot)} <= {NAME}:
        if row.second_waits:
            return SECOND_WAITS
        if row.second_unattached:
            return SECOND_UNATTACHED
        message = f"The second MediaLive input {row.ml_second_id} was deleted outside StreamHub."
        return (SECOND_DELETED, message, RETRY_SECOND) if row.second_input_lost else None
    return INPUT_CHANGED, f"The MediaLive input was changed outside StreamHub: {changed(row)}.", hint


def lost_tags(row: Channel, slot: Slot = MAIN) -> list[str]:
    """The keys of our tags that somebody took off the input or changed, although it is still ours.

    Tags that nobody of ours set count for nothing, and neither does an edit of staff that is under way.
    """
    read, mark = slot.read(row).get(TAGS), slot.part.of(row).mark
    if read is None or slot.part.key in row.tags_pending:
        return []
    if mark and not is_still(mark, mark_of(row)):
        return []
    return sorted(key for key, value in tags_of(row).items() if read.get(key) != value)


def with_our_tags(row: Channel, slot: Slot) -> dict[str, Any]:
    """The columns with its settings after MediaLive has taken our tags and lost those that were removed."""
    read = getattr(row, slot.settings)
    if TAGS not in read:
        return {}
    kept = {key: value for key, value in read[TAGS].items() if key not in row.tags_removed}
    return {slot.settings: {**read, TAGS: {**kept, **tags_of(row)}}}


def group_is_settled(group: SecurityGroup | None) -> bool:
    """Whether it is known which group the input should have: another one may be about to replace it."""
    return group is None or bool(group.aws_id and not group.gone_at and not group.suspect_since)
