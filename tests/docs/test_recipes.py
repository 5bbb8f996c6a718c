"""The recipes of CONTRIBUTING.md work: applied to a copy of the repository, and their commands run there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, page, section

CONTRIBUTING = page("CONTRIBUTING.md")
TITLES_AND_TEXTS = re.split(r"^### (.*)\n", section(CONTRIBUTING, "Recipes"), flags=re.MULTILINE)[1:]
RECIPES = dict(zip(TITLES_AND_TEXTS[::2], TITLES_AND_TEXTS[1::2], strict=True))
EXECUTED = ("Add a periodic job", "Add an AWS call", "Add an alarm", "Add a model to the admin")
BY_COMMIT = {
    "Add a verb": {"b224093": "def channel_stop("},
    "Add a managed resource": {
        "769b759": "class SecurityGroup(ManagedResource)",
        "550bfba": "def next_step(",
    },
}
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
PLACE = re.compile(r"# (\S+?)(?:, (below|replaces): (.*))?\n")
LEFT_OUT = (
    ".git",
    ".venv",
    "var",
    "mutants",
    "staticfiles",
    "*_cache",
    "__pycache__",
    ".hypothesis",
    "images",
)


def apply(block: str, tree: Path) -> None:
    """Put a block where its first line says."""
    place = PLACE.match(block)
    assert place is not None, f"a block does not say where it goes: {block[:60]}"
    path, how, anchor = tree / place[1], place[2], place[3]
    text = block[place.end() :]
    if how is None:
        with path.open("a") as file:
            file.write(text)
        return
    lines = path.read_text().splitlines(keepends=True)
    found = [number for number, line in enumerate(lines) if anchor in line]
    assert found, f"{place[1]} has no line with {anchor!r}"
    lines[found[0] : found[0] + 1] = [text] if how == "replaces" else [lines[found[0]], text]
    path.write_text("".join(lines))


def run(line: str, tree: Path) -> None:
    """Run one command of a recipe in the copy, with this environment's programs."""
    program, *arguments = line.split()
    program = str(Path(sys.executable).parent / Path(program).name)
    environment = {**os.environ, "STREAMHUB_VAR_DIR": str(tree / "var"), "PYTHONPATH": ""}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [program, *arguments],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-2000:]}"


def test_each_recipe_is_run_or_names_a_commit() -> None:
    assert len(RECIPES) == 6
    executed = {title for title, text in RECIPES.items() if "```sh" in text}
    assert executed | BY_COMMIT.keys() == RECIPES.keys()
    assert len(executed) == 4


@pytest.mark.skipif(
    os.environ.get("CI") != "true" and os.environ.get("TEST_VOLUME") != "full",
    reason="runs with CI=true, as in .ci/run, and with TEST_VOLUME=full",
)
@pytest.mark.parametrize("title", EXECUTED)
def test_a_recipe_works_on_a_copy(title: str, tmp_path: Path) -> None:
    tree = tmp_path / "copy"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for language, block in BLOCK.findall(RECIPES[title]):
        if language == "sh":
            for line in block.strip().splitlines():
                run(line, tree)
        else:
            apply(block, tree)


@pytest.mark.parametrize("title", EXECUTED)
def test_a_recipe_finds_the_lines_that_it_names(title: str) -> None:
    for language, block in BLOCK.findall(RECIPES[title]):
        place = PLACE.match(block)
        if language != "sh" and place and place[3]:
            assert place[3] in (ROOT / place[1]).read_text(), place[1]


def test_a_model_is_declared_in_fifteen_lines() -> None:
    blocks = [block for _language, block in BLOCK.findall(RECIPES["Add a model to the admin"])]
    declaration = next(block for block in blocks if block.startswith("# channels_app/admin/encoder.py"))
    lines = [line for line in declaration.splitlines()[2:] if line and not re.match("from |import ", line)]
    assert 0 < len(lines) <= 15, "\n".join(lines)


def named_commits() -> list[tuple[str, str, str]]:
    return [(title, commit, code) for title, commits in BY_COMMIT.items() for commit, code in commits.items()]


@pytest.mark.parametrize(("title", "commit", "code"), named_commits())
def test_a_recipes_commit_did_what_it_says(title: str, commit: str, code: str) -> None:
    assert f"`{commit}`" in RECIPES[title]
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a clone: there is no history to look at")
    shown = subprocess.run(
        ["git", "show", "--format=%H", commit], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert re.search(rf"^\+.*{re.escape(code)}", shown.stdout, re.MULTILINE)
