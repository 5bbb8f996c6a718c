"""Validates a channel's tags. They go to CloudFront, MediaLive and MediaPackage: each must take them.

The characters are those of CloudFront, which takes the fewest (`TagKey` in its API reference).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from django.utils.translation import gettext as _

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
        return _("A channel has at most %(tags_max)s tags; these are %(count)s.") % {
            "tags_max": TAGS_MAX,
            "count": len(tags),
        }
    kept = tags_composed(tags)
    if len(kept) < len(tags):
        return _(
            "Two tag keys are the same but for their spelling. Keys differ by case, not by spaces or accents."
        )
    return next((error for key, value in kept.items() if (error := _tag_error(key, value))), None)


def _tag_error(key: str, value: str) -> str | None:
    if not 1 <= len(key) <= KEY_MAX:
        return _("A tag key has 1 to %(key_max)s characters; %(key)s has %(count)s.") % {
            "key_max": KEY_MAX,
            "key": repr(key[:20]),
            "count": len(key),
        }
    if len(value) > VALUE_MAX:
        return _("A tag value has at most %(value_max)s characters; the value of %(key)s has %(count)s.") % {
            "value_max": VALUE_MAX,
            "key": repr(key),
            "count": len(value),
        }
    if key.lower().startswith(RESERVED):
        return _("%(key)s is reserved. Choose a key that does not start with aws: or streamhub:.") % {
            "key": repr(key)
        }
    if error := characters_error(key):
        return _("%(error)s It is in the tag key %(key)s.") % {"error": error, "key": repr(key[:20])}
    if error := characters_error(value):
        return _("%(error)s It is in the value of the tag %(key)s.") % {"error": error, "key": repr(key)}
    if wrong := refused_character(key):
        return _("AWS does not take %(wrong)s in the tag key %(key)s. %(allowed)s") % {
            "wrong": wrong,
            "key": repr(key),
            "allowed": _allowed(),
        }
    if wrong := refused_character(value):
        return _("AWS does not take %(wrong)s in the value of the tag %(key)s. %(allowed)s") % {
            "wrong": wrong,
            "key": repr(key),
            "allowed": _allowed(),
        }
    return None


def refused_character(text: str) -> str | None:
    """The first character that a service refuses, with its name where it cannot be seen."""
    for character in text:
        if character not in _SIGNS and unicodedata.category(character)[0] not in _CATEGORIES:
            visible = character.isprintable() and not unicodedata.combining(character)
            return repr(character) if visible else f"U+{ord(character):04X}"
    return None


def _allowed() -> str:
    return _("Use letters, digits, spaces and %(signs)s") % {"signs": _SIGNS}
