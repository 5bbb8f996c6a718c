"""Lists come page by page: each page is one AWS call, made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class ListPage(Generic[T]):
    """One page of a list. `number` counts from 1; `next` is where the following page starts, if there is one.

    Whoever is stopped half-way (a throttle) goes on later with `pages(start=page.next)`; such a list
    was not read at one moment and proves no absence.
    """

    items: tuple[T, ...]
    number: int
    next: str | None
    request_id: str | None

    @property
    def last(self) -> bool:
        """True if nothing follows: the list is complete."""
        return self.next is None


# Fetches the page that starts at a token: its items, the next token or None, AWS's request id.
Fetch = Callable[[str | None], tuple[tuple[T, ...], str | None, str | None]]


def pages_of(fetch: Fetch[T], start: str | None = None) -> Iterator[ListPage[T]]:
    """All pages from `start` on, lazily."""
    number, token = 0, start
    while True:
        number += 1
        items, token, request_id = fetch(token)
        yield ListPage(items, number, token or None, request_id)
        if not token:
            return
