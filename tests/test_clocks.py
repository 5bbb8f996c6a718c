"""What decides asks the database's clock; the product reads its host's only in the places listed here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.packages import PRODUCT

ROOT = Path(__file__).resolve().parent.parent

# module:function, and why the host's clock is right there.
ALLOWED = {
    "streamhub.lifecycle.clocks:measure": "it is what is measured",
    "streamhub.management.commands.check_aws:_metrics": "it asks whether a metric can be read, of any minute",
    "streamhub.management.commands.check_aws:_packaged": "as above",
}
# The last two names of a call that reads the host's clock.
HOST_CLOCK = {
    ("timezone", "now"),
    ("timezone", "localtime"),
    ("timezone", "localdate"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "gmtime"),
    ("time", "localtime"),
}
# A column that Django fills by the host's clock.
HOST_COLUMNS = {"auto_now", "auto_now_add"}


class HostClock(ast.NodeVisitor):
    """The functions of a module that name the host's clock, called or handed on."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.found: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.inside.append(node.name)
        self.generic_visit(node)
        self.inside.pop()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = node.value
        name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
        if (name, node.attr) in HOST_CLOCK:
            self._note()
        self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from time import time` would hide what it names."""
        module = (node.module or "").rpartition(".")[2]
        if any((module, alias.name) in HOST_CLOCK for alias in node.names):
            self._note()

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg in HOST_COLUMNS:
            self._note()
        self.generic_visit(node)

    def _note(self) -> None:
        self.found.append(self.inside[-1] if self.inside else "")


def readers(source: str) -> list[str]:
    visitor = HostClock()
    visitor.visit(ast.parse(source))
    return visitor.found


def modules() -> Iterator[tuple[str, Path]]:
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def test_only_listed_places_read_the_clock_of_their_host() -> None:
    found = {f"{name}:{function}" for name, path in modules() for function in readers(path.read_text())}
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def due():\n    return timezone.now()", ["due"]),
        ("at = models.DateTimeField(default=timezone.now)", [""]),
        ("at = models.DateTimeField(auto_now_add=True)", [""]),
        ("x = datetime.datetime.now(UTC)", [""]),
        ("from time import time", [""]),
        ("from django.utils.timezone import now", [""]),
        ("x = time.monotonic()", []),
        ("x = database_now()", []),
        ("x = clock.now()", []),
    ],
)
def test_the_check_finds_what_it_looks_for(source: str, found: list[str]) -> None:
    assert readers(source) == found
