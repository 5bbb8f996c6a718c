"""Names of the rows of test tables, which are in the brackets of a test's id.

They must be the same in every process, because all processes of a run must collect the same tests. So they
depend on no addresses and no clocks.
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
    """The name of a parameter from its value; None leaves it to pytest, which names short plain values."""
    if (
        isinstance(value, type)
        or callable(value)
        or (isinstance(value, _PLAIN) and len(str(value)) < LONGEST)
    ):
        return None
    return _text(value)[:LONGEST].encode("unicode_escape").decode()


def _text(value: Any) -> str:
    if isinstance(value, _PLAIN):
        return str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items()) or "nothing"
    if isinstance(value, set | frozenset):
        return " + ".join(sorted(_text(item) for item in value)) or "none"
    if isinstance(value, list | tuple):
        return " + ".join(_text(item) for item in value) or "none"
    if isinstance(value, BaseException):
        return f"{type(value).__name__} {value}".strip()
    if is_dataclass(value):
        set_fields = [field for field in fields(value) if _is_set(value, field)]
        return " ".join(_field(field.name, getattr(value, field.name)) for field in set_fields) or "nothing"
    return type(value).__name__


def _field(name: str, value: Any) -> str:
    """The text of a field of a dataclass: `known`, `endpoint known`, `suspected=False`."""
    if value is True:
        return name
    return f"{name} {_text(value)}" if is_dataclass(value) else f"{name}={_text(value)}"


def _is_set(value: Any, field: Field[Any]) -> bool:
    """Whether a field of a dataclass differs from its default."""
    default = field.default if field.default_factory is MISSING else field.default_factory()
    return bool(getattr(value, field.name) != default)


def is_unnamed(item: Any) -> bool:
    """Whether pytest numbered this row of a table (`case3`) or named it `<lambda>`."""
    if (row := getattr(item, "callspec", None)) is None:
        return False
    numbered = (f"{name}{index}" for name, index in row.indices.items())
    return "<lambda>" in row.id or any(
        re.search(rf"(^|-){re.escape(name)}(-|$)", row.id) for name in numbered
    )
