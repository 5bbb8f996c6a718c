"""django-axes' lockout, by the database's clock.

django-axes notes and compares the time of an attempt by its host's clock: with two hosts whose clocks differ,
the wait would be longer or shorter than `AXES_COOLOFF_TIME`.
"""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from django.http import HttpRequest

from streamhub.clock import database_now


class LockoutHandler(AxesDatabaseHandler):
    """`AXES_HANDLER`. The proxy of django-axes has set `axes_attempt_time` by the host's clock before."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        _by_the_database(request)
        return bool(super().is_allowed(request, credentials))

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **others: Any
    ) -> None:
        if request is not None:
            _by_the_database(request)
        super().user_login_failed(sender, credentials, request, **others)


def _by_the_database(request: HttpRequest) -> None:
    request.axes_attempt_time = database_now()  # type: ignore[attr-defined]
