"""What a channel may be made of. Each complaint names its field and says what to do."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlparse

from django.conf import settings

from channels_app.models.channel import ChannelClass, InputType

NAME_MAX = 64
CIDRS_MAX = 10
TAGS_MAX = 40
PULL_SCHEMES = ("http", "https", "rtmp", "rtmps", "rtp", "udp", "srt", "s3", "s3ssl")


def name_complaint(name: str) -> str | None:
    if not name.strip():
        return "A channel needs a name."
    if len(name) > NAME_MAX:
        return f"At most {NAME_MAX} characters; this has {len(name)}."
    if not name.isprintable():
        return "Only printable characters, please."
    return None


def cidrs_normalised(cidrs: Sequence[str]) -> tuple[list[str], str | None]:
    """The CIDRs in canonical order and form, and a complaint if they cannot be used."""
    if not 1 <= len(cidrs) <= CIDRS_MAX:
        return [], f"Give 1 to {CIDRS_MAX} CIDRs of the encoders that push, e.g. 203.0.113.7/32."
    found = set()
    for cidr in cidrs:
        try:
            network = ipaddress.ip_network(cidr.strip(), strict=True)
        except ValueError:
            return [], f"{cidr!r} is not a CIDR; give a network such as 203.0.113.7/32 or 198.51.100.0/24."
        if network.prefixlen == 0:
            return [], f"{cidr} would open the input to the whole world; list the encoders' addresses."
        if network.version != 4:
            return [], f"{cidr}: MediaLive's input security groups take IPv4 only."
        found.add(str(network))
    return sorted(found), None


def sources_complaint(urls: Sequence[str], channel_class: str) -> str | None:
    needed = 2 if channel_class == ChannelClass.STANDARD else 1
    if not needed <= len(urls) <= 2:
        return f"URL_PULL with {channel_class} needs {needed}{'' if needed == 2 else ' or 2'} source URLs."
    for url in urls:
        parsed = urlparse(url)
        if parsed.scheme not in PULL_SCHEMES or not parsed.netloc:
            return f"{url!r} is not a URL that MediaLive can pull ({', '.join(PULL_SCHEMES)})."
    return None


def tags_complaint(tags: Mapping[str, str]) -> str | None:
    if len(tags) > TAGS_MAX:
        return f"At most {TAGS_MAX} tags; these are {len(tags)}."
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            return f"Tag keys have 1 to 128 characters; {key[:20]!r} has {len(key)}."
        if len(value) > 256:
            return f"Tag values have at most 256 characters; that of {key!r} has {len(value)}."
        if key.lower().startswith(("aws:", "streamhub:")):
            return f"{key!r}: keys that start with aws: or streamhub: are reserved."
    return None


def channel_errors(fields: Mapping[str, Any], profiles: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """All complaints about a new channel by field, and its normalised CIDRs."""
    errors: dict[str, str | None] = {"name": name_complaint(fields["name"])}
    cidrs: list[str] = []
    if fields["channel_class"] not in ChannelClass.values:
        errors["channel_class"] = f"Choose one of {', '.join(ChannelClass.values)}."
    if fields["input_type"] not in InputType.values:
        errors["input_type"] = f"Choose one of {', '.join(InputType.values)}."
    elif fields["input_type"] == InputType.URL_PULL:
        errors["source_urls"] = sources_complaint(fields["source_urls"], fields["channel_class"])
        if fields["allowed_cidrs"]:
            errors["allowed_cidrs"] = "A URL_PULL input has no encoders to allow; leave it empty."
    else:
        cidrs, errors["allowed_cidrs"] = cidrs_normalised(fields["allowed_cidrs"])
        if fields["source_urls"]:
            errors["source_urls"] = "Only URL_PULL inputs have source URLs; leave it empty."
    if fields["encoding_profile"] not in profiles:
        errors["encoding_profile"] = f"Choose one of {', '.join(profiles)}."
    if fields["record"] and not settings.RECORDING_BUCKET:
        errors["record"] = "RECORDING_BUCKET is not set; recordings would have nowhere to go."
    errors["tags"] = tags_complaint(fields["tags"])
    return {field: what for field, what in errors.items() if what}, cidrs
