"""Health checks, for load balancers and staff.

`/livez` says that the process answers. `/readyz` is for monitors: it checks that database and broker can be
written, and the facts of the health page (`health_checks`). It never asks a worker directly, because a slow
answer must not hold up a web process. `/readyz?scope=web` is for load balancers: only what web itself needs.
Both need no token, so they name the failed check but no addresses; the log has the details.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

from django.db import Error, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from ninja import Router, Schema, Status
from redis.exceptions import ReadOnlyError, ResponseError

from streamhub import health_checks, redis_servers
from streamhub.access import problems
from streamhub.access.lock_timeouts import begin_wait, timed_out
from streamhub.aws.target import broker_url, redis_options
from streamhub.errors import StreamHubError
from streamhub.lifecycle.models import Heartbeat
from streamhub.postgresql.outages import cannot_write

log = logging.getLogger(__name__)

BROKER_TIMEOUT = 1.0  # seconds
DATABASE_TIMEOUT = 1.0  # seconds that a check waits for SQLite's lock
# The key that the broker's check writes.
BROKER_KEY = "streamhub:readyz"

Scope = Literal["web"]


class NotOk(Exception):
    """A check failed. The message is public."""


router = Router(tags=["health"], auth=None)


class HealthCheckOut(Schema):
    name: str
    ok: bool
    detail: str


class ReadyOut(Schema):
    ready: bool
    wrong: list[str]
    checks: list[HealthCheckOut]


class LiveOut(Schema):
    live: bool


@router.get("/livez", response=LiveOut, summary="The process is up")
def live(request: HttpRequest) -> dict[str, bool]:
    return {"live": True}


@router.get("/readyz", response={200: ReadyOut, 503: ReadyOut}, summary="Everything it depends on is up")
def ready(request: HttpRequest, scope: Scope | None = None) -> Status:
    report = readiness(scope)
    return Status(_status(report), report)


@problems.with_problems
@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """`/livez` at the root of the site."""
    return JsonResponse({"live": True})


@problems.with_problems
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """`/readyz` at the root of the site."""
    scope = request.GET.get("scope")
    if scope not in (None, *SCOPES):
        said = gettext("There is no such scope. Use %(scopes)s.") % {"scopes": ", ".join(SCOPES)}
        return problems.invalid({"scope": said})
    report = readiness(scope)
    return JsonResponse(report, status=_status(report))


def readiness(scope: str | None = None) -> dict[str, Any]:
    """`{"ready": bool, "wrong": [sentence], "checks": [{"name", "ok", "detail"}]}` of a scope's checks.

    Ready means that all of them are ok. `scope` is one of `SCOPES`; None: all checks.
    """
    names = SCOPES[scope] if scope else CHECKS
    checks = [_run(name, CHECKS[name]) for name in names]
    checks += [] if scope else health_checks.checks()
    wrong = [f"{check['name']}: {check['detail']}" for check in checks if not check["ok"]]
    return {"ready": not wrong, "wrong": wrong, "checks": checks}


def _status(report: dict[str, Any]) -> int:
    return 200 if report["ready"] else 503


def _run(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except (NotOk, StreamHubError) as error:
        return {"name": name, "ok": False, "detail": str(error)}
    except Exception:
        log.exception("Readiness check %s failed", name)
        return {"name": name, "ok": False, "detail": gettext("It does not answer. The log has the details.")}


def _database() -> str:
    """Try to write. A database that became a reader refuses the statement, although it changes no row."""
    try:
        with begin_wait(DATABASE_TIMEOUT):
            Heartbeat.objects.filter(name="").update(name="")
    except OperationalError as error:
        if not timed_out(error):
            raise
        return gettext("It is written right now.")
    except Error as error:
        if not cannot_write(error):
            raise
        raise NotOk(gettext("It can only be read. A failover may be in progress.")) from error
    return gettext("It can be written.")


def _broker() -> str:
    url = broker_url()
    if not redis_servers.is_redis(url):
        return gettext("Not checked, because %(partition)s is not Redis.") % {
            "partition": url.partition(":")[0]
        }
    with redis_servers.client(url, redis_options(), timeout=BROKER_TIMEOUT) as client:
        try:
            client.set(BROKER_KEY, 1, ex=60)
        except ReadOnlyError as error:
            raise NotOk(gettext("It can only be read. A failover may be in progress.")) from error
        except ResponseError as error:
            log.warning("The broker refuses to be written: %s", error)
            raise NotOk(gettext("It refuses to be written. The log has the details.")) from error
    return gettext("It can be written.")


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "broker": _broker}
# What must be well before a request is sent to this web process. Everything else is no reason to take the
# Stop button away from people.
SCOPES: dict[str, tuple[str, ...]] = {"web": ("database",)}
