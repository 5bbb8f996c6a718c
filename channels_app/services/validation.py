"""Validates the fields of channels and breakouts. Each message says what is wrong and what to do.

The patterns and limits are also in the API's description, so that it refuses what the services refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from channels_app.models.channel import ChannelClass, InputType
from channels_app.services.cidrs import cidrs_normalised
from channels_app.services.tags import tags_error
from streamhub.names import characters_error

NAME_MAX = 64
SOURCE_MAX = 2048
PULL_SCHEMES = ("http", "https", "rtmp", "rtmps", "rtp", "udp", "srt", "s3", "s3ssl")
# Scheme, user and password, host, port, and the rest without spaces; all of it ASCII, as in every real URL.
SOURCE_PATTERN = (
    rf"^({'|'.join(PULL_SCHEMES)})://([!-.0->A-Z^-~]+@)?"
    r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?([/?#][!-~]*)?$"
)
# The years in which a breakout can be planned; nearer to the ends of the calendar a time may have no
# neighbour in another zone.
YEARS = (2000, 2199)


def name_error(name: str, most: int = NAME_MAX) -> str | None:
    if not name.strip():
        return "Enter a name."
    if len(name) > most:
        return f"A name has at most {most} characters; this one has {len(name)}."
    return characters_error(name)


def starts_at_error(starts_at: datetime | None) -> str | None:
    first, last = YEARS
    if starts_at is not None and not first <= starts_at.year <= last:
        return f"Give a time in the years {first} to {last}."
    return None


def sources_error(urls: Sequence[str], channel_class: str) -> str | None:
    needed = 2 if channel_class == ChannelClass.STANDARD else 1
    if not needed <= len(urls) <= 2:
        return (
            f"A {channel_class} channel with URL_PULL needs {'2' if needed == 2 else '1 or 2'} source URLs."
        )
    for url in urls:
        if len(url) > SOURCE_MAX:
            return f"A source URL has at most {SOURCE_MAX} characters; one has {len(url)}."
        if not re.fullmatch(SOURCE_PATTERN, url):
            return f"{url!r} is not a URL that MediaLive can pull ({', '.join(PULL_SCHEMES)})."
    return None


def channel_errors(fields: Mapping[str, Any], profiles: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """A new channel's error messages by field, and its normalised CIDRs."""
    errors: dict[str, str | None] = {"name": name_error(fields["name"])}
    cidrs: list[str] = []
    if fields["channel_class"] not in ChannelClass.values:
        errors["channel_class"] = f"Choose one of {', '.join(ChannelClass.values)}."
    if fields["input_type"] not in InputType.values:
        errors["input_type"] = f"Choose one of {', '.join(InputType.values)}."
    elif fields["input_type"] == InputType.URL_PULL:
        errors["source_urls"] = sources_error(fields["source_urls"], fields["channel_class"])
        if fields["allowed_cidrs"]:
            errors["allowed_cidrs"] = "A URL_PULL input has no encoders to allow. Leave this field empty."
    else:
        cidrs, errors["allowed_cidrs"] = cidrs_normalised(fields["allowed_cidrs"])
        if fields["source_urls"]:
            errors["source_urls"] = "Only URL_PULL inputs have source URLs. Leave this field empty."
    if fields["encoding_profile"] not in profiles:
        errors["encoding_profile"] = f"Choose one of {', '.join(profiles)}."
    if fields["record"] and not settings.RECORDING_BUCKET:
        errors["record"] = "Recording needs a bucket. Set RECORDING_BUCKET first."
    errors["tags"] = tags_error(fields["tags"])
    return {field: message for field, message in errors.items() if message}, cidrs
