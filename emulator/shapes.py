"""What botocore's service models say of a value: required fields, enums, patterns, lengths and ranges.

botocore checks the types and the required fields of a request, and of the limits only a few minima. AWS
checks all of them. `violations` does so for a request, and as well for a response, where a value outside the
model is a mistake of whoever made the response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from botocore.model import Shape

# Java's classes of characters, which Python's `re` lacks, as the inside of a character class. `\w` has the
# letters and numbers together.
_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\u10000-\u10FFFF": "\U00010000-\U0010ffff",
}
# MediaLive's model has its limits only in the names of its shapes: `__integerMin1Max5`, `__stringMax255`.
_NAMED_LIMITS = re.compile(
    r"__(?:integer|long|double|string)(?:Min(?P<min>(?:Negative)?\d+))?(?:Max(?P<max>(?:Negative)?\d+))?"
)
_NUMBERS = {"integer", "long", "float", "double"}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (datetime, str, int, float),
    "blob": object,  # bytes, text, or something that can be read
    "list": (list, tuple),
    "map": Mapping,
    "structure": Mapping,
}


class Violation(NamedTuple):
    """One value that its shape does not allow. `path` is in AWS's notation: `tags.items.1.member.key`."""

    path: str
    shape: str
    value: str
    constraint: str

    def __str__(self) -> str:
        return f"Value {self.value} at '{self.path}' failed to satisfy constraint: {self.constraint}"


def violations(shape: Shape | None, value: Any, path: str = "") -> Iterator[Violation]:
    """Everything in `value` that `shape` does not allow. A field whose value is None counts as missing."""
    if shape is None:
        return
    kind = shape.type_name
    if not isinstance(value, _TYPES[kind]) or (kind in _NUMBERS and isinstance(value, bool)):
        yield _violation(shape, value, path, f"Member must be of type {kind}")
        return
    yield from _limits(shape, value, path)
    for inner, item, place in _parts(shape, value, path):
        yield from violations(inner, item, place)


def _parts(shape: Any, value: Any, path: str) -> Iterator[tuple[Shape, Any, str]]:
    """The values inside of a list, map or structure."""
    kind = shape.type_name
    if kind == "list":
        for number, item in enumerate(value, 1):
            yield shape.member, item, f"{path}.{number}.member"
    elif kind == "map":
        for key, item in value.items():
            yield shape.key, key, f"{path}.key"
            yield shape.value, item, f"{path}.{key}.member"
    elif kind == "structure":
        for name, inner in shape.members.items():
            if value.get(name) is not None:
                yield inner, value[name], _below(path, name)


def _limits(shape: Any, value: Any, path: str) -> Iterator[Violation]:
    """What the value itself breaks, without looking into it."""
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        yield from _fields(shape, value, path)
    elif kind in _NUMBERS:
        yield from _range(shape, value, value, "value", path)
    elif kind in ("string", "list", "map"):
        yield from _range(shape, value, len(value), "length", path)
    if kind == "string":
        if shape.enum and value not in shape.enum:
            yield _violation(shape, value, path, f"Member must satisfy enum value set: {sorted(shape.enum)}")
        if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
            pattern = limits["pattern"]
            yield _violation(shape, value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _fields(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _violation(shape.members[name], None, _below(path, name), "Member must not be null")
    for name in value:
        if name not in shape.members and value[name] is not None:
            yield _violation(shape, value[name], _below(path, name), "Member is not in the model")


def _range(shape: Any, value: Any, size: float, what: str, path: str) -> Iterator[Violation]:
    least, most = _bounds(shape)
    if least is not None and size < least:
        yield _violation(
            shape, value, path, f"Member must have {what} greater than or equal to {least}, not {size}"
        )
    if most is not None and size > most:
        yield _violation(
            shape, value, path, f"Member must have {what} less than or equal to {most}, not {size}"
        )


def _bounds(shape: Shape) -> tuple[float | None, float | None]:
    named = _named_bounds(shape.name)
    return shape.metadata.get("min", named[0]), shape.metadata.get("max", named[1])


@lru_cache
def _named_bounds(name: str) -> tuple[int | None, int | None]:
    """The limits in a name of MediaLive's model. A pattern is only named there: it is not known."""
    named = _NAMED_LIMITS.match(name)
    if named is None:
        return None, None
    return _number(named["min"]), _number(named["max"])


def _number(name: str | None) -> int | None:
    return int(name.replace("Negative", "-")) if name else None


@lru_cache
def _pattern(pattern: str) -> re.Pattern[str]:
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _below(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _violation(shape: Shape, value: Any, path: str, constraint: str) -> Violation:
    shown = "null" if value is None else repr(value)
    return Violation(path, shape.name, shown if len(shown) <= 80 else shown[:79] + "…", constraint)
