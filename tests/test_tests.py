"""The tests' own order: who may import whom, and rows of tables that can be told apart by their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SHARED = "scenarios"


def imported(source: str, package: str) -> Iterator[str]:
    """The modules of `tests` that a module of `package` imports; for `from a import b`: both a and a.b."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*above, node.module or ""]).strip(".")
            names = [start, *(f"{start}.{each.name}" for each in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "tests")


def wrongs(source: str, package: str) -> list[str]:
    """What a module of `package` imports though it must not, one sentence each."""
    found = []
    for name in sorted(set(imported(source, package))):
        parts = name.split(".")
        if any(part == "conftest" or part.startswith("test_") for part in parts[1:]):
            found.append(f"{name} is pytest's to import")
        elif len(parts) > 2 and [*parts[1:2]] != package.split(".")[1:2] and parts[1] != SHARED:
            found.append(f"{name} belongs to another folder: what is shared is in tests/{SHARED}")
    return found
