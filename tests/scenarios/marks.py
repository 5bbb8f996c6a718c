"""Markers of tests with a command of their own. The Makefile finds their files by the marker's name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

MARKERS = ("services", "browser")
NOT_FOUND = pytest.StashKey[list[str]]()


def is_not_found(item: pytest.Item) -> bool:
    """Whether the test has a marker that its own file does not name, so that no command runs it."""
    return any(
        item.get_closest_marker(marker) and f"mark.{marker}" not in _text_of(item.path) for marker in MARKERS
    )


@cache
def _text_of(path: Path) -> str:
    return path.read_text()
