"""docs/architecture.md shows the packages and the names that the code has."""

from __future__ import annotations

import re

import grimp
import pytest

from tests.docs.pages import PACKAGES, PROJECT, ROOT, dotted_names, page, resolve, section

ARCHITECTURE = page("docs/architecture.md")
JOURNEYS = re.findall(r"^## (The journey of .*)$", ARCHITECTURE, re.MULTILINE)


def layers() -> list[list[str]]:
    """The packages of the import contract, top layer first."""
    (contract,) = [
        each
        for each in PROJECT["tool"]["importlinter"]["contracts"]
        if each["name"] == "Packages import one way"
    ]
    return [re.split(r"\s*\|\s*", layer) for layer in contract["layers"]]


def arrows() -> set[tuple[str, str]]:
    diagram = re.search(r"```mermaid\n(.*?)```", ARCHITECTURE, re.DOTALL)
    assert diagram is not None
    return set(re.findall(r"^ +(\S+) --> (\S+)$", diagram[1], re.MULTILINE))


def imports(nodes: set[str]) -> set[tuple[str, str]]:
    """Which package imports which, by the code."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)

    def home(module: str) -> str | None:
        return next((node for node in nodes if module == node or module.startswith(f"{node}.")), None)

    pairs = {
        (home(module), home(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    return {(a, b) for a, b in pairs if a and b and a != b}


def below(start: str, edges: set[tuple[str, str]]) -> set[str]:
    """Everything that can be reached from `start`."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        importer = waiting.pop()
        fresh = {imported for a, imported in edges if a == importer} - found
        found |= fresh
        waiting += fresh
    return found


def without_shortcuts(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those that do not follow from the others."""
    return {(a, b) for a, b in edges if b not in below(a, edges - {(a, b)})}


def test_the_diagram_has_the_packages_of_the_import_contract() -> None:
    drawn = {package for arrow in arrows() for package in arrow}
    assert drawn == {package for layer in layers() for package in layer}


def test_every_package_of_the_diagram_exists() -> None:
    for package in {package for arrow in arrows() for package in arrow}:
        path = ROOT / package.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), package


def test_every_arrow_points_down_the_layers() -> None:
    depth = {package: number for number, layer in enumerate(layers()) for package in layer}
    assert [arrow for arrow in sorted(arrows()) if depth[arrow[0]] >= depth[arrow[1]]] == []


def test_the_arrows_are_the_imports_of_the_code() -> None:
    nodes = {package for layer in layers() for package in layer}
    assert arrows() == without_shortcuts(imports(nodes))


def test_the_table_of_packages_names_every_package() -> None:
    named = set(re.findall(r"^\| `([\w.]+)` \|", section(ARCHITECTURE, "Packages"), re.MULTILINE))
    rooms = {
        package for layer in layers() for package in layer if (ROOT / package.replace(".", "/")).is_dir()
    }
    assert named == rooms | {"streamhub"}


@pytest.mark.parametrize("name", sorted(set(dotted_names(ARCHITECTURE))))
def test_every_name_on_the_page_is_in_the_code(name: str) -> None:
    resolve(name)


def test_there_are_four_journeys_each_along_the_code() -> None:
    assert len(JOURNEYS) == 4
    assert all(len(dotted_names(section(ARCHITECTURE, journey))) >= 6 for journey in JOURNEYS)
