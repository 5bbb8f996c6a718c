"""When a session ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streamhub.access import users
from streamhub.access.tasks import idempotency_purge
from streamhub.clock import database_now
from streamhub.signin import sessions

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@pytest.mark.parametrize(
    ("signed_in", "seen", "why"),
    [
        (ago(hours=1), ago(minutes=1), ""),
        (ago(hours=23.9), ago(hours=7.9), ""),
        (ago(hours=9), ago(hours=8.1), "idle"),
        (ago(hours=24.1), ago(minutes=1), "too long"),
        (None, NOW, "without a beginning"),
        (NOW, None, "without a beginning"),
    ],
)
def test_a_session_is_over(signed_in: Any, seen: Any, why: str) -> None:
    assert sessions.over(signed_in, seen, NOW) == why


@pytest.fixture
def signed_in(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def put_back(client: Client, name: str, span: timedelta) -> None:
    session = client.session
    session[name] = (database_now() - span).isoformat()
    session.save()


def is_in(client: Client, **headers: str) -> bool:
    return client.get("/admin/", headers=headers).status_code == 200


def test_an_idle_session_ends(signed_in: Client) -> None:
    assert is_in(signed_in)
    put_back(signed_in, sessions.SEEN, timedelta(hours=8, minutes=1))
    assert not is_in(signed_in)
    assert not is_in(signed_in), "and does not come back"


def test_a_page_counts_as_activity_and_a_refresh_does_not(signed_in: Client) -> None:
    put_back(signed_in, sessions.SEEN, timedelta(hours=7))
    before = signed_in.session[sessions.SEEN]
    signed_in.get("/admin/dashboard/", headers={"HX-Request": "true"})
    assert signed_in.session[sessions.SEEN] == before
    signed_in.get("/admin/")
    assert signed_in.session[sessions.SEEN] > before


def test_a_session_ends_after_a_day_however_busy(signed_in: Client) -> None:
    put_back(signed_in, sessions.SIGNED_IN, timedelta(hours=24, minutes=1))
    assert not is_in(signed_in)


def test_a_deactivated_user_is_out_with_the_next_request(signed_in: Client, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_active=False)
    assert not is_in(signed_in)


def test_who_is_no_longer_staff_is_out(signed_in: Client, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(is_staff=False)
    assert not is_in(signed_in)
    assert b"Sign in" in signed_in.get("/admin/login/").content


def test_expired_sessions_are_deleted_in_batches_and_others_stay(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "BATCH", 2)
    now = database_now()
    for number in range(5):
        Session.objects.create(session_key=f"old{number}", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="young", expire_date=now + timedelta(minutes=1))
    with CaptureQueriesContext(connection) as captured:
        idempotency_purge()
    deletes = [each for each in captured if each["sql"].startswith('DELETE FROM "django_session"')]
    assert len(deletes) == 3
    kept = set(Session.objects.values_list("session_key", flat=True))
    assert kept == {"young", signed_in.session.session_key}
    assert is_in(signed_in)


@pytest.mark.parametrize("hours", [-30, 30])
def test_the_clock_of_the_host_ends_no_session(signed_in: Client, hours: int) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        idempotency_purge()
    assert is_in(signed_in)


def test_the_time_costs_no_query(signed_in: Client, django_assert_num_queries: Callable[..., Any]) -> None:
    signed_in.get("/admin/")
    with django_assert_num_queries(2):  # session and user
        signed_in.get("/admin/jsi18n/")
