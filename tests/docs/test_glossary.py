"""docs/glossary.md has the domain's words once, and the code's."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import TextChoices

from tests.docs.pages import PACKAGES, ROOT, page

GLOSSARY = page("docs/glossary.md")
WORDS = re.findall(r"^\| \*\*(.+?)\*\*", GLOSSARY, re.MULTILINE)


def model_names() -> list[str]:
    """The models of our own apps."""
    return sorted(
        model.__name__ for model in apps.get_models() if model.__module__.partition(".")[0] in PACKAGES
    )


def choices_in(owner: type[TextChoices]) -> Iterator[type[TextChoices]]:
    """The choices that our code declares."""
    for found in owner.__subclasses__():
        if found.__module__.partition(".")[0] in PACKAGES:
            yield found
        yield from choices_in(found)


def dotted(choices: type[TextChoices]) -> str:
    return f"{choices.__module__}.{choices.__qualname__}"


def documented_values() -> dict[str, set[str]]:
    """The values under each heading that names a class of choices."""
    parts = re.split(r"^### .*, `([\w.]+)`$", GLOSSARY, flags=re.MULTILINE)[1:]
    return {
        name: set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def classes_of_the_code() -> set[str]:
    trees = [ast.parse(path.read_text()) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def test_each_word_stands_once() -> None:
    assert len(WORDS) > 80
    assert [word for word, times in Counter(WORDS).items() if times > 1] == []


@pytest.mark.parametrize("name", model_names())
def test_every_model_is_explained(name: str) -> None:
    assert re.search(rf"^\| \*\*[^|]+\*\* \(`{name}`\) \|", GLOSSARY, re.MULTILINE)


def test_every_state_is_explained_and_no_other() -> None:
    importlib.import_module("channels_app.models")
    assert documented_values() == {dotted(each): set(each.values) for each in choices_in(TextChoices)}


def test_every_class_named_exists() -> None:
    named = {name for name in re.findall(r"`([A-Z]\w*)`", GLOSSARY) if not name.isupper() and "_" not in name}
    assert len(named) > 40
    assert named - classes_of_the_code() == set()
