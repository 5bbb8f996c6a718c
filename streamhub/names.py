"""Names and tags that people give: one spelling, only characters that can be seen, one key for uniqueness.

A text is kept in Unicode's composed form (NFC), without spaces around it. Refused are control characters and
line breaks, characters that turn the direction of writing (bidirectional), characters without any width,
and every space but U+0020: with them two names could look the same and differ, or one name be
shown as another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from streamhub.translation import gettext as _

# First and last character of each refused range. Surrogates are missing: they are no text at all.
_RANGES = (
    (0x0000, 0x001F),  # control characters
    (0x007F, 0x00A0),  # delete, control characters, no-break space
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x0600, 0x0605),  # Arabic format characters, as are 06DD and 08E2
    (0x061C, 0x061C),  # Arabic letter mark (bidirectional)
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),  # Hangul fillers
    (0x1680, 0x1680),  # Ogham space
    (0x17B4, 0x17B5),  # Khmer vowels that are not drawn
    (0x180B, 0x180F),  # Mongolian selectors and vowel separator
    (0x2000, 0x200F),  # spaces, zero-width characters, direction marks
    (0x2028, 0x202F),  # line and paragraph separators, embeddings and overrides, narrow no-break space
    (0x205F, 0x206F),  # mathematical space, word joiner, invisible operators, isolates
    (0x2800, 0x2800),  # empty Braille cell
    (0x3000, 0x3000),  # ideographic space
    (0x3164, 0x3164),  # Hangul filler
    (0xFEFF, 0xFEFF),  # zero-width no-break space
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF9, 0xFFFB),  # annotations
    (0x110BD, 0x110BD),  # Kaithi number signs
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),  # Egyptian format characters
    (0x1BCA0, 0x1BCA3),  # shorthand format characters
    (0x1D173, 0x1D17A),  # musical format characters
    (0xE0001, 0xE0001),  # language tag
    (0xE0020, 0xE007F),  # tag characters
    (0xE0100, 0xE01EF),  # selectors
)
# Not drawn by itself; it chooses how the character before it looks, as in many emoji.
_SELECTORS = dict.fromkeys(range(0xFE00, 0xFE10))
# Unicode names no control character; these are the ones that get into texts.
_CONTROL_NAMES = {"\0": "NUL", "\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\x7f": "DELETE"}


def _ranges(written: Callable[[int], str], *, nul: bool) -> str:
    """The ranges as the inside of a regular expression's brackets."""
    ranges = [(max(first, 0 if nul else 1), last) for first, last in _RANGES]
    return "".join(written(a) if a == b else f"{written(a)}-{written(b)}" for a, b in ranges)


# For Python's `re` and PostgreSQL's `~` alike. Neither database's text can hold NUL in every case, so it is
# not named.
REFUSED_PATTERN = "[" + _ranges(lambda n: f"\\u{n:04x}" if n < 0x10000 else f"\\U{n:08x}", nul=False) + "]"
# The inside of a JSON Schema's negated brackets (ECMA 262, where an escape has four digits).
REFUSED_IN_SCHEMA = _ranges(lambda n: f"\\u{n:04x}" if n < 0x10000 else chr(n), nul=True)

_refused = re.compile("[" + _ranges(chr, nul=True).replace("\\", "\\\\") + "]")


def composed(text: str) -> str:
    """The text in NFC, without spaces around it."""
    return unicodedata.normalize("NFC", text).strip(" ")


def folded(text: str) -> str:
    """The key under which names are unique.

    "Straße", "STRASSE" and "strasse" have the same key, so have "é" in one character or in two, one space or
    several, and an emoji with or without a variation selector.
    """
    bare = unicodedata.normalize("NFD", text).translate(_SELECTORS).casefold()
    return " ".join(unicodedata.normalize("NFC", bare).split())


def characters_error(text: str) -> str | None:
    """Which character cannot stay, as in "U+202E RIGHT-TO-LEFT OVERRIDE", or None."""
    found = _refused.search(text)
    if found is None:
        return None
    return _("Remove %(character)s at position %(position)s: names hold visible characters only.") % {
        "character": _named(found[0]),
        "position": found.start() + 1,
    }


def _named(character: str) -> str:
    name = unicodedata.name(character, "") or _CONTROL_NAMES.get(character, "")
    return f"U+{ord(character):04X} {name}".rstrip()
