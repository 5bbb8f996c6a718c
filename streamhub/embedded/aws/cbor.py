"""CBOR (RFC 8949), as much of it as AWS's smithy-rpc-v2-cbor protocol sends: CloudWatch's wire format.

Values are plain Python ones; a moment is an aware datetime and travels under tag 1 (epoch seconds).
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _OTHER = range(8)
_EPOCH_TAG = 1
_INDEFINITE = 31
_SIMPLE: dict[int, Any] = {20: False, 21: True, 22: None, 23: None}
_BREAK = object()


def loads(data: bytes) -> Any:
    """The one value in `data`; ValueError if it is cut short or uses what AWS never sends."""
    try:
        return _Reader(data).value()
    except (IndexError, struct.error) as error:
        raise ValueError("the CBOR body is cut short") from error


def dumps(value: Any) -> bytes:
    """`value` as CBOR; floats as doubles, so that nothing is lost."""
    out = bytearray()
    _write(value, out)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) < count:
            raise IndexError(count)
        self.at += count
        return piece

    def value(self) -> Any:
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == _OTHER:
            return self.other(info)
        if info == _INDEFINITE:
            return self.indefinite(major)
        length = self.number(info)
        if major == _UNSIGNED:
            return length
        if major == _NEGATIVE:
            return -1 - length
        if major == _BYTES:
            return self.take(length)
        if major == _TEXT:
            return self.take(length).decode()
        if major == _ARRAY:
            return [self.value() for _ in range(length)]
        if major == _MAP:
            return {self.value(): self.value() for _ in range(length)}
        tagged = self.value()
        return datetime.fromtimestamp(tagged, tz=UTC) if length == _EPOCH_TAG else tagged

    def number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise ValueError(f"CBOR length {info} is reserved")
        return int.from_bytes(self.take(1 << (info - 24)), "big")

    def other(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info == _INDEFINITE:
            return _BREAK
        form, size = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}[info]
        return struct.unpack(form, self.take(size))[0]

    def indefinite(self, major: int) -> Any:
        items = []
        while (item := self.value()) is not _BREAK:
            items.append((item, self.value()) if major == _MAP else item)
        if major == _MAP:
            return dict(items)
        if major == _ARRAY:
            return items
        return b"".join(items) if major == _BYTES else "".join(items)


def _head(major: int, number: int, out: bytearray) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << (8 * size):
            out.append(major << 5 | info)
            out += number.to_bytes(size, "big")
            return
    raise ValueError(f"{number} is too large for CBOR")


def _write(value: Any, out: bytearray) -> None:
    if value is None or isinstance(value, bool):
        out.append(_OTHER << 5 | (22 if value is None else 20 + value))
    elif isinstance(value, int):
        _head(_UNSIGNED if value >= 0 else _NEGATIVE, value if value >= 0 else -1 - value, out)
    elif isinstance(value, float):
        out.append(_OTHER << 5 | 27)
        out += struct.pack(">d", value)
    elif isinstance(value, datetime):
        _head(_TAG, _EPOCH_TAG, out)
        _write(value.timestamp(), out)
    elif isinstance(value, str):
        text = value.encode()
        _head(_TEXT, len(text), out)
        out += text
    elif isinstance(value, bytes):
        _head(_BYTES, len(value), out)
        out += value
    elif isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None}
        _head(_MAP, len(kept), out)
        for key, item in kept.items():
            _write(key, out)
            _write(item, out)
    else:
        _head(_ARRAY, len(value), out)
        for item in value:
            _write(item, out)
