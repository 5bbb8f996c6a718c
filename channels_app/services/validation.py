"""Validates a new channel's fields. Each message says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlparse

from django.conf import settings

from channels_app.models.channel import ChannelClass, InputType
from channels_app.services.cidrs import cidrs_normalised
from channels_app.services.tags import tags_error

NAME_MAX = 64
PULL_SCHEMES = ("http", "https", "rtmp", "rtmps", "rtp", "udp", "srt", "s3", "s3ssl")


def name_error(name: str) -> str | None:
    if not name.strip():
        return "Enter a name."
    if len(name) > NAME_MAX:
        return f"A name has at most {NAME_MAX} characters; this one has {len(name)}."
    if not name.isprintable():
        return "Use printable characters only."
    return None


def sources_error(urls: Sequence[str], channel_class: str) -> str | None:
    needed = 2 if channel_class == ChannelClass.STANDARD else 1
    if not needed <= len(urls) <= 2:
        return (
            f"A {channel_class} channel with URL_PULL needs {'2' if needed == 2 else '1 or 2'} source URLs."
        )
    for url in urls:
        parsed = urlparse(url)
        if parsed.scheme not in PULL_SCHEMES or not parsed.netloc:
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
