"""An ordered collection with cheap pages that stay stable while records are added and deleted.

MediaLive and MediaPackage list by an opaque `NextToken`. It contains the serial number of the last record
returned. Serial numbers only grow, so a deletion between two pages neither skips nor repeats a record.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class BadToken(ValueError):
    """The `NextToken` is invalid."""


class PagedStore(Generic[T]):
    """Records by id, in order of creation. A hidden record is found by id but not listed."""

    def __init__(self) -> None:
        self._records: dict[str, T] = {}
        self._serial_of: dict[str, int] = {}
        self._listed: dict[int, T] = {}
        self._order: list[int] = []
        self._last = 0

    def __len__(self) -> int:
        return len(self._listed)

    def __iter__(self) -> Iterator[T]:
        return iter(self._listed.values())

    def put(self, key: str, record: T) -> None:
        """Add a new record at the end."""
        self._last += 1
        self._records[key] = record
        self._serial_of[key] = self._last
        self._listed[self._last] = record
        self._order.append(self._last)

    def find(self, key: str) -> T | None:
        """The record with this id, listed or hidden."""
        return self._records.get(key)

    def hide(self, key: str) -> None:
        """Remove the record from lists; `find` still returns it."""
        serial = self._serial_of[key]
        if self._listed.pop(serial, None) is not None:
            del self._order[bisect_left(self._order, serial)]

    def drop(self, key: str) -> None:
        """Remove the record completely."""
        if key in self._records:
            self.hide(key)
            del self._records[key], self._serial_of[key]

    def page(self, limit: int, token: str | None = None) -> tuple[list[T], str | None]:
        """Up to `limit` listed records after the token's record, and the next token if there are more."""
        start = bisect_right(self._order, _serial(token)) if token else 0
        serials = self._order[start : start + limit]
        more = start + limit < len(self._order)
        return [self._listed[serial] for serial in serials], _token(serials[-1]) if more else None


def _token(serial: int) -> str:
    return base64.urlsafe_b64encode(f"after:{serial}".encode()).decode()


def _serial(token: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if word == "after":
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise BadToken(token)
