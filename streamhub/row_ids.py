"""Ids of rows as text: in addresses, forms and the bodies of the API."""

from __future__ import annotations

from collections.abc import Iterable

# The largest id that a database can hold (a signed number of 64 bits).
MAX_ID = 2**63 - 1
# What `row_id` accepts, for descriptions; longer numbers that match are ids of no row.
PATTERN = r"^[1-9][0-9]{0,18}$"


def row_id(text: str) -> int | None:
    """The id, or None for text that no row can have as its id: "²", "-1", "1.0", 20 digits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID))):
        return None
    number = int(text)
    return number if 0 < number <= MAX_ID else None


def row_ids(texts: Iterable[str]) -> list[int]:
    """The ids among the texts, in their order."""
    return [number for number in map(row_id, texts) if number is not None]
