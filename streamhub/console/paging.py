"""Previous and next pages without a count: one extra row shows whether there is a next page.

The links name the row beside which a page lies, so that a page far behind costs what the first one costs
(`beside`). A page whose number was typed in is found by counting the rows before it, in the index, as far as
that is cheap. A page that is farther away is not shown: filters, a search or the links lead there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold import paginator as unfold

from streamhub.console.beside import order_of, rows_after, rows_before
from streamhub.row_ids import row_id

# The parameters of a link: the row after or before which the page lies.
AFTER_VAR, BEFORE_VAR = "after_row", "before_row"
ANCHORS = (AFTER_VAR, BEFORE_VAR)
# The most rows that are counted to find a page by its number: what the index shows in a few blocks. In an
# order without a key no link can name a row, so that counting is the only way there and has no limit.
MOST_COUNTED = 2_000


@dataclass(frozen=True)
class Anchor:
    """The row beside a page: the last one of the page before, or the first one of the page after it."""

    pk: int
    page_follows: bool


def anchor_of(request: HttpRequest) -> Anchor | None:
    """The row that the address names, or None."""
    for name in ANCHORS:
        pk = row_id(request.GET.get(name, ""))
        if pk is not None:
            return Anchor(pk, name == AFTER_VAR)
    return None


class _Page(unfold.InfinitePage):
    def has_next(self) -> bool:
        return bool(self.paginator.more_after(self.number))


class InfinitePaginator(unfold.InfinitePaginator):
    """Extends Unfold's class, which never knows the last page. Unfold's templates rely on its name.

    `too_far`: the page that was asked for is too far away to be counted, so it is empty.
    """

    template_name = "console/pager.html"

    def __init__(self, *args: Any, anchor: Anchor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._anchor = anchor
        self._more: dict[int, bool] = {}
        self.too_far = False

    def page(self, number: Any) -> _Page:
        """The rows of one page, with one query that also finds out whether more rows follow."""
        number = self.validate_number(number)
        rows = self._beside_anchor(number)
        if rows is None:
            rows = self._by_number(number)
            self._more[number] = len(rows) > self.per_page
        return _Page(rows[: self.per_page], number, self)

    def _beside_anchor(self, number: int) -> list[Any] | None:
        """The rows beside the named one, or None if there is none or the order has no key."""
        order = order_of(self.object_list)
        if self._anchor is None or order is None or number == 1:
            return None
        model = self.object_list.model
        # In the order of the ids its place is known even if the row is gone.
        named = model._default_manager.filter(pk=self._anchor.pk).first() if order.column else self._anchor
        if named is None:
            return None
        if self._anchor.page_follows:
            rows = rows_after(self.object_list, order, named, self.per_page + 1)
            self._more[number] = len(rows) > self.per_page
            return rows
        self._more[number] = True
        return rows_before(self.object_list, order, named, self.per_page)

    def _by_number(self, number: int) -> list[Any]:
        """The rows of a page and one more. Those passed over are counted in the index, and not read."""
        rows, start = self.object_list, (number - 1) * self.per_page
        end = start + self.per_page + 1
        if start > MOST_COUNTED and order_of(rows) is not None:
            self.too_far = True
            return []
        if not start or not isinstance(rows, QuerySet):
            return list(rows[start:end])
        keys = list(rows.values_list("pk", flat=True)[start:end])
        found = {row.pk: row for row in rows.filter(pk__in=keys)}
        return [found[key] for key in keys if key in found]

    def more_after(self, number: int) -> bool:
        """Whether rows follow the page that was fetched."""
        return self._more.get(number, False)


@dataclass(frozen=True)
class Place:
    """The rows shown (numbered from 1), and the addresses of the pages before and after ("": none).

    `start`: the address of the first page, if this one is too far away to be shown.
    """

    first: int
    last: int
    before: str
    after: str
    start: str = ""


def first_page(cl: Any) -> str:
    """The query string of the list without the place of this page."""
    return str(cl.get_query_string(dict.fromkeys((PAGE_VAR, *ANCHORS))))


def place(cl: Any) -> Place:
    """The place of the page that the change list shows."""
    number, rows, paginator = cl.page_num, list(cl.result_list), cl.paginator
    if paginator.too_far:
        return Place(0, 0, "", "", first_page(cl))
    start = (number - 1) * paginator.per_page
    before = after = ""
    if number > 1:
        anchor = {BEFORE_VAR: rows[0].pk} if rows and number > 2 else {}
        before = cl.get_query_string({PAGE_VAR: number - 1, **anchor})
    if rows and paginator.more_after(number):
        after = cl.get_query_string({PAGE_VAR: number + 1, AFTER_VAR: rows[-1].pk})
    return Place(start + 1, start + len(rows) if rows else 0, before, after)
