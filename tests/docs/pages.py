"""The documents as values: their text, their links, and the code that they name."""

from __future__ import annotations

import importlib
import importlib.util
import re
from typing import Any

from tests.scenarios.packages import PACKAGES, PROJECT, ROOT

__all__ = ["PACKAGES", "PAGES", "PROJECT", "ROOT", "dotted_names", "page", "resolve", "section"]

PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "tests" / "README.md",
    ROOT / "emulator" / "README.md",
    ROOT / "devstack" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)


def page(name: str) -> str:
    """A document's text, by its path in the repository."""
    return (ROOT / name).read_text()


def section(text: str, title: str) -> str:
    """What stands under a heading of the second level, up to the next one."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"there is no section {title!r}"
    return found[1]


def dotted_names(text: str) -> list[str]:
    """Every `package.module.name` of ours in backticks."""
    names = re.findall(r"`([a-z_]+(?:\.[A-Za-z_]\w*)+)`", text)
    return [name for name in names if name.partition(".")[0] in PACKAGES and not name.endswith(".py")]


def resolve(name: str) -> Any:
    """What a dotted name leads to: the longest part that is a module, then its attributes.

    Raises ImportError or AttributeError.
    """
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if _is_module(module):
            found: Any = importlib.import_module(module)
            for attribute in parts[length:]:
                found = getattr(found, attribute)
            return found
    raise ImportError(name)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent that is a module, not a package
        return False
