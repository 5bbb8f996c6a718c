"""Pages of API lists: newest first, by keyset, so that every page costs one query."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from streamhub.errors import Invalid

LIMIT = 50
MAX_LIMIT = 200
_MAX_ID = 2**63 - 1

M = TypeVar("M", bound=Model)


def page(queryset: QuerySet[M], cursor: str | None, limit: int, request: HttpRequest) -> dict[str, Any]:
    """`{"items": rows, "next": url | None}`: the `limit` newest rows older than `cursor`.

    `next` is the request's URL, including its filters, with the next cursor. Raises Invalid.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid({"limit": f"Use a number from 1 to {MAX_LIMIT}."})
    if cursor is not None:
        queryset = queryset.filter(pk__lt=_id_of(cursor))
    rows = list(queryset.order_by("-pk")[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return {"items": rows, "next": _next_url(request, rows[-1].pk) if more else None}


def one(queryset: QuerySet[M], opaque_id: str) -> M:
    """The row with this id, as the API writes ids. Raises Http404, also for text that is not an id."""
    row = queryset.filter(pk=int(opaque_id)).first() if _is_id(opaque_id) else None
    if row is None:
        raise Http404(f"There is no {queryset.model._meta.verbose_name} {opaque_id}.")
    return row


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= _MAX_ID


def _next_url(request: HttpRequest, last_id: int) -> str:
    query = request.GET.copy()
    query["cursor"] = base64.urlsafe_b64encode(f"id:{last_id}".encode()).decode().rstrip("=")
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _id_of(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith("id:") or not _is_id(text[3:]):
        raise Invalid({"cursor": "This is not a valid cursor. Follow `next` of the previous page."})
    return int(text[3:])
