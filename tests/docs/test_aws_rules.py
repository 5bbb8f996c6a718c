"""The page of AWS's rules: every rule has its tests, and what is not enforced or not obeyed is said."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "aws-rules.md").read_text()
RULES = [int(number) for number in re.findall(r"^(\d+)\. ", PAGE, re.MULTILINE)]
ROW = re.compile(r"^\| (\d+) \| (.*) \| (.*) \|$", re.MULTILINE)
ROWS = {int(number): (emulator, product) for number, emulator, product in ROW.findall(PAGE)}
NOT_ENFORCED = PAGE.partition("## What the emulator does not enforce")[2]


@cache
def functions_in(folder: str) -> set[str]:
    """The names of the test functions below a folder of tests."""
    return {
        node.name
        for path in (ROOT / "tests" / folder).rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def names(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def rules_listed_as_not_enforced() -> set[int]:
    lines = re.findall(r"^- Rules? ([\d and]+):", NOT_ENFORCED, re.MULTILINE)
    return {int(number) for line in lines for number in re.findall(r"\d+", line)}


def test_the_rules_are_numbered_without_a_gap_and_each_has_a_row() -> None:
    assert list(range(1, len(RULES) + 1)) == RULES
    assert list(ROWS) == RULES


@pytest.mark.parametrize("number", RULES)
def test_the_tests_of_a_rule_exist(number: int) -> None:
    emulator, product = ROWS[number]
    everywhere = functions_in("") - functions_in("emulator")
    assert names(emulator) - functions_in("emulator") == set()
    assert names(product) - everywhere == set()
    assert all(names(cell) or cell == "-" for cell in (emulator, product))


def test_what_no_test_of_the_emulator_sees_is_listed_and_nothing_else() -> None:
    without = {number for number, (emulator, _product) in ROWS.items() if emulator == "-"}
    assert rules_listed_as_not_enforced() == without
