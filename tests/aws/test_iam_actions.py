"""The table of IAM actions has exactly the calls that the code makes."""

from __future__ import annotations

import ast
from pathlib import Path

import botocore.session
import pytest

import streamhub.aws
from streamhub.aws.iam_actions import ACTIONS, actions_for

PACKAGE = Path(streamhub.aws.__file__).parent
MODULES = {"cloudfront": "cloudfront", "medialive": "medialive", "mediapackage": "mediapackage"}
HELPERS = {"_call", "_pages", "_channel", "_endpoint"}


def operations_in(path: Path) -> set[str]:
    """The operations in `session.call("service", "Operation")` and in the modules' own helpers."""
    operations: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        if node.func.attr == "call" and len(words) >= 2:
            operations.add(f"{words[0]}:{words[1]}")
        elif node.func.attr in HELPERS and words:
            operations.add(f"{MODULES[path.stem]}:{words[0]}")
    return operations


def test_the_table_has_exactly_the_operations_of_the_code() -> None:
    written = set().union(*(operations_in(path) for path in PACKAGE.glob("*.py")))
    assert written == set(ACTIONS)


@pytest.mark.parametrize("operation", sorted(ACTIONS))
def test_botocore_knows_each_operation(operation: str) -> None:
    service, _, name = operation.partition(":")
    assert name in botocore.session.get_session().get_service_model(service).operation_names


def test_actions_are_listed_once_and_in_order() -> None:
    actions = actions_for()
    assert list(actions) == sorted(set(actions))
    assert {"iam:PassRole", "medialive:CreateTags", "cloudfront:TagResource", "s3:ListBucket"} <= set(actions)


def test_an_operation_without_actions_is_an_error() -> None:
    with pytest.raises(KeyError):
        actions_for(["s3:DeleteBucket"])
