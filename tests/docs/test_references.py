"""What documents, docstrings and comments point to is in the repository."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from streamhub.console import roles
from tests.docs.pages import PACKAGES, PAGES, ROOT, dotted_names, resolve

FOLDERS = (*PACKAGES, "tests", "docs")
# Documents that only those who planned StreamHub have.
FOREIGN = re.compile(r"\b(?:DESIGN|(?<!/)API|AWS_RULES|ECOSYSTEM|STYLE|ANCHORS)\.md\b")
PATH = re.compile(rf"(?<![\w/.<-])(?:{'|'.join(FOLDERS)})/[\w./*-]*[\w*/]")


def sources() -> list[Path]:
    """All our Python files."""
    folders = [ROOT / name for name in (*PACKAGES, "tests")]
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


@cache
def prose(path: Path) -> str:
    """The docstrings and comments of a Python file."""
    text = path.read_text()
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    ]
    return "\n".join([*docstrings(ast.parse(text)), *comments])


def docstrings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield ast.get_docstring(node) or ""


def texts() -> Iterator[tuple[Path, str]]:
    """Every text for readers: documents whole, but without blocks of code; of code, the prose."""
    for path in PAGES:
        yield path, re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for path in sources():
        yield path, prose(path)


def exists(name: str) -> bool:
    """A file, a folder, a pattern that matches, or the number of a decision."""
    name = name.rstrip("/")
    return any(True for _ in ROOT.glob(name)) or any(True for _ in ROOT.glob(f"{name}-*.md"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_links_lead_to_files_and_headings() -> None:
    broken = []
    for path in PAGES:
        for file, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", path.read_text()):
            target = path.parent / file if file else path
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{relative(path)}: {file}#{anchor}")
    assert broken == []


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_path_that_is_named_exists() -> None:
    named = {(relative(path), name) for path, text in texts() for name in PATH.findall(text)}
    assert len(named) > 40
    assert sorted((path, name) for path, name in named if not exists(name)) == []


def test_every_dotted_name_leads_to_something() -> None:
    wrong = []
    known = {*roles.table()[roles.ENGINEER], "streamhub.sqlite3"}  # permissions, and a file
    for path, text in texts():
        for name in set(dotted_names(text)) - known:
            try:
                resolve(name)
            except (ImportError, AttributeError):
                wrong.append((relative(path), name))
    assert wrong == []


def test_nothing_cites_a_document_that_is_not_here() -> None:
    others = (".ci/run", ".env.example", "Dockerfile", "Makefile", "docker-compose.yml", "pyproject.toml")
    files = [*PAGES, *sources(), *(ROOT / name for name in others)]
    cited = {relative(path): FOREIGN.findall(path.read_text()) for path in files if path != Path(__file__)}
    assert {path: names for path, names in cited.items() if names} == {}


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if path.parent.name == "adr" and path.name != "README.md"],
    ids=lambda path: path.stem,
)
def test_a_decision_is_named_by_its_title_everywhere(path: Path) -> None:
    title = path.read_text().partition("\n")[0].removeprefix("# ")
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", ""))
    assert path.stem[5:] == slug
    assert f". [{title}]({path.name})" in (path.parent / "README.md").read_text()


def test_a_decision_has_decision_why_and_cost() -> None:
    for path in (ROOT / "docs" / "adr").glob("0*.md"):
        parts = re.findall(r"^\*\*(\w+)\.\*\*", path.read_text(), re.MULTILINE)
        assert parts == ["Decision", "Why", "Cost"], path.name
