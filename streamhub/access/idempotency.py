"""`Idempotency-Key`: a POST, PATCH or DELETE that is sent twice takes effect once.

The key's row is inserted in the transaction of the effect, before the effect. So a crash releases the key,
and a duplicate request that arrives meanwhile waits for the database: on SQLite at BEGIN, on PostgreSQL at
the unique index. If the first request commits, the duplicate gets the same answer; if the first fails, the
duplicate runs instead; after `WAIT_SECONDS` it gets 409.

An answer other than 2xx rolls back everything, including the key; one that is marked by `effect_stays` only
the key. `transaction.on_commit` callbacks run after the answer is stored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.operation import Operation

from streamhub.access.lock_timeouts import begin_wait, lock_wait, timed_out
from streamhub.access.models import ApiToken, IdempotencyKey
from streamhub.access.services import KEPT_FOR
from streamhub.clock import from_now
from streamhub.errors import Invalid, NotPossible

HEADER = "Idempotency-Key"
METHODS = ("POST", "PATCH", "DELETE")
# 1 to 255 visible ASCII characters, with spaces inside.
PATTERN = r"^[!-~]([ -~]{0,253}[!-~])?$"
WAIT_SECONDS = 5.0

Run = Callable[..., HttpResponse]
_EFFECT_STAYS = "effect_stays"


@dataclass(frozen=True)
class KeyedRequest:
    """The values in which two requests must be equal to count as the same request."""

    family: str
    key: str
    method: str
    path: str
    body_sha256: str


def effect_stays(response: HttpResponse) -> HttpResponse:
    """Mark an answer other than 2xx: what the request did stays, such as work that a job was given."""
    setattr(response, _EFFECT_STAYS, True)
    return response


def once(run: Run) -> Run:
    """Ninja "view" decorator: run an operation at most once per key."""
    operation = cast(Operation, run.__self__)  # type: ignore[attr-defined]

    def run_once(request: HttpRequest, **path: Any) -> HttpResponse:
        if request.method not in METHODS or HEADER not in request.headers or not operation.auth_callbacks:
            return run(request, **path)
        try:
            keyed = _keyed_request(request, _caller(operation, request))
            return _replay(keyed) or _run_first(keyed, lambda: run(request, **path))
        except Exception as exc:  # noqa: BLE001  as ninja does around the operation itself
            return operation.api.on_exception(request, exc)

    return run_once


def _caller(operation: Operation, request: HttpRequest) -> ApiToken:
    """The caller's token, after the operation's own checks, so that a stored answer is protected too."""
    for check in operation.auth_callbacks:
        if token := check(request):
            return cast(ApiToken, token)
    raise AuthenticationError


def _keyed_request(request: HttpRequest, token: ApiToken) -> KeyedRequest:
    key = request.headers[HEADER]
    if not re.fullmatch(PATTERN, key):
        raise Invalid({HEADER: _("Use 1 to 255 visible ASCII characters.")})
    body = hashlib.sha256(request.body).hexdigest()
    path = quote(request.path)  # as text that every database can hold
    return KeyedRequest(token.family, key, str(request.method), path, body)


def _replay(keyed: KeyedRequest) -> HttpResponse | None:
    """The answer stored under the key, or None. Raises Invalid if it belongs to another request."""
    row = IdempotencyKey.objects.filter(
        family=keyed.family, key=keyed.key, created_at__gte=from_now(-KEPT_FOR)
    ).first()
    if row is None:
        return None
    if (row.method, row.path, row.body_sha256) != (keyed.method, keyed.path, keyed.body_sha256):
        raise Invalid(
            {
                HEADER: _("The key was used for %(method)s %(path)s with another path or body.")
                % {"method": row.method, "path": row.path}
            }
        )
    response = HttpResponse(row.response_body, status=row.status, content_type=row.content_type)
    response["Idempotency-Replayed"] = "true"
    return response


def _run_first(keyed: KeyedRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Run with the key in the same transaction, or return the answer of a duplicate that was faster."""
    with ExitStack() as stack:
        row = _enter(stack, keyed)
        if row is None:
            return _replay(keyed) or _answer_purged()
        response = run()
        if 200 <= response.status_code < 300:
            _store(row, response)
        elif hasattr(response, _EFFECT_STAYS):
            row.delete()
        else:
            transaction.set_rollback(True)
        return response


def _enter(stack: ExitStack, keyed: KeyedRequest) -> IdempotencyKey | None:
    """Begin the transaction and insert the key; None if a duplicate has inserted it. Raises NotPossible."""
    try:
        with begin_wait(WAIT_SECONDS):
            stack.enter_context(transaction.atomic())
            return _insert(keyed)
    except OperationalError as error:
        if timed_out(error):
            raise _still_busy() from error
        raise


def _insert(keyed: KeyedRequest) -> IdempotencyKey | None:
    expired = IdempotencyKey.objects.filter(
        family=keyed.family, key=keyed.key, created_at__lt=from_now(-KEPT_FOR)
    )
    try:
        with transaction.atomic(), lock_wait(WAIT_SECONDS):
            expired.delete()
            return IdempotencyKey.objects.create(**vars(keyed))
    except IntegrityError:
        return None


def _store(row: IdempotencyKey, response: HttpResponse) -> None:
    row.status = response.status_code
    row.response_body = response.content.decode()
    row.content_type = response.headers.get("Content-Type", "")
    row.save(update_fields=["status", "response_body", "content_type"])


def _still_busy() -> NotPossible:
    return NotPossible(
        _(
            "The first request with this %(header)s has not finished within %(wait_seconds)s s. "
            "Send this request again in a moment."
        )
        % {"header": HEADER, "wait_seconds": f"{WAIT_SECONDS:g}"}
    )


def _answer_purged() -> HttpResponse:
    """The duplicate's row existed and is gone, because a purge ran at this moment."""
    raise _still_busy()
