"""docs/operators.md: roles, variables and figures are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from django.conf import global_settings
from django.contrib import admin

from streamhub.aws.ratelimit import rate_for
from streamhub.console import registry, roles
from streamhub.contributions import contributed
from tests.docs.pages import PACKAGES, ROOT, page, section

GUIDE = page("docs/operators.md")
EXAMPLE = page(".env.example")
COMPOSE = page("docker-compose.yml")

# Read by the settings and used by nothing yet.
UNUSED: dict[str, str] = {}

# --- roles -----------------------------------------------------------------------------------


def rows_of_the_table() -> list[list[str]]:
    """(object, verb, permission, viewer, operator, engineer) of each row."""
    lines = re.findall(r"^\|(.*)\|$", section(GUIDE, "Roles"), re.MULTILINE)[2:]
    return [[cell.strip().strip("`") for cell in line.split("|")] for line in lines]


def verbs_of_the_code() -> Iterator[tuple[str, str, str]]:
    """(object, verb, permission) of every button of every page."""
    admin.autodiscover()
    for model in dict.fromkeys(parts.model for parts in contributed("page_parts")):
        for verb in registry.verbs_of(model).values():
            yield str(model._meta.verbose_name), verb.label, verb.permission


def test_the_table_of_roles_has_every_verb() -> None:
    shown = {(row[0], row[1], row[2]) for row in rows_of_the_table()}
    assert set(verbs_of_the_code()) - shown == set()


@pytest.mark.parametrize(("row"), rows_of_the_table(), ids=lambda row: f"{row[0]} {row[1]}")
def test_a_row_of_the_table_says_who_may(row: list[str]) -> None:
    table = roles.table()
    assert row[3:] == ["yes" if row[2] in table[role] else "" for role in roles.ROLES]


def test_the_table_has_every_permission_that_is_no_look_and_no_schedule() -> None:
    granted = set(roles.table()["engineer"])
    verbs = {each for each in granted if ".view_" not in each and not each.startswith("django_celery_beat.")}
    assert {row[2] for row in rows_of_the_table() if any(row[3:])} == verbs


# --- variables -------------------------------------------------------------------------------


def documented() -> list[str]:
    return sorted(set(re.findall(r"^# ?([A-Z][A-Z0-9_]*)=", EXAMPLE, re.MULTILINE)))


def used_elsewhere() -> set[str]:
    """Every attribute and text in the product outside of the settings."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name in ("settings.py", "variables.py"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute):
                    found.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found


def used_in_settings() -> set[str]:
    """What the settings use for anything but the setting of the same name."""
    found: set[str] = set()
    for statement in ast.walk(ast.parse(page("streamhub/settings.py"))):
        if not isinstance(statement, ast.stmt):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        own = {target.id for target in targets if isinstance(target, ast.Name)}
        if not isinstance(statement, (ast.If, ast.For)):
            found |= names_in(statement) - own
    return found


def names_in(tree: ast.AST) -> set[str]:
    """Variables that are read and texts that stand there."""
    nodes = list(ast.walk(tree))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read | {
        node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_variable_is_read() -> None:
    code = page("streamhub/settings.py") + page("streamhub/variables.py")
    compose = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert {name for name in documented() if f'"{name}"' not in code and name not in compose} == set()


def frameworks_own(name: str) -> bool:
    """Whether Django or Celery reads the setting."""
    return hasattr(global_settings, name) or name.startswith("CELERY_")


def test_every_variable_is_used_beyond_the_settings() -> None:
    compose = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    used = used_elsewhere() | used_in_settings() | compose
    assert {name for name in documented() if name not in used and not frameworks_own(name)} == set(UNUSED)


@pytest.mark.parametrize("name", sorted(UNUSED))
def test_the_guide_and_the_example_say_that_a_variable_is_not_used_yet(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|.*not built yet; nothing reads it", GUIDE, re.MULTILINE)
    above = EXAMPLE[: EXAMPLE.index(f"# {name}=")].splitlines()[-2:]
    assert any("not built yet" in line for line in above)


# --- figures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        ("CloudFront writes a second", "cloudfront:UpdateDistribution"),
        ("MediaLive creates a second", "medialive:CreateChannel"),
        ("MediaPackage calls a second", "mediapackage:DescribeChannel"),
    ],
)
def test_the_rates_are_those_of_the_limiter(words: str, operation: str) -> None:
    text = " ".join(section(GUIDE, "Sizing").split())
    assert f"{rate_for(operation).per_second:g} {words}" in text
