"""Pages of API lists: newest first, by keyset, so that every page costs one query."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from streamhub.errors import Invalid
from streamhub.row_ids import MAX_ID, row_id

LIMIT = 50
MAX_LIMIT = 200
# Opaque to clients: the id of the last row, in hexadecimal. Every text that matches is a place in the list.
CURSOR_PATTERN = r"^c[1-9a-f][0-9a-f]{0,15}$"

M = TypeVar("M", bound=Model)


def page(
    queryset: QuerySet[M], cursor: str | None, limit: int, request: HttpRequest, *, oldest_first: bool = False
) -> dict[str, Any]:
    """`{"items": rows, "next": url | None}`: the `limit` newest rows older than `cursor`, or the other way.

    `next` is the request's URL, including its filters, with the next cursor. Raises Invalid.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid({"limit": _("Use a number from 1 to %(max_limit)s.") % {"max_limit": MAX_LIMIT}})
    if cursor is not None:
        queryset = queryset.filter(**{"pk__gt" if oldest_first else "pk__lt": _id_of(cursor)})
    rows = list(queryset.order_by("pk" if oldest_first else "-pk")[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return {"items": rows, "next": _next_url(request, rows[-1].pk) if more else None}


def one(queryset: QuerySet[M], opaque_id: str) -> M:
    """The row with this id, as the API writes ids. Raises Http404, also for text that is not an id."""
    pk = row_id(opaque_id)
    row = None if pk is None else queryset.filter(pk=pk).first()
    if row is None:
        raise Http404(f"There is no {queryset.model._meta.verbose_name} {opaque_id}.")
    return row


def _next_url(request: HttpRequest, last_id: int) -> str:
    query = request.GET.copy()
    query["cursor"] = f"c{last_id:x}"
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _id_of(cursor: str) -> int:
    if not re.fullmatch(CURSOR_PATTERN, cursor):
        raise Invalid({"cursor": _("This is not a valid cursor. Follow `next` of the previous page.")})
    return min(int(cursor[1:], 16), MAX_ID)
