"""What a channel's input is like on MediaLive, and what it should be like.

The row keeps what AWS last answered (`Channel.input_settings`), as it keeps the rules of a security group:
so a list, which knows no row, writes it like any other fact, and a difference is a comparison of two values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from channels_app.driver.marks import mark_of, tags_of
from channels_app.models import Channel, SecurityGroup
from channels_app.models.channel import PUSH_TYPES, InputType
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
INPUT_CHANGED = "input_changed"
RESTORED = "StreamHub restores it. Find out who changed it."
STOP_FIRST = (
    "MediaLive changes an input only while its channel is idle. Stop the show and start it again: StreamHub "
    "restores the input before the start. Find out who changed it."
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


def wanted(row: Channel) -> Wanted:
    pull = row.input_type not in PUSH_TYPES
    rtmp = row.input_type == InputType.RTMP_PUSH
    return Wanted(
        name=row.aws_name(),
        type=row.input_type,
        security_group_ids=[row.security_group.aws_id] if row.security_group else [],
        destinations=[f"{row.uid}/a", f"{row.uid}/b"] if rtmp else [],
        source_urls=row.source_urls if pull else [],
        credentials=(row.source_username, row.source_password_param) if row.source_username else None,
    )


def wanted_second(row: Channel) -> Wanted:
    """The settings of the second input. Its security group is the main one's."""
    rtmp = row.second_input_type == InputType.RTMP_PUSH
    return Wanted(
        name=row.aws_name() + SECOND_SUFFIX,
        type=row.second_input_type,
        security_group_ids=[row.security_group.aws_id] if row.security_group else [],
        destinations=[f"{row.uid}/c", f"{row.uid}/d"] if rtmp else [],
        source_urls=[],
        credentials=None,
    )


def settings_of(info: InputInfo) -> dict[str, Any]:
    """The column `input_settings` for an answer about the input."""
    rtmp = info.type == InputType.RTMP_PUSH
    return {
        NAME: info.name,
        GROUPS: sorted(info.security_groups),
        STREAMS: [urlsplit(url).path.lstrip("/") for url in info.dest_urls] if rtmp else [],
        SOURCES: [dict(source) for source in info.sources],
        TAGS: dict(info.tags),
    }


def differing(row: Channel) -> list[str]:
    """The keys of `settings_of` under which the input differs. Empty if it was not read yet."""
    read = row.input_settings
    if not read or not row.ml_input_id or row.ml_input_gone:
        return []
    return [name for name, value in expected(row).items() if name in read and read[name] != value]


def expected(row: Channel) -> dict[str, Any]:
    """What `settings_of` should say. Not the tags, nor the security group while another may replace it."""
    ours = wanted(row)
    settings = {
        NAME: ours.name,
        STREAMS: ours.destinations,
        SOURCES: sources_of(sources_params(ours.type, ours.source_urls, ours.credentials)),
    }
    known = group_is_settled(row.security_group) and CIDRS not in row.edits_pending
    return settings | ({GROUPS: ours.security_group_ids} if known else {})


def is_attached(row: Channel) -> bool:
    """Whether the MediaLive channel reads our inputs and no other, as far as it was read."""
    exists = bool(row.ml_channel_id and row.ml_input_id) and not (row.ml_channel_gone or row.ml_input_gone)
    ours = [row.ml_input_id] + ([row.ml_second_id] if row.ml_second_id else [])
    return not exists or row.attached_inputs in ([], ours)


def changed(row: Channel) -> str:
    """What somebody changed about the input outside StreamHub, with what it is now; "" if nothing."""
    names = differing(row) + ([TAGS] if lost_tags(row) else []) + ([] if is_attached(row) else [ATTACHED])
    return ", ".join(f"{name} ({_now(row, name)})" for name in names)


def _now(row: Channel, name: str) -> str:
    """The changed setting as it is now. Of a source only its host: the rest of a URL may hold a secret."""
    if name == ATTACHED:
        return f"it reads {', '.join(row.attached_inputs)}"
    value: Any = lost_tags(row) if name == TAGS else row.input_settings[name]
    if name == SOURCES:
        value = [
            source.get("SrtListenerAddress") or urlsplit(source.get("Url", "")).hostname for source in value
        ]
    return value if isinstance(value, str) else ", ".join(map(str, value)) or "none"


def is_untold(row: Channel) -> bool:
    """Whether something is changed that the timelines do not say yet."""
    what = changed(row)
    return bool(what) and row.input_told not in (what, NOT_TAKEN + what)


def is_restorable(row: Channel) -> bool:
    """Whether a setting differs that MediaLive was not given again already."""
    return bool(differing(row)) and row.input_told != NOT_TAKEN + changed(row)


def error_of(row: Channel, hint: str = STOP_FIRST) -> tuple[str, str, str] | None:
    """Code, message and hint of the error to show; None if no show depends on what is changed: a name."""
    if is_attached(row) and set(differing(row)) <= {NAME}:
        return None
    return INPUT_CHANGED, f"The MediaLive input was changed outside StreamHub: {changed(row)}.", hint


def lost_tags(row: Channel) -> list[str]:
    """The keys of our tags that somebody took off the input or changed, although it is still ours.

    Tags that nobody of ours set count for nothing, and neither does an edit of staff that is under way.
    """
    read = row.input_settings.get(TAGS)
    if read is None or Channel.ML_INPUT.key in row.tags_pending or row.ml_input_gone:
        return []
    if row.ml_input_mark and not is_still(row.ml_input_mark, mark_of(row)):
        return []
    return sorted(key for key, value in tags_of(row).items() if read.get(key) != value)


def with_our_tags(row: Channel) -> dict[str, Any]:
    """The column `input_settings` after MediaLive has taken our tags and lost those that were removed."""
    read = row.input_settings
    if TAGS not in read:
        return read
    kept = {key: value for key, value in read[TAGS].items() if key not in row.tags_removed}
    return {**read, TAGS: {**kept, **tags_of(row)}}


def group_is_settled(group: SecurityGroup | None) -> bool:
    """Whether it is known which group the input should have: another one may be about to replace it."""
    return group is None or bool(group.aws_id and not group.gone_at and not group.suspect_since)
