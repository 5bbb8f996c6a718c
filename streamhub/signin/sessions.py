"""How long a session lasts, by the database's clock, and when it last proved who is there.

A show can be longer than a working day, so a session ends after `SESSION_IDLE_MINUTES` without a page or a
form, and after `SESSION_MAX_HOURS` in any case. Pages that refresh themselves do not count as activity: a
browser that was left open is idle.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from streamhub.access import login_events
from streamhub.clock import database_now

GetResponse = Callable[[HttpRequest], HttpResponse]

SIGNED_IN, PROVED, SEEN = "signed_in_at", "proved_at", "seen_at"
# Activity is written at most this often.
_SEEN_EVERY = timedelta(minutes=1)
_JUST_NOW = timedelta(minutes=2)


def begin(request: HttpRequest, proved: datetime | None = None) -> None:
    """Somebody signed in. `proved`: when they last said who they are, if that was not now but earlier."""
    moment = database_now()
    now = moment.isoformat()
    proved = min(proved, moment) if proved else moment
    request.session.update({SIGNED_IN: now, PROVED: proved.isoformat(), SEEN: now})


def prove(request: HttpRequest) -> None:
    """Somebody who was signed in gave password, code or key again."""
    request.session[PROVED] = database_now().isoformat()


def proved_recently(request: HttpRequest) -> bool:
    """Whether that was less than `RECENT_SIGN_IN_MINUTES` ago. One query."""
    proved = _moment(request, PROVED)
    recent = timedelta(minutes=settings.RECENT_SIGN_IN_MINUTES)
    return proved is not None and database_now() - proved < recent


def signed_in_just_now(request: HttpRequest) -> bool:
    """Whether the session began within the last minutes. One query."""
    began = _moment(request, SIGNED_IN)
    return began is not None and database_now() - began < _JUST_NOW


def over(signed_in: datetime | None, seen: datetime | None, now: datetime) -> str:
    """Why a session is over, or ""."""
    if signed_in is None or seen is None:
        return "without a beginning"
    if now - signed_in > timedelta(hours=settings.SESSION_MAX_HOURS):
        return "too long"
    if now - seen > timedelta(minutes=settings.SESSION_IDLE_MINUTES):
        return "idle"
    return ""


class SessionLimitsMiddleware:
    """Ends sessions that are over, before any page runs."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            self._limit(request)
        return self._get_response(request)

    def _limit(self, request: HttpRequest) -> None:
        now = getattr(request.session, "read_at", None) or database_now()
        seen = _moment(request, SEEN)
        why = over(_moment(request, SIGNED_IN), seen, now)
        if why:
            login_events.record("session_ended", request.user.get_username(), request, why=why)
            logout(request)
        elif seen is not None and now - seen > _SEEN_EVERY and not _is_refresh(request):
            request.session[SEEN] = now.isoformat()


def _is_refresh(request: HttpRequest) -> bool:
    """Whether the page asked by itself."""
    return request.headers.get("HX-Request") == "true" and request.method == "GET"


def _moment(request: HttpRequest, name: str) -> datetime | None:
    text: Any = request.session.get(name)
    return datetime.fromisoformat(text) if isinstance(text, str) else None
