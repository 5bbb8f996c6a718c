"""Imports between our modules: no cycles, and shared packages that mention no app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import grimp
import pytest
from django.apps import apps

from tests.scenarios.packages import PACKAGES, ROOT


@cache
def imports() -> dict[str, set[str]]:
    """The modules that each module imports, also inside functions and for types only."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {file: graph.find_modules_directly_imported_by(file) for file in graph.modules}


def reachable(start: str) -> set[str]:
    """All modules that `start` imports, directly or indirectly."""
    modules: set[str] = set()
    todo = [start]
    while todo:
        new = imports()[todo.pop()] - modules
        modules |= new
        todo += new
    return modules


def import_cycles() -> Iterator[set[str]]:
    """Each set of modules that import each other, directly or indirectly."""
    reached = {module: reachable(module) for module in imports()}
    cyclic = sorted(module for module in reached if module in reached[module])
    while cyclic:
        first = cyclic[0]
        cycle = {module for module in cyclic if module in reached[first] and first in reached[module]}
        yield cycle
        cyclic = [module for module in cyclic if module not in cycle]


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def test_there_are_no_import_cycles() -> None:
    cycles = list(import_cycles())
    assert not cycles, "\n".join(" <-> ".join(sorted(cycle)) for cycle in cycles)


def test_every_package_of_ours_is_checked() -> None:
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert here - {"tests"} == set(PACKAGES)


SHARED = ("streamhub/console", "streamhub/lifecycle", "streamhub/alerts")
APPS = ("distributions", "channels_app", "recordings", "billing", "drift")


@pytest.mark.parametrize("folder", SHARED)
def test_shared_packages_do_not_mention_apps_or_their_models(folder: str) -> None:
    """Not even as a string: the apps declare what the shared packages show and run."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    words = {*APPS, *(str(model._meta.model_name) for model in models)}
    named = re.compile(rf"\b({'|'.join(words)})s?\b", re.IGNORECASE)
    ours = (file for file in (ROOT / folder).rglob("*") if "vendor" not in file.parts)
    files = [file for file in ours if file.suffix in (".py", ".html", ".js")]
    assert len(files) > 1
    assert {
        str(file.relative_to(ROOT)): mention[0]
        for file in files
        if (mention := named.search(file.read_text()))
    } == {}
