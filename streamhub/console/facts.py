"""What a page says about an object: labelled facts in sections, each shown as what it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "code", "id", "url", "urls", "when", "bytes", "yesno", "list", "tags", "link", "state"]


@dataclass(frozen=True)
class Fact:
    """A label and a value. `href` makes it a link inside the console; `hint` explains it."""

    label: str
    value: Any
    kind: Kind = "text"
    hint: str = ""
    href: str = ""

    @property
    def known(self) -> bool:
        return self.value not in (None, "", [], {}, ())


@dataclass(frozen=True)
class Section:
    """A card of facts. `wide`: takes the full width, for long values such as URLs."""

    title: str
    facts: list[Fact]
    icon: str = "info"
    wide: bool = False


@dataclass(frozen=True)
class Panel:
    """A card with a template of its own, added to an object's page by whichever app has it."""

    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    icon: str = "info"
    order: int = 50


@dataclass(frozen=True)
class Link:
    """A button that only leads somewhere."""

    label: str
    url: str
    icon: str = "open_in_new"
