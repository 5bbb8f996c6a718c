"""Pages forward and back, never a count: one row more than a page holds says whether there is a next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unfold import paginator as unfold


class _Page(unfold.InfinitePage):
    def has_next(self) -> bool:
        return bool(self.paginator.more_after(self.number))


class InfinitePaginator(unfold.InfinitePaginator):
    """Unfold's of the same name (by which its templates know it), which also knows when it is at the end."""

    template_name = "console/pager.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fetched: dict[int, list[Any]] = {}

    def page(self, number: Any) -> _Page:
        """The rows of one page, and whether any come after it: one query."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = list(self.object_list[start : start + self.per_page + 1])
        self._fetched[number] = rows
        return _Page(rows[: self.per_page], number, self)

    def more_after(self, number: int) -> bool:
        """Whether rows follow the page that was fetched."""
        return len(self._fetched.get(number, ())) > self.per_page


@dataclass(frozen=True)
class Place:
    """Where one is in a list: the rows shown (1 is the first), and the pages before and after (0: none)."""

    first: int
    last: int
    before: int
    after: int


def place(number: int, shown: int, paginator: Any) -> Place:
    """Of page `number`, which shows so many rows."""
    start = (number - 1) * paginator.per_page
    after = number + 1 if paginator.more_after(number) else 0
    return Place(start + 1, start + shown if shown else 0, number - 1, after)
