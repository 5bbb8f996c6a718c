"""Is this process up, and is everything it leans on there? For load balancers and for people.

`/livez` says that the process answers. `/readyz` looks at the database, the broker, and the heartbeat
rows of worker and beat; it never asks a worker directly, because a slow answer must not kill a web
process. Both are open, so they say what is wrong but not where it is; the log has the rest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import redis
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from ninja import Router, Schema, Status

from streamhub.aws.target import broker_url
from streamhub.errors import StreamHubError
from streamhub.lifecycle.heartbeat import is_silent
from streamhub.lifecycle.models import Heartbeat

log = logging.getLogger(__name__)

BROKER_TIMEOUT = 1.0  # seconds

router = Router(tags=["health"], auth=None)


class NotOk(Exception):
    """A check failed; the text may be shown to anybody."""


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


@router.get("/readyz", response={200: ReadyOut, 503: ReadyOut}, summary="What it leans on is there")
def ready(request: HttpRequest) -> Status:
    found = readiness()
    return Status(_status(found), found)


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """The same at the root of the site."""
    return JsonResponse({"live": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """The same at the root of the site."""
    found = readiness()
    return JsonResponse(found, status=_status(found))


def readiness() -> dict[str, Any]:
    """`{"ready": bool, "checks": [{"name", "ok", "detail"}]}`; ready is: all of them are ok."""
    checks = [_run(name, check) for name, check in CHECKS.items()]
    return {"ready": all(check["ok"] for check in checks), "checks": checks}


def _status(found: dict[str, Any]) -> int:
    return 200 if found["ready"] else 503


def _run(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except (NotOk, StreamHubError) as error:
        return {"name": name, "ok": False, "detail": str(error)}
    except Exception:
        log.exception("Readiness check %s failed", name)
        return {"name": name, "ok": False, "detail": "It does not answer; the log says more."}


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "It answers."


def _broker() -> str:
    url = broker_url()
    if not url.startswith(("redis:", "rediss:")):
        return f"Not looked at: {url.partition(':')[0]} has no ping."
    with redis.Redis.from_url(
        url, socket_connect_timeout=BROKER_TIMEOUT, socket_timeout=BROKER_TIMEOUT
    ) as client:
        client.ping()
    return "It answers."


def _heartbeat(name: str) -> str:
    row = Heartbeat.objects.filter(name=name).first()
    if row is None:
        raise NotOk("No sign of life yet.")
    age = timezone.now() - row.beat_at
    said = f"Last sign of life {max(0, round(age.total_seconds()))} s ago."
    if is_silent(row.beat_at):
        raise NotOk(said)
    return said


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "worker": lambda: _heartbeat("worker"),
    "beat": lambda: _heartbeat("beat"),
}
