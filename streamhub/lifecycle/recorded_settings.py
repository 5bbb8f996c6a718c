"""The settings that a resource on AWS was built with, or that were last applied to it.

They are recorded on the row as one text, so that the database can find the rows that have others. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping


def encoded(settings: Mapping[str, str]) -> str:
    """The text of these settings: names for people, and values. Equal settings have equal texts."""
    return json.dumps(dict(settings), sort_keys=True)


def differing(recorded: str, wanted: Mapping[str, str]) -> list[str]:
    """The names of the settings whose value is another than the recorded one. Nothing recorded: all."""
    known: Mapping[str, str] = json.loads(recorded) if recorded else {}
    return sorted(name for name, value in wanted.items() if known.get(name) != value)


def value(recorded: str, name: str) -> str:
    """The recorded value of a setting; "" if none is recorded."""
    known: Mapping[str, str] = json.loads(recorded) if recorded else {}
    return known.get(name, "")
