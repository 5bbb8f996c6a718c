"""README.md describes every make target, and says truthfully what each runs."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, page, section

README = page("README.md")
MAKEFILE = page("Makefile")
CI = page(".ci/run")


def recipes() -> dict[str, str]:
    """Each target's recipe."""
    found = re.findall(r"^([a-z-]+):(?!=)[^\n]*\n((?:\t[^\n]*\n)*)", MAKEFILE, re.MULTILINE)
    return dict(found)


def rows() -> dict[str, str]:
    """What README says of each command."""
    table = section(README, "Working on it")
    return dict(re.findall(r"^\| `(?:make |bash )?([a-z./-]+)` \| (.*) \|$", table, re.MULTILINE))


def targets_named(text: str) -> set[str]:
    return set(re.findall(r"`make ([a-z-]+)", text))


def test_every_target_has_a_row_and_every_row_a_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert rows().keys() == {*phony[1].split(), ".ci/run"}


def test_the_row_of_continuous_integration_has_its_targets_in_their_order() -> None:
    called = re.findall(r"^make ([a-z-]+)$", CI, re.MULTILINE)
    assert len(called) == 6
    assert re.findall(r"`make ([a-z-]+)`", rows()[".ci/run"]) == called


def test_what_continuous_integration_leaves_out_is_said() -> None:
    runs_tests = {name for name, recipe in recipes().items() if "pytest" in recipe or "python -m" in recipe}
    left_out = runs_tests - set(re.findall(r"^make ([a-z-]+)$", CI, re.MULTILINE))
    last = re.search(r"^`\.ci/run` is not everything: (.*) are separate\.$", README, re.MULTILINE)
    assert last is not None
    assert set(re.findall(r"[a-z]{4,}", last[1])) == left_out


def test_the_row_of_test_says_what_it_leaves_out() -> None:
    test = recipes()["test"]
    left_out = {"test-emulator"} if "$(EMULATOR_TESTS)" in test else set()
    for marker in re.findall(r"not (\w+)", test):
        left_out |= {name for name, recipe in recipes().items() if re.search(rf"-m {marker}$", recipe, re.M)}
    assert len(left_out) == 3
    assert targets_named(rows()["test"]) == left_out


def test_the_row_of_check_has_its_programs_in_their_order() -> None:
    known = (
        "ruff",
        "mypy",
        "lint-imports",
        "makemigrations",
        "check --deploy",
        "check-jsonschema",
        "pip check",
    )
    recipe = recipes()["check"]
    run = [program for program in known if program in recipe]
    lines = {line for line in recipe.splitlines() if not any(program in line for program in known)}
    assert lines == set()
    assert rows()["check"].split(", ") == run


MODULES = sorted(set(re.findall(r"python -m (tests[\w.]+)", MAKEFILE)))


@pytest.mark.parametrize("name", MODULES)
def test_the_makefile_runs_modules_that_exist(name: str) -> None:
    assert (ROOT / f"{name.replace('.', '/')}.py").is_file()


def test_the_picture_is_small() -> None:
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    assert all(picture.stat().st_size <= 200_000 for picture in pictures)
