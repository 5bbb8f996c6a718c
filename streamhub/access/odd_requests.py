"""Requests that no page and no operation could make sense of. They are answered before any of them runs."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from streamhub.access import problems

GetResponse = Callable[[HttpRequest], HttpResponse]


class OddRequestMiddleware:
    """Refuses addresses with NUL, which no database looks up, and chunked bodies, which Django leaves unread.

    The API names a NUL in a field itself, with a 422.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "chunked" in request.headers.get("Transfer-Encoding", ""):
            return refused(request, 411, "Content-Length", "Send the body with its length, not in chunks.")
        if not problems.is_api(request) and (name := _nul_in(request)):
            return refused(request, 400, name, "An address cannot contain the character U+0000 NUL.")
        return self._get_response(request)


def refused(request: HttpRequest, status: int, field: str, detail: str) -> HttpResponse:
    """A problem under /api/, a page elsewhere. Both name the field."""
    if problems.is_api(request):
        return problems.problem(status, f"{field}: {detail}", errors=[{"field": field, "detail": detail}])
    return render(request, "400.html", {"reason": f"{field}: {detail}"}, status=status)


def _nul_in(request: HttpRequest) -> str:
    """Where the address has a NUL: the parameter's name, or "path"; "" without any."""
    if "\0" in request.path:
        return "path"
    try:
        lists = request.GET.lists()
    except SuspiciousOperation:
        return ""  # too many parameters: Django refuses them when a view reads them
    return next(
        (
            name.replace("\0", "") or "query"
            for name, values in lists
            if any("\0" in v for v in [name, *values])
        ),
        "",
    )
