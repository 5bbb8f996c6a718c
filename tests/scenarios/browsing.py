"""A page with a form, and what a browser sends of it: every field as it is there, apart from what is typed.

As HTML says: an unticked box is not sent, lines end with CR LF, and a field of a day and a time with a value
that is none is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?")


@dataclass
class OpenPage:
    """The form of a page as it was when the page was opened."""

    client: Client
    url: str
    fields: dict[str, list[str]]

    def send(self, *unticked: str, **typed: str) -> Any:
        """The answer to the form, with what is typed and without the boxes that are not ticked any more."""
        sent = {name: values for name, values in self.fields.items() if name not in unticked}
        return self.client.post(self.url, sent | typed)


def opened(client: Client, url: str) -> OpenPage:
    return OpenPage(client, url, fields_of(client.get(url)))


def fields_of(answer: Any) -> dict[str, list[str]]:
    """What a browser would send of the form of this page."""
    reader = _Reader()
    reader.feed(answer.content.decode())
    assert reader.sent, "the page has no form"
    return reader.sent


@dataclass
class _Reader(HTMLParser):
    sent: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.inside = False
        self.area: list[str] | None = None
        self.select: list[str] | None = None
        self.first = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            # The console's own forms, and Django's.
            self.inside = bool({"sh-form", "warn-unsaved-form"} & set(found.get("class", "").split()))
        elif self.inside and tag == "input" and "name" in found:
            self._input(found)
        elif self.inside and tag == "textarea":
            self.area = self.sent.setdefault(found["name"], [])
            self.area.append("")
        elif self.inside and tag == "select":
            self.select, self.first = self.sent.setdefault(found["name"], []), ""
        elif self.select is not None and tag == "option":
            self.first = self.first or found["value"]
            self.select += [found["value"]] if "selected" in found else []

    def _input(self, found: dict[str, str]) -> None:
        kind, value = found.get("type", "text"), found.get("value", "")
        if kind in ("checkbox", "radio"):
            if "checked" not in found:
                return
            value = found.get("value", "on")
        if kind == "datetime-local" and not MOMENT.fullmatch(value):
            value = ""
        self.sent.setdefault(found["name"], []).append(value)

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "textarea" and self.area is not None:
            self.area[-1] = self.area[-1].removeprefix("\r\n").removeprefix("\n").replace("\n", "\r\n")
            self.area = None
        elif tag == "select" and self.select is not None:
            self.select += [] if self.select else [self.first]
            self.select = None
