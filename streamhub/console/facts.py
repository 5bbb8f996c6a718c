"""The content of an object's page: labelled facts in sections; a fact's kind decides how it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django.db.models import BooleanField, DateTimeField, JSONField, Model

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Kind = Literal[
    "text",
    "code",
    "id",
    "url",
    "urls",
    "when",
    "bytes",
    "yesno",
    "list",
    "tags",
    "link",
    "links",
    "state",
    "ingest",
]


@dataclass(frozen=True)
class Fact:
    """A label and a value. `href` links the value to a page, an id to AWS's console; `hint` explains it.

    The value of `links` are pairs of a text and an address.
    """

    label: StrOrPromise
    value: Any
    kind: Kind = "text"
    hint: StrOrPromise = ""
    href: str = ""

    @property
    def known(self) -> bool:
        return self.value not in (None, "", [], {}, ())


@dataclass(frozen=True)
class Section:
    """A card of facts. `wide`: full width, for long values such as URLs."""

    title: StrOrPromise
    facts: list[Fact]
    icon: str = "info"
    wide: bool = False


@dataclass(frozen=True)
class Panel:
    """A card with its own template, which any app can add to an object's page."""

    title: StrOrPromise
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    icon: str = "info"
    order: int = 50


@dataclass(frozen=True)
class Link:
    """A button that opens another page and changes nothing. `key`: the single key that presses it."""

    label: StrOrPromise
    url: str
    icon: str = "open_in_new"
    key: str = ""


def fact_of(row: Model, name: str) -> Fact:
    """A column as a fact, shown as its type is."""
    column: Any = row._meta.get_field(name)
    value = getattr(row, name)
    kinds: list[tuple[type, Kind]] = [(DateTimeField, "when"), (BooleanField, "yesno"), (JSONField, "list")]
    kind: Kind = next((kind for of, kind in kinds if isinstance(column, of)), "text")
    return Fact(str(column.verbose_name), value, kind)
