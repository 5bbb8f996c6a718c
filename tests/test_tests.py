"""Rules for the tests: what they may import, and that every row of a table has a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.scenarios import marks, naming

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SHARED = "scenarios"


def imported(source: str, package: str) -> Iterator[str]:
    """The modules of `tests` that a module of `package` imports; both a and a.b for `from a import b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*parents, node.module or ""]).strip(".")
            names = [start, *(f"{start}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "tests")


def violations(source: str, package: str) -> list[str]:
    """A sentence for each forbidden import of a module of `package`."""
    sentences = []
    for name in sorted(set(imported(source, package))):
        parts = name.split(".")
        if any(part == "conftest" or part.startswith("test_") for part in parts[1:]):
            sentences.append(f"{name} may be imported only by pytest")
        elif _folder(name) not in (None, SHARED, _folder(package)):
            sentences.append(f"{name} belongs to another folder; shared code is in tests/{SHARED}")
    return sentences


def _folder(name: str) -> str | None:
    """The folder of `tests` that contains a module; None for modules directly in `tests`."""
    return next((part for part in name.split(".")[1:2] if (TESTS / part).is_dir()), None)


def modules() -> Iterator[tuple[Path, str]]:
    """Every module of the tests with its package."""
    for path in sorted(TESTS.rglob("*.py")):
        yield path, ".".join(path.relative_to(ROOT).parent.parts)


def test_folders_share_only_scenarios_and_test_modules_share_nothing() -> None:
    by_path = {
        str(path.relative_to(ROOT)): violations(path.read_text(), package) for path, package in modules()
    }
    assert len(by_path) > 100
    assert {path: sentences for path, sentences in by_path.items() if sentences} == {}


@pytest.mark.parametrize(
    ("source", "package", "number"),
    [
        ("from tests.drift.test_drift import stage", "tests.drift", 2),
        ("from .conftest import House", "tests.integration", 2),
        ("from . import conftest", "tests.integration", 1),
        ("import tests.console.conftest as console", "tests.console", 1),
        ("from tests.matrix.flows import channel", "tests.channels_app", 2),
        ("from tests import matrix", "tests.channels_app", 1),
        ("def late():\n    import tests.chaos.truth", "tests.stateful", 1),
        ("from ..bench import run", "tests.chaos", 2),
        ("from tests.matrix import flows", "tests.scenarios", 2),
        ("from tests.scenarios import rows", "tests.drift", 0),
        ("from tests.scenarios.world import clean", "tests", 0),
        ("from tests.matrix.flows import FLOWS", "tests.matrix", 0),
        ("from . import flows", "tests.integration", 0),
        ("import tests.settings", "tests.streamhub", 0),
        ("import pytest", "tests", 0),
    ],
)
def test_a_forbidden_import_is_found(source: str, package: str, number: int) -> None:
    assert len(violations(source, package)) == number


# --- markers ---------------------------------------------------------------------------------


def test_every_test_with_a_command_of_its_own_is_in_a_file_that_the_command_finds(
    request: pytest.FixtureRequest,
) -> None:
    assert request.config.stash[marks.NOT_FOUND] == []


def test_a_marker_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "test_made.py"
    file.write_text("pytestmark = OF_ANOTHER_FILE")
    item = SimpleNamespace(path=file, get_closest_marker={"browser": pytest.mark.browser}.get)
    assert marks.is_not_found(item)
    plain = SimpleNamespace(path=file, get_closest_marker={}.get)
    assert not marks.is_not_found(plain)


# --- names of rows ---------------------------------------------------------------------------


def test_every_row_of_a_table_has_a_name(request: pytest.FixtureRequest) -> None:
    assert request.config.stash[naming.UNNAMED] == []


@pytest.mark.parametrize(
    ("id", "indices", "unnamed"),
    [
        pytest.param("wrong0", {"wrong": 0}, True, id="number"),
        pytest.param("idle-observed6-rest", {"state": 1, "observed": 6, "step": 2}, True, id="number inside"),
        pytest.param("403-<lambda>", {"status": 0, "url": 1}, True, id="lambda"),
        pytest.param("idle-error500-rest", {"state": 0, "error": 3}, False, id="a name with digits"),
    ],
)
def test_a_row_without_a_name_is_found(id: str, indices: dict[str, int], unnamed: bool) -> None:
    item = SimpleNamespace(callspec=SimpleNamespace(id=id, indices=indices))
    assert naming.is_unnamed(item) == unnamed


@dataclass
class Part:
    known: bool = False
    state: str = ""
    inner: Part | None = None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param({}, "nothing", id="empty"),
        pytest.param({"cidrs": ["a", "b"]}, "cidrs=a + b", id="dict"),
        pytest.param(Part(True, "IDLE"), "known state=IDLE", id="dataclass"),
        pytest.param(Part(inner=Part(True)), "inner known", id="nested"),
        pytest.param(ValueError("too late"), "ValueError too late", id="exception"),
        pytest.param(["a\n", "b"], r"a\n + b", id="line break"),
        pytest.param(["x" * 500], "x" * naming.LONGEST, id="long"),
        pytest.param([object()], "object", id="object"),
        pytest.param("plain", None, id="plain"),
        pytest.param(Part, None, id="class"),
    ],
)
def test_rows_are_named_after_their_values(value: object, name: str | None) -> None:
    assert naming.readable(value) == name


# --- the map -----------------------------------------------------------------------------------


def test_the_readme_names_every_folder_and_every_scenario() -> None:
    page = (TESTS / "README.md").read_text()
    named = {
        word
        for row in re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
        for word in re.findall(r"`(\w+)`", row)
    }
    folders = {path.parent.name for path in TESTS.glob("*/__init__.py")}
    scenarios = {path.stem for path in (TESTS / SHARED).glob("*.py")} - {"__init__"}
    assert named == folders | scenarios
