"""`Idempotency-Key`: a POST or DELETE that is sent twice takes effect once.

The key's row is inserted in the transaction of the effect, before the effect. So a crash frees the
key, and a twin that comes while the first is at work waits at the database: on SQLite at BEGIN, on
PostgreSQL at the unique index. When the first commits, the twin gives its answer again; when the
first fails, the twin takes its place; after `WAIT_SECONDS` it gives up with 409.

An answer that is not 2xx rolls back everything, the key too. What services leave for
`transaction.on_commit` runs after the answer is safe.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja.errors import AuthenticationError
from ninja.operation import Operation

from streamhub.access.lock_timeouts import begin_wait, lock_wait, timed_out
from streamhub.access.models import ApiToken, IdempotencyKey
from streamhub.access.services import KEPT_FOR
from streamhub.errors import Invalid, NotPossible

HEADER = "Idempotency-Key"
METHODS = ("POST", "DELETE")
# 1 to 255 visible ASCII characters, with spaces inside.
PATTERN = r"^[!-~]([ -~]{0,253}[!-~])?$"
WAIT_SECONDS = 5.0

Run = Callable[..., HttpResponse]


@dataclass(frozen=True)
class KeyedRequest:
    """What must be the same for a request to be the same."""

    service: str
    key: str
    method: str
    path: str
    body_sha256: str


def once(run: Run) -> Run:
    """Ninja "view" decorator around an operation: with a key, run it at most once."""
    operation = cast(Operation, run.__self__)  # type: ignore[attr-defined]

    def run_once(request: HttpRequest, **path: Any) -> HttpResponse:
        if request.method not in METHODS or HEADER not in request.headers or not operation.auth_callbacks:
            return run(request, **path)
        try:
            call = _call(request, _caller(operation, request))
            return _replay(call) or _first(call, lambda: run(request, **path))
        except Exception as exc:  # noqa: BLE001  as ninja does around the operation itself
            return operation.api.on_exception(request, exc)

    return run_once


def _caller(operation: Operation, request: HttpRequest) -> ApiToken:
    """Who calls, after the operation's own checks: a kept answer is for those who may ask for it."""
    for check in operation.auth_callbacks:
        if token := check(request):
            return cast(ApiToken, token)
    raise AuthenticationError


def _call(request: HttpRequest, token: ApiToken) -> KeyedRequest:
    key = request.headers[HEADER]
    if not re.fullmatch(PATTERN, key):
        raise Invalid({HEADER: "Use 1 to 255 visible ASCII characters."})
    body = hashlib.sha256(request.body).hexdigest()
    return KeyedRequest(token.service, key, str(request.method), request.path, body)


def _replay(call: KeyedRequest) -> HttpResponse | None:
    """The answer kept under the key, None if there is none. Raises Invalid if it is another call's."""
    fresh = timezone.now() - KEPT_FOR
    row = IdempotencyKey.objects.filter(service=call.service, key=call.key, created_at__gte=fresh).first()
    if row is None:
        return None
    if (row.method, row.path, row.body_sha256) != (call.method, call.path, call.body_sha256):
        raise Invalid({HEADER: f"The key was used for {row.method} {row.path} with another path or body."})
    response = HttpResponse(row.response_body, status=row.status, content_type=row.content_type)
    response["Idempotency-Replayed"] = "true"
    return response


def _first(call: KeyedRequest, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Run with the key in the same transaction, unless a twin was faster: then its answer."""
    with ExitStack() as stack:
        row = _enter(stack, call)
        if row is None:
            return _replay(call) or _too_late()
        response = run()
        if 200 <= response.status_code < 300:
            _keep(row, response)
        else:
            transaction.set_rollback(True)
        return response


def _enter(stack: ExitStack, call: KeyedRequest) -> IdempotencyKey | None:
    """Open the transaction of the effect and insert the key; None if a twin has it. Raises NotPossible."""
    try:
        with begin_wait(WAIT_SECONDS):
            stack.enter_context(transaction.atomic())
            return _insert(call)
    except OperationalError as error:
        if timed_out(error):
            raise _still_busy() from error
        raise


def _insert(call: KeyedRequest) -> IdempotencyKey | None:
    old = IdempotencyKey.objects.filter(
        service=call.service, key=call.key, created_at__lt=timezone.now() - KEPT_FOR
    )
    try:
        with transaction.atomic(), lock_wait(WAIT_SECONDS):
            old.delete()
            return IdempotencyKey.objects.create(**vars(call))
    except IntegrityError:
        return None


def _keep(row: IdempotencyKey, response: HttpResponse) -> None:
    row.status = response.status_code
    row.response_body = response.content.decode()
    row.content_type = response.headers.get("Content-Type", "")
    row.save(update_fields=["status", "response_body", "content_type"])


def _still_busy() -> NotPossible:
    return NotPossible(
        f"The first request with this {HEADER} has not ended within {WAIT_SECONDS:g} s. "
        "Send this one again in a moment."
    )


def _too_late() -> HttpResponse:
    """The twin's row was there and is gone: only a purge at this very moment does that."""
    raise _still_busy()
