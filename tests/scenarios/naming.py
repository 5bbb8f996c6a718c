"""Names of the rows of test tables: what stands in the brackets of a test's id.

The same in every process, or the processes of one run would not agree on which tests there are: nothing
here looks at addresses or at clocks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

LONGEST = 120
UNNAMED = pytest.StashKey[list[str]]()
_PLAIN = (str, bytes, int, float, Decimal, timedelta, type(None))


def readable(value: Any) -> str | None:
    """The name of a parameter by its value; None leaves it to pytest, which knows short plain values."""
    if (
        isinstance(value, type)
        or callable(value)
        or (isinstance(value, _PLAIN) and len(str(value)) < LONGEST)
    ):
        return None
    return _told(value)[:LONGEST].encode("unicode_escape").decode()


def _told(value: Any) -> str:
    if isinstance(value, _PLAIN):
        return str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_told(each)}" for key, each in value.items()) or "nothing"
    if isinstance(value, set | frozenset):
        return " + ".join(sorted(_told(each) for each in value)) or "none"
    if isinstance(value, list | tuple):
        return " + ".join(_told(each) for each in value) or "none"
    if isinstance(value, BaseException):
        return f"{type(value).__name__} {value}".strip()
    if is_dataclass(value):
        said = (
            _field(each.name, getattr(value, each.name)) for each in fields(value) if _is_set(value, each)
        )
        return " ".join(said) or "nothing"
    return type(value).__name__


def _field(name: str, value: Any) -> str:
    """What a field of a dataclass says: `known`, `endpoint known`, `suspected=False`."""
    if value is True:
        return name
    return f"{name} {_told(value)}" if is_dataclass(value) else f"{name}={_told(value)}"


def _is_set(value: Any, its: Field[Any]) -> bool:
    """Whether a field of a dataclass says something that its default does not."""
    default = its.default if its.default_factory is MISSING else its.default_factory()
    return bool(getattr(value, its.name) != default)


def is_unnamed(item: Any) -> bool:
    """Whether pytest had to number a row of this test (`case3`), or names it `<lambda>`."""
    if (row := getattr(item, "callspec", None)) is None:
        return False
    numbered = (f"{name}{index}" for name, index in row.indices.items())
    return "<lambda>" in row.id or any(
        re.search(rf"(^|-){re.escape(each)}(-|$)", row.id) for each in numbered
    )
