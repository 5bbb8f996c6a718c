"""What the package may import: itself, the packages below it, and in one module Django's settings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import streamhub.aws

BELOW = (
    "streamhub.contributions",
    "streamhub.errors",
    "streamhub.redis_servers",
    "streamhub.token_bucket",
    "streamhub.translation",
)
MODULES = sorted(Path(streamhub.aws.__file__).parent.glob("*.py"))


def imported_by(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in ("streamhub", "streamhub.aws"):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_each_module_imports_only_what_it_may(path: Path) -> None:
    for name in imported_by(path):
        if name.startswith("streamhub"):
            assert name.startswith("streamhub.aws.") or name in BELOW
        assert not name.startswith("django") or (path.stem, name) == ("target", "django.conf")
        assert name != "boto3" or path.stem == "session"
