"""Every error of the API is `application/problem+json` (RFC 9457, "Problem Details for HTTP APIs").

`type` is always `about:blank`: the status gives the kind of problem and `detail` explains it in a sentence.
Our own members are `errors` (fields), `state` and `possible` (409), and `request_id` (500).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from pydantic import ValidationError as SchemaError

from streamhub.errors import Forbidden, Gone, Invalid, NotPossible
from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TOO_LARGE = "The request body is too large."
# The Retry-After while the database does not answer.
RETRY_SECONDS = 2
_NO_DATABASE = (
    "The database cannot be used right now. "
    f"Send the request again in {RETRY_SECONDS} s; with an Idempotency-Key that is safe."
)
_NO_DATABASE_PAGE = """<!doctype html>
<html lang="en">
<title>StreamHub has no database right now</title>
<h1>StreamHub has no database right now</h1>
<p>What runs on AWS goes on. What you asked for may or may not have been done: load the page again in a few
seconds and look, before you repeat it.</p>
</html>
"""

# Django's names for a database that is not there.
_OUTAGES = tuple(f"{kind.__name__}: " for kind in (OperationalError, InterfaceError))

View = Callable[..., HttpResponse]


def problem(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> HttpResponse:
    """A problem response. `members` are added to the four that every problem has."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return HttpResponse(json.dumps(body), status=status, content_type=MEDIA_TYPE, headers=headers)


def invalid(errors: Mapping[str, str]) -> HttpResponse:
    """A 422 for these fields."""
    listed = [{"field": field, "detail": what} for field, what in errors.items()]
    detail = "; ".join(f"{field}: {what}" for field, what in errors.items())
    return problem(422, detail, errors=listed)


# --- exceptions of an operation --------------------------------------------------------------


def _not_possible(request: HttpRequest, exc: NotPossible) -> HttpResponse:
    members: dict[str, Any] = {"state": exc.state, "possible": exc.possible} if exc.state else {}
    return problem(409, _full_sentence(exc), **members)


def _full_sentence(exc: NotPossible) -> str:
    """The detail, with the state and the possible verbs added if it does not contain them."""
    sentence = exc.detail
    if exc.state and exc.state not in sentence:
        sentence += _(" The state is %(state)s.") % {"state": exc.state}
    if missing := [verb for verb in exc.possible if verb not in sentence]:
        sentence += _(" Possible: %(verbs)s.") % {"verbs": ", ".join(missing)}
    return sentence


def _invalid(request: HttpRequest, exc: Invalid) -> HttpResponse:
    return invalid(exc.errors)


def _forbidden(request: HttpRequest, exc: Forbidden | PermissionDenied) -> HttpResponse:
    return problem(403, str(exc) or _("You do not have the permission for this."))


def _not_found(request: HttpRequest, exc: Http404 | Gone) -> HttpResponse:
    return problem(404, str(exc) or _("There is nothing here."))


def _validation(request: HttpRequest, exc: ValidationError) -> HttpResponse:
    return invalid({_field(error["loc"]): _message(error) for error in reversed(exc.errors)})


def _field(loc: Iterable[Any]) -> str:
    """The field's name as the caller wrote it, from ninja's (source, parameter, field, …)."""
    source, *names = (str(part) for part in loc)
    if source == "body":
        names = names[1:]
    return ".".join(names) or source


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "There is no such field."
    if error["type"] == "model_attributes_type":
        return "Send a JSON object."
    return str(error["msg"]).removeprefix("Value error, ")


def _http_error(request: HttpRequest, exc: HttpError) -> HttpResponse:
    """Ninja's own errors. It uses 400 only for a body that its parser refused."""
    if exc.status_code != 400:
        return problem(exc.status_code, exc.message)
    if isinstance(exc.__cause__, Invalid):
        return invalid(exc.__cause__.errors)
    return invalid({"body": f"This is not valid JSON ({exc.__cause__})."})


def _unauthenticated(request: HttpRequest, exc: AuthenticationError) -> HttpResponse:
    return problem(401, exc.message, headers={"WWW-Authenticate": "Bearer"})


def _throttled(request: HttpRequest, exc: Throttled) -> HttpResponse:
    seconds = exc.wait or 1
    return problem(429, f"Too many requests. Wait {seconds} s.", headers={"Retry-After": str(seconds)})


def _suspicious(request: HttpRequest, exc: SuspiciousOperation) -> HttpResponse:
    if isinstance(exc, RequestDataTooBig):
        return problem(413, TOO_LARGE)
    return problem(400, "The request is not valid.")


def _unreadable(request: HttpRequest, exc: UnreadablePostError) -> HttpResponse:
    """The client is gone, or sent too little for too long (`patient_socket`)."""
    return problem(400, "The request's body did not come to its end.")


def unexpected(request: HttpRequest, exc: Exception) -> HttpResponse:
    """A 500 with the request id of the exception in the log; a 503 if the database is unavailable."""
    if _outage(exc):
        return _without_database(request, exc)
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    log.error("%s %s failed (request %s)", request.method, request.path, request_id, exc_info=exc)
    detail = "StreamHub had an internal error. The log has the details under this request id."
    return problem(500, detail, request_id=request_id)


def _outage(exc: BaseException | None) -> bool:
    """Whether the database was unavailable, here or in what was raised while that was handled.

    Sessions and transactions raise errors of their own when the database fails.
    """
    while exc is not None:
        if unavailable(exc) or _unread(exc):
            return True
        exc = exc.__cause__ or exc.__context__
    return False


def _unread(exc: BaseException) -> bool:
    """Whether an answer could not be written because a column of its object could not be read.

    Pydantic keeps of the database's error only its name and text.
    """
    if not isinstance(exc, SchemaError):
        return False
    found = [each["ctx"]["error"] for each in exc.errors() if each["type"] == "get_attribute_error"]
    return any(str(text).startswith(_OUTAGES) for text in found)


def _without_database(request: HttpRequest, exc: BaseException | None) -> HttpResponse:
    """A 503, for services as a problem and for people as a page."""
    log.warning("%s %s: the database cannot be used (%s)", request.method, request.path, exc)
    headers = {"Retry-After": str(RETRY_SECONDS)}
    if request.path_info.startswith("/api/"):
        return problem(503, _NO_DATABASE, headers=headers)
    return HttpResponse(_NO_DATABASE_PAGE, status=503, headers=headers)


HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    NotPossible: _not_possible,
    Invalid: _invalid,
    Forbidden: _forbidden,
    PermissionDenied: _forbidden,
    Http404: _not_found,
    Gone: _not_found,
    ValidationError: _validation,
    HttpError: _http_error,
    AuthenticationError: _unauthenticated,
    Throttled: _throttled,
    SuspiciousOperation: _suspicious,
    UnreadablePostError: _unreadable,
    Exception: unexpected,
}


def attach(api: NinjaAPI) -> None:
    """Make the API answer every exception with a problem."""
    for kind, handler in HANDLERS.items():
        api.add_exception_handler(kind, handler)


# --- outside operations ----------------------------------------------------------------------


def with_problems(view: View) -> View:
    """The view, with problems for 404, 405 and unexpected errors."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return unknown_path(request)
        except Exception as exc:  # noqa: BLE001  the API must never answer with an HTML page
            return unexpected(request, exc)
        return _method_not_allowed(request, response) if response.status_code == 405 else response

    return csrf_exempt(answer)


def _method_not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    allow = ", ".join(sorted(response["Allow"].split(", ")))
    return problem(405, f"{request.method} is not allowed here. Use {allow}.", headers={"Allow": allow})


@csrf_exempt
def unknown_path(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """A 404 for every unknown path under the API."""
    return problem(404, f"There is nothing at {request.path}.")


def is_api(request: HttpRequest) -> bool:
    """Whether the request is to the API, whose errors are problems."""
    return request.path_info.startswith("/api/")


def for_site(status: int, page: View, detail: str) -> View:
    """The site's error handler for `status`: a problem under /api/, Django's own page elsewhere.

    Django calls it while it handles the exception. A 503 if that is an outage of the database.
    """

    def handler(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(kwargs.get("exception"), RequestDataTooBig):
            return too_large(request)
        if _outage(sys.exc_info()[1]):
            return _without_database(request, sys.exc_info()[1])
        if is_api(request):
            return problem(status, detail)
        return page(request, *args, **kwargs)

    return handler


def too_large(request: HttpRequest) -> HttpResponse:
    """A 413: a problem under /api/, a page elsewhere."""
    if is_api(request):
        return problem(413, TOO_LARGE)
    return render(request, "400.html", {"reason": TOO_LARGE}, status=413)


handler400 = for_site(400, defaults.bad_request, "The request is not valid.")
handler403 = for_site(403, defaults.permission_denied, "You do not have the permission for this.")
handler404 = for_site(404, defaults.page_not_found, "There is nothing here.")
handler500 = for_site(500, defaults.server_error, "StreamHub had an internal error. The log has the details.")
