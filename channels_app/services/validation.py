"""Validates the fields of channels and breakouts. Each message says what is wrong and what to do.

The patterns and limits are also in the API's description, so that it refuses what the services refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from channels_app.models.channel import PUSH_TYPES, ChannelClass, InputType
from channels_app.profiles import PROFILE_OUTPUTS
from channels_app.services.cidrs import cidrs_normalised
from channels_app.services.series import zone_names
from channels_app.services.sources import KINDS, credentials_errors, sources_error
from channels_app.services.tags import tags_error
from streamhub.names import characters_error

NAME_MAX = 64
# The years in which a breakout can be planned; nearer to the ends of the calendar a time may have no
# neighbour in another zone.
YEARS = (2000, 2199)
# A form gives whole minutes, so the present minute is not past.
JUST_NOW = timedelta(minutes=1)

# What stands for a field of a channel that could not be read, so that the others can be judged.
UNREAD: Mapping[str, Any] = {
    "name": "",
    "input_type": InputType.RTMP_PUSH,
    "allowed_cidrs": [],
    "source_urls": [],
    "channel_class": ChannelClass.SINGLE_PIPELINE,
    "encoding_profile": next(iter(PROFILE_OUTPUTS)),
    "record": False,
    "tags": {},
}


def name_error(name: str, most: int = NAME_MAX) -> str | None:
    if not name.strip():
        return _("Enter a name.")
    if len(name) > most:
        return _("A name has at most %(most)s characters; this one has %(count)s.") % {
            "most": most,
            "count": len(name),
        }
    return characters_error(name)


def starts_at_error(starts_at: datetime, now: datetime) -> str | None:
    first, last = YEARS
    if not first <= starts_at.year <= last:
        return _("Give a time in the years %(first)s to %(last)s.") % {"first": first, "last": last}
    if starts_at < now - JUST_NOW:
        return _(
            "%(starts_at)s UTC is past; it is %(now)s UTC now. Give a later time, or none: a "
            "breakout without one can start at once."
        ) % {"starts_at": f"{starts_at.astimezone(UTC):%Y-%m-%d %H:%M}", "now": f"{now:%Y-%m-%d %H:%M}"}
    return None


def zone_error(zone: str) -> str | None:
    if zone in zone_names():
        return None
    return _("There is no time zone %(zone)s. Choose one such as Europe/Berlin.") % {"zone": repr(zone[:40])}


def channel_errors(fields: Mapping[str, Any], profiles: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """A new channel's error messages by field, and its normalised CIDRs."""
    errors: dict[str, str | None] = {"name": name_error(fields["name"])}
    cidrs: list[str] = []
    if fields["channel_class"] not in ChannelClass.values:
        errors["channel_class"] = _("Choose one of %(choices)s.") % {
            "choices": ", ".join(ChannelClass.values)
        }
    if fields["input_type"] not in InputType.values:
        errors["input_type"] = _("Choose one of %(choices)s.") % {"choices": ", ".join(InputType.values)}
    else:
        cidrs, found = _input_errors(fields)
        errors |= found
    if fields["encoding_profile"] not in profiles:
        errors["encoding_profile"] = _("Choose one of %(choices)s.") % {"choices": ", ".join(profiles)}
    if fields["record"] and not settings.RECORDING_BUCKET:
        errors["record"] = _("Recording needs a bucket. Set RECORDING_BUCKET first.")
    errors |= _second_input_errors(fields)
    errors["tags"] = tags_error(fields["tags"])
    return {field: message for field, message in errors.items() if message}, cidrs


def _second_input_errors(fields: Mapping[str, Any]) -> dict[str, str | None]:
    second = fields.get("second_input")
    if second is None:
        return {}
    if fields["input_type"] not in PUSH_TYPES:
        pulls = _("Only a channel whose encoder pushes has a second input. Leave this field empty.")
        return {"second_input": pulls}
    if second.get("type") not in PUSH_TYPES:
        return {
            "second_input.type": _("Choose one of %(choices)s.")
            % {"choices": ", ".join(kind.value for kind in PUSH_TYPES)}
        }
    return {}


def _input_errors(fields: Mapping[str, Any]) -> tuple[list[str], dict[str, str | None]]:
    """The normalised CIDRs, and the messages about the fields that the input type decides about."""
    kind, urls = fields["input_type"], fields["source_urls"]
    errors: dict[str, str | None] = {**credentials_errors(kind, fields.get("input_credentials"))}
    if kind not in PUSH_TYPES:
        errors["source_urls"] = sources_error(kind, urls, fields["channel_class"])
        if fields["allowed_cidrs"]:
            errors["allowed_cidrs"] = _(
                "MediaLive pulls with %(kind)s: there are no encoders to allow. Leave this field empty."
            ) % {"kind": kind}
        return [], errors
    cidrs, errors["allowed_cidrs"] = cidrs_normalised(fields["allowed_cidrs"])
    if urls:
        pulling = ", ".join(KINDS)
        errors["source_urls"] = _(
            "The encoder pushes with %(kind)s, so there is no source. Leave this field "
            "empty, or choose one of %(pulling)s."
        ) % {"kind": kind, "pulling": pulling}
    return cidrs, errors
