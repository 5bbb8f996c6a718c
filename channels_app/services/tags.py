"""Validates a channel's tags. They go to CloudFront, MediaLive and MediaPackage: each must take them.

The characters are those of CloudFront, which takes the fewest (`TagKey` in its API reference).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from streamhub.names import characters_error, composed

TAGS_MAX = 40
KEY_MAX = 128
VALUE_MAX = 256
RESERVED = ("aws:", "streamhub:")
_SIGNS = "_.:/=+-@"
_CATEGORIES = ("L", "N", "Z")  # letters, numbers and spaces of every script


def tags_composed(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags in NFC, without spaces around keys and values."""
    return {composed(key): composed(value) for key, value in tags.items()}


def tags_error(tags: Mapping[str, str]) -> str | None:
    """Why the tags cannot be used, or None."""
    if len(tags) > TAGS_MAX:
        return f"A channel has at most {TAGS_MAX} tags; these are {len(tags)}."
    kept = tags_composed(tags)
    if len(kept) < len(tags):
        return (
            "Two tag keys are the same but for their spelling. Keys differ by case, not by spaces or accents."
        )
    return next((error for key, value in kept.items() if (error := _tag_error(key, value))), None)


def _tag_error(key: str, value: str) -> str | None:
    if not 1 <= len(key) <= KEY_MAX:
        return f"A tag key has 1 to {KEY_MAX} characters; {key[:20]!r} has {len(key)}."
    if len(value) > VALUE_MAX:
        return f"A tag value has at most {VALUE_MAX} characters; the value of {key!r} has {len(value)}."
    if key.lower().startswith(RESERVED):
        return f"{key!r} is reserved. Choose a key that does not start with aws: or streamhub:."
    if error := characters_error(key):
        return f"{error} It is in the tag key {key[:20]!r}."
    if error := characters_error(value):
        return f"{error} It is in the value of the tag {key!r}."
    if wrong := refused_character(key):
        return f"AWS does not take {wrong} in the tag key {key!r}. {_allowed()}"
    if wrong := refused_character(value):
        return f"AWS does not take {wrong} in the value of the tag {key!r}. {_allowed()}"
    return None


def refused_character(text: str) -> str | None:
    """The first character that a service refuses, with its name where it cannot be seen."""
    for character in text:
        if character not in _SIGNS and unicodedata.category(character)[0] not in _CATEGORIES:
            visible = character.isprintable() and not unicodedata.combining(character)
            return repr(character) if visible else f"U+{ord(character):04X}"
    return None


def _allowed() -> str:
    return f"Use letters, digits, spaces and {_SIGNS}"
