"""Variables, make targets, locks, AWS rules and API calls are documented. `tests/docs` has the rest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from streamhub.access.scopes import SCOPES
from streamhub.urls import api

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / ".env.example").read_text()
GUIDE = (ROOT / "docs" / "operators.md").read_text()
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def variables_read() -> set[str]:
    """The variables that the settings read from the environment."""
    text = (ROOT / "streamhub" / "settings.py").read_text() + (
        ROOT / "streamhub" / "variables.py"
    ).read_text()
    direct = re.findall(r"""env\.\w+\(\s*"([A-Z][A-Z0-9_]+)\"""", text)
    return {*direct, *re.findall(r"""variables\.\w+\(env, "([A-Z][A-Z0-9_]+)\"""", text)}


def variables_documented() -> set[str]:
    return set(re.findall(r"^# ?([A-Z][A-Z0-9_]*)=", EXAMPLE, re.MULTILINE))


def variables_of_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))


def test_the_example_file_has_exactly_the_variables_of_the_settings() -> None:
    assert len(variables_read()) > 25
    assert variables_documented() == variables_read() | variables_of_compose()


@pytest.mark.parametrize("name", sorted(variables_documented()))
def test_the_guide_explains_each_variable(name: str) -> None:
    assert f"`{name}`" in GUIDE


def test_each_make_target_exists_and_is_documented() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert explained == set(phony[1].split())
    assert set(re.findall(r"`make ([a-z-]+)", README + GUIDE)) <= explained


def test_links_have_a_target() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_locks_pin_every_package_with_hashes() -> None:
    for name in ("requirements.txt", "requirements-devstack.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text().splitlines()
        pinned = [line for line in lines if re.match(r"^[a-z0-9]", line)]
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)


@pytest.mark.parametrize("name", ["requirements", "requirements-devstack", "requirements-dev"])
def test_the_locks_contain_every_requirement(name: str) -> None:
    asked = re.findall(r"^([A-Za-z][A-Za-z0-9-]+)", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
    locked = (ROOT / f"{name}.txt").read_text().lower()
    missing = [name for name in asked if not re.search(rf"^{name.lower()}==", locked, re.MULTILINE)]
    assert missing == []


def rules_cited() -> dict[str, set[int]]:
    """The numbers of the cited AWS rules, by file."""
    found = {}
    for folder in (*PROJECT["tool"]["importlinter"]["root_packages"], "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            cited = re.findall(r"AWS_RULES ([\d, and to]*\d)", path.read_text())
            if numbers := {int(number) for text in cited for number in re.findall(r"\d+", text)}:
                found[str(path.relative_to(ROOT))] = numbers
    return found


def test_each_cited_aws_rule_is_documented() -> None:
    written = {
        int(n) for n in re.findall(r"^(\d+)\. ", (ROOT / "docs" / "aws-rules.md").read_text(), re.MULTILINE)
    }
    cited = rules_cited()
    assert len(cited) > 10
    assert {path: numbers - written for path, numbers in cited.items() if numbers - written} == {}


def test_the_api_page_names_every_scope() -> None:
    listed = re.search(r"\*\*Scopes\.\*\* `([^`]*)`", (ROOT / "docs" / "api.md").read_text())
    assert listed is not None
    assert listed[1].split() == list(SCOPES)


def test_the_api_page_names_every_call_and_every_field() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    schema = api.get_openapi_schema()
    calls = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in schema["paths"].items()
        for method in operations
    }
    assert set(re.findall(r"`((?:GET|POST|DELETE|PATCH) /[^` ]*)`", page)) == calls
    objects = re.search(r"## Objects\n(.*?)## Semantics", page, re.DOTALL)
    assert objects is not None
    answered = {
        field
        for name, model in schema["components"]["schemas"].items()
        if name.endswith("Out") and name not in ("LiveOut", "ReadyOut", "HealthCheckOut")
        for field in model["properties"]
    }
    assert {field for field in answered if not re.search(rf"\b{field}\b", objects[1])} == set()
