"""How our files import each other: never in a circle."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "streamhub",
    "distributions",
    "channels_app",
    "recordings",
    "billing",
    "drift",
    "emulator",
    "devstack",
)

# For the lead to remove once the emulator's own clean-up is merged.
KNOWN_CIRCLES = (
    {"emulator.cloudfront", "emulator.cloudfront_console", "emulator.mediamanager"},
    {"emulator.control", "emulator.server"},
)


@cache
def imports() -> dict[str, set[str]]:
    """What each file imports: inside functions and for types only count too."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {file: graph.find_modules_directly_imported_by(file) for file in graph.modules}


def reachable(start: str) -> set[str]:
    """All files that `start` imports, and that those import, and so on."""
    found: set[str] = set()
    todo = [start]
    while todo:
        new = imports()[todo.pop()] - found
        found |= new
        todo += new
    return found


def circles() -> Iterator[set[str]]:
    """Each set of files that all reach each other."""
    beyond = {file: reachable(file) for file in imports()}
    left = sorted(file for file in beyond if file in beyond[file])
    while left:
        circle = {file for file in left if file in beyond[left[0]] and left[0] in beyond[file]}
        yield circle
        left = [file for file in left if file not in circle]


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def test_no_circles_between_files() -> None:
    found = [circle for circle in circles() if circle not in KNOWN_CIRCLES]
    assert not found, "\n".join(" <-> ".join(sorted(circle)) for circle in found)


def test_every_package_of_ours_is_looked_at() -> None:
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert here - {"tests"} == set(PACKAGES)
