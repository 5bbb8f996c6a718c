"""Paged lists of AWS: each page is one AWS call, made when the page is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

from streamhub.aws.ratelimit import patient_step

T = TypeVar("T")


@dataclass(frozen=True)
class ListPage(Generic[T]):
    """One page of a list. `number` counts from 1; `next` is the token of the following page, if any.

    A reader that is throttled can continue later with `pages(start=page.next)`. A list read in that way was
    not read at one moment, so it proves no absence.
    """

    items: tuple[T, ...]
    number: int
    next: str | None
    request_id: str | None

    @property
    def last(self) -> bool:
        """Whether this is the last page of the list."""
        return self.next is None


# Reads the page at a token. Returns its items, the next token or None, and AWS's request id.
Fetch = Callable[[str | None], tuple[tuple[T, ...], str | None, str | None]]


def pages_of(fetch: Fetch[T], start: str | None = None) -> Iterator[ListPage[T]]:
    """All pages from `start` on, each read when it is needed."""
    number, token = 0, start
    while True:
        number += 1
        # The first page takes its turn as every call does; a list that has begun is read to its end.
        with patient_step() if number > 1 else nullcontext():
            items, token, request_id = fetch(token)
        yield ListPage(items, number, token or None, request_id)
        if not token:
            return
