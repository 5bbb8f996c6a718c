"""Guessing a password: locked for who guesses, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import structlog
from axes.handlers import proxy as axes_proxy
from axes.models import AccessAttempt
from django.db.models import F
from django.test import Client
from django.utils import timezone

from streamhub.access.models import AuditEntry
from streamhub.signin import throttle
from streamhub.signin.models import FailureCount

Attempt = Callable[..., Any]
PASSWORD = "correct horse battery"
HERE, ELSEWHERE = "203.0.113.1", "198.51.100.2"


def test_after_five_failures_the_right_password_does_not_help_here(attempt: Attempt) -> None:
    for _ in range(4):
        assert attempt(password="wrong").status_code == 200
    assert attempt(password="wrong").status_code == 429
    answer = attempt()
    assert answer.status_code == 429
    assert answer["Retry-After"] == "900"
    assert b"Wait 15 minutes" in answer.content


def test_the_owner_of_the_account_signs_in_from_elsewhere(attempt: Attempt) -> None:
    for _ in range(10):
        attempt(password="wrong")
    assert attempt(address=ELSEWHERE).status_code == 302


def test_other_accounts_sign_in_from_the_same_address(attempt: Attempt, django_user_model: Any) -> None:
    django_user_model.objects.create_user("berta", password=PASSWORD, is_staff=True)
    for _ in range(10):
        attempt(password="wrong")
    assert attempt("berta").status_code == 302


def test_the_lock_ends_by_itself(attempt: Attempt) -> None:
    for _ in range(5):
        attempt(password="wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert attempt().status_code == 302


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "behind"])
def test_a_host_whose_clock_is_wrong_neither_ends_nor_prolongs_a_lock(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    for _ in range(4):
        attempt(password="wrong")
    right = axes_proxy.now
    monkeypatch.setattr(axes_proxy, "now", lambda: right() + ahead)
    assert attempt(password="wrong").status_code == 429
    monkeypatch.setattr(axes_proxy, "now", right)
    assert attempt().status_code == 429
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=16))
    assert attempt().status_code == 302


def test_a_made_up_address_in_a_header_does_not_help(client: Client, attempt: Attempt) -> None:
    form = {"username": "anna", "password": "wrong"}
    for number in range(5):
        headers = {"X-Forwarded-For": f"10.0.0.{number}"}
        client.post("/admin/login/", form, headers=headers, REMOTE_ADDR=HERE)
    assert attempt().status_code == 429


def test_one_address_cannot_try_many_accounts(attempt: Attempt) -> None:
    for number in range(throttle.ADDRESS.failures):
        assert attempt(f"nobody{number}", "wrong").status_code == 200
    answer = attempt()
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= throttle.ADDRESS.seconds
    assert attempt(address=ELSEWHERE).status_code == 302


def test_a_whole_network_of_ipv6_is_locked_as_one_address(attempt: Attempt) -> None:
    for number in range(5):
        attempt(password="wrong", address=f"2001:db8:1:2::{number}")
    assert attempt(address="2001:db8:1:2:3:4:5:6").status_code == 429
    assert attempt(address="2001:db8:1:3::1").status_code == 302


def test_a_whole_network_of_ipv6_cannot_try_many_accounts(attempt: Attempt) -> None:
    with structlog.testing.capture_logs() as lines:
        for number in range(throttle.ADDRESS.failures):
            address = f"2001:db8:1:2::{number + 1:x}"
            assert attempt(f"nobody{number}", "wrong", address).status_code == 200
    assert attempt(address="2001:db8:1:2:3:4:5:6").status_code == 429
    assert attempt(address="2001:db8:1:3::1").status_code == 302
    told = {line["address"] for line in lines if line["event"] == "signin_event"}
    assert len(told) == throttle.ADDRESS.failures, "logs keep the whole address"


def test_many_addresses_are_slowed_down_for_one_account(attempt: Attempt, monkeypatch: Any) -> None:
    monkeypatch.setattr(throttle, "ACCOUNT", throttle.Limit("account", failures=6, seconds=900))
    for number in range(6):
        attempt(password="wrong", address=f"192.0.2.{number}")
    assert attempt(address=ELSEWHERE).status_code == 429


def test_blanks_around_a_name_are_the_same_account(attempt: Attempt, monkeypatch: Any) -> None:
    """The sign-in takes them off, so a guess with them is a guess at the account."""
    monkeypatch.setattr(throttle, "ACCOUNT", throttle.Limit("account", failures=6, seconds=900))
    for number in range(6):
        attempt(" " * number + "anna", "wrong", address=f"192.0.2.{number}")
    assert attempt(address=ELSEWHERE).status_code == 429
    assert attempt("anna\u3000", address=ELSEWHERE).status_code == 429


@pytest.mark.parametrize("path", ["/admin/account/confirm/", "/admin/password_change/"])
def test_an_open_browser_is_no_place_to_guess_the_password(
    client: Client, anna: Any, monkeypatch: Any, path: str
) -> None:
    """Guesses there and at the sign-in are counted together, from all addresses."""
    monkeypatch.setattr(throttle, "ACCOUNT", throttle.Limit("account", failures=6, seconds=900))
    client.force_login(anna)
    new = {"new_password1": "another good horse", "new_password2": "another good horse"}
    for number in range(throttle.ACCOUNT.failures):
        form = {"password": f"wrong{number}", "old_password": f"wrong{number}", **new}
        assert client.post(path, form, REMOTE_ADDR=f"198.51.100.{number}").status_code == 200
    form = {"password": PASSWORD, "old_password": PASSWORD, **new}
    assert client.post(path, form, REMOTE_ADDR=HERE).status_code == 429
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


def test_wrong_passwords_for_a_new_one_lock_and_are_told(client: Client, anna: Any) -> None:
    client.force_login(anna)
    form = {"new_password1": "another good horse", "new_password2": "another good horse"}
    with structlog.testing.capture_logs() as lines:
        answers = [
            client.post("/admin/password_change/", {"old_password": f"wrong{number}", **form})
            for number in range(5)
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert [line["who"] for line in lines if line.get("what") == "sign_in_failed"] == ["anna"] * 5
    assert client.post("/admin/password_change/", {"old_password": PASSWORD, **form}).status_code == 429


def test_ones_own_password_is_changed_with_the_present_one(client: Client, anna: Any) -> None:
    client.force_login(anna)
    assert b"Old password" in client.get("/admin/password_change/").content
    form = {"new_password1": "another good horse", "new_password2": "another good horse"}
    answer = client.post("/admin/password_change/", {"old_password": "wrong", **form})
    assert b"entered incorrectly" in answer.content
    answer = client.post("/admin/password_change/", {"old_password": PASSWORD, **form})
    assert answer["Location"] == "/admin/password_change/done/"
    anna.refresh_from_db()
    assert anna.check_password("another good horse")
    assert client.get("/admin/").status_code == 200


def test_a_password_typed_as_a_name_is_kept_nowhere(attempt: Attempt) -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(5):
            answer = attempt("geheimes-wort", "wrong")
        attempt("geheimes-wort", "wrong", address=ELSEWHERE)
    assert answer.status_code == 429  # such a name is locked like any other
    told = [line for line in lines if line["event"] == "signin_event"]
    assert {line["who"] for line in told} == {"unknown user"}
    assert {line["what"] for line in told} == {"sign_in_failed", "locked_out"}
    kept = [vars(row) for model in (AccessAttempt, AuditEntry) for row in model.objects.all()]
    assert len(kept) > 2
    assert "geheimes-wort" not in f"{lines} {kept}"


@pytest.mark.django_db
def test_a_window_that_is_over_begins_again() -> None:
    limit = throttle.Limit("x", failures=2, seconds=60)
    limit.failed("a")
    limit.failed("A")
    assert 0 < limit.wait("a") <= 60
    assert limit.wait("b") == 0
    FailureCount.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert limit.wait("a") == 0
    limit.failed("a")
    assert FailureCount.objects.get().count == 1


def test_each_failure_and_lock_is_told_with_its_address(attempt: Attempt) -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(5):
            attempt(password="geheim")
        attempt(address=ELSEWHERE)
    told = [(line["what"], line["who"], line["address"]) for line in lines if line["event"] == "signin_event"]
    assert told.count(("sign_in_failed", "anna", HERE)) == 5
    assert ("locked_out", "anna", HERE) in told
    assert ("signed_in", "anna", ELSEWHERE) in told
    assert "geheim" not in str(lines)


def test_who_is_not_staff_is_told_so_and_not_signed_in(
    attempt: Attempt, client: Client, django_user_model: Any
) -> None:
    django_user_model.objects.create_user("viewer", password=PASSWORD)
    assert attempt("viewer")["Location"] == "/admin/login/"
    assert b"not one of the staff" in client.get("/admin/login/").content
    assert "_auth_user_id" not in client.session
