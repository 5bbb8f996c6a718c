"""A database that goes away while an answer is written is a 503 that says when to ask again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, InterfaceError, OperationalError
from django.test import Client

from channels_app.api import breakouts
from streamhub.access.services import token_issue
from tests.scenarios import rows


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("server closed the connection unexpectedly"), 503),
        (InterfaceError("the connection is closed"), 503),
        (DataError("integer out of range"), 500),
        (KeyError("OperationalError: "), 500),
    ],
    ids=["lost", "closed", "data", "ours"],
)
@pytest.mark.parametrize("path", ["breakouts", "breakouts/{id}"])
def test_a_column_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, path: str, error: Exception, status: int
) -> None:
    show = rows.breakout()

    def fail(_row: Any) -> None:
        raise error

    monkeypatch.setattr(breakouts.costs, "viewers_estimate", fail)
    token = token_issue("reader", ["breakouts:read"])[1]
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
    answer = client.get(f"/api/v1/{path.format(id=show.pk)}")
    assert answer.status_code == status
    assert answer.get("Retry-After") == ("2" if status == 503 else None)
