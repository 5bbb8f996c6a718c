"""Previous and next pages without a count: one extra row shows whether there is a next page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from unfold import paginator as unfold


class _Page(unfold.InfinitePage):
    def has_next(self) -> bool:
        return bool(self.paginator.more_after(self.number))


class InfinitePaginator(unfold.InfinitePaginator):
    """Extends Unfold's class, which never knows the last page. Unfold's templates rely on its name."""

    template_name = "console/pager.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fetched: dict[int, list[Any]] = {}

    def page(self, number: Any) -> _Page:
        """The rows of one page, with one query that also finds out whether more rows follow."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        rows = self._rows(start, start + self.per_page + 1)
        self._fetched[number] = rows
        return _Page(rows[: self.per_page], number, self)

    def _rows(self, start: int, end: int) -> list[Any]:
        """Rows by their place. Rows that are only passed over are counted in the index, and not read."""
        rows = self.object_list
        if not start or not isinstance(rows, QuerySet):
            return list(rows[start:end])
        keys = list(rows.values_list("pk", flat=True)[start:end])
        found = {row.pk: row for row in rows.filter(pk__in=keys)}
        return [found[key] for key in keys if key in found]

    def more_after(self, number: int) -> bool:
        """Whether rows follow the page that was fetched."""
        return len(self._fetched.get(number, ())) > self.per_page


@dataclass(frozen=True)
class Place:
    """The rows shown (numbered from 1), and the numbers of the pages before and after (0: none)."""

    first: int
    last: int
    before: int
    after: int


def place(number: int, shown: int, paginator: Any) -> Place:
    """The place of page `number`, which shows `shown` rows."""
    start = (number - 1) * paginator.per_page
    after = number + 1 if paginator.more_after(number) else 0
    return Place(start + 1, start + shown if shown else 0, number - 1, after)
