"""Health checks, for load balancers and staff.

`/livez` says that the process answers. `/readyz` checks the database, the broker, and the heartbeat rows of
worker and beat. It never asks a worker directly, because a slow answer must not hold up a web process.
Both need no token, so they name the failed check but no addresses; the log has the details.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import redis
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from ninja import Router, Schema, Status

from streamhub.aws.target import broker_url
from streamhub.clock import database_now
from streamhub.errors import StreamHubError
from streamhub.lifecycle.heartbeat import is_silent
from streamhub.lifecycle.models import Heartbeat
from streamhub.lifecycle.silence import cause_of_silence

log = logging.getLogger(__name__)

BROKER_TIMEOUT = 1.0  # seconds

router = Router(tags=["health"], auth=None)


class NotOk(Exception):
    """A check failed. The message is public."""


class HealthCheckOut(Schema):
    name: str
    ok: bool
    detail: str


class ReadyOut(Schema):
    ready: bool
    checks: list[HealthCheckOut]


class LiveOut(Schema):
    live: bool


@router.get("/livez", response=LiveOut, summary="The process is up")
def live(request: HttpRequest) -> dict[str, bool]:
    return {"live": True}


@router.get("/readyz", response={200: ReadyOut, 503: ReadyOut}, summary="Everything it depends on is up")
def ready(request: HttpRequest) -> Status:
    report = readiness()
    return Status(_status(report), report)


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """`/livez` at the root of the site."""
    return JsonResponse({"live": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """`/readyz` at the root of the site."""
    report = readiness()
    return JsonResponse(report, status=_status(report))


def readiness() -> dict[str, Any]:
    """`{"ready": bool, "checks": [{"name", "ok", "detail"}]}`. Ready means that all checks are ok."""
    checks = [_run(name, check) for name, check in CHECKS.items()]
    return {"ready": all(check["ok"] for check in checks), "checks": checks}


def _status(report: dict[str, Any]) -> int:
    return 200 if report["ready"] else 503


def _run(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except (NotOk, StreamHubError) as error:
        return {"name": name, "ok": False, "detail": str(error)}
    except Exception:
        log.exception("Readiness check %s failed", name)
        return {"name": name, "ok": False, "detail": "It does not answer. The log has the details."}


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "It answers."


def _broker() -> str:
    url = broker_url()
    if not url.startswith(("redis:", "rediss:")):
        return f"Not checked, because {url.partition(':')[0]} has no ping."
    with redis.Redis.from_url(
        url, socket_connect_timeout=BROKER_TIMEOUT, socket_timeout=BROKER_TIMEOUT
    ) as client:
        client.ping()
    return "It answers."


def _heartbeat(name: str) -> str:
    row = Heartbeat.objects.filter(name=name).first()
    if row is None:
        raise NotOk(f"There is no heartbeat yet. {cause_of_silence(name)}")
    now = database_now()
    age = now - row.beat_at
    detail = f"The last heartbeat was {max(0, round(age.total_seconds()))} s ago."
    if is_silent(row.beat_at, now):
        raise NotOk(f"{detail} {cause_of_silence(name)}")
    return detail


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "worker": lambda: _heartbeat("worker"),
    "beat": lambda: _heartbeat("beat"),
}
