"""What happens at the door, in the audit: who it was, what they did, and never what may be a password."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import RequestFactory

from streamhub.access.login_events import Event, record
from streamhub.access.models import AuditEntry

pytestmark = pytest.mark.django_db

Told = tuple[str, str, str, str, str]


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", is_staff=True)


def told() -> list[Told]:
    """Kind and name of the actor, the verb, its outcome, and the user it is about, since anna was added."""
    rows = AuditEntry.objects.exclude(verb="add_user").order_by("id")
    return list(rows.values_list("actor_kind", "actor_name", "verb", "outcome", "object_name"))


@pytest.mark.parametrize(
    ("event", "details", "entry"),
    [
        ("locked_out", {}, ("anonymous", "anna", "login", "refused", "anna")),
        ("refused_by_provider", {}, ("anonymous", "anna", "login", "refused", "anna")),
        ("sign_in_failed", {"by": "second factor"}, ("anonymous", "anna", "login", "refused", "anna")),
        ("session_ended", {"why": "idle"}, ("staff", "anna", "end_session", "done", "anna")),
        ("confirmed", {"by": "password"}, ("staff", "anna", "confirm_access", "done", "anna")),
        ("second_factor_added", {"kind": "totp"}, ("staff", "anna", "add_second_factor", "done", "anna")),
        (
            "second_factor_removed",
            {"kind": "totp"},
            ("staff", "anna", "remove_second_factor", "done", "anna"),
        ),
    ],
)
def test_it_is_an_entry_about_the_user(
    anna: User, event: Event, details: dict[str, Any], entry: Told
) -> None:
    record(event, "anna", RequestFactory().post("/"), **details)
    assert told() == [entry]
    said = AuditEntry.objects.latest("id").detail
    assert said.startswith(event.replace("_", " "))
    assert all(f"{name}: {value}" in said for name, value in details.items())


@pytest.mark.parametrize("event", ["signed_in", "signed_out", "throttled", "sign_in_failed"])
def test_what_djangos_signals_tell_or_anybody_can_repeat_is_no_second_entry(anna: User, event: Event) -> None:
    record(event, "anna", RequestFactory().post("/"))
    assert told() == []


@pytest.mark.parametrize("event", ["locked_out", "refused_by_provider"])
@pytest.mark.parametrize("typed", ["my-secret-password", ""])
def test_a_name_that_nobody_has_is_not_stored(event: Event, typed: str) -> None:
    record(event, typed, RequestFactory().post("/"))
    assert told() == [("anonymous", "unknown user", "login", "refused", "")]
    assert not AuditEntry.objects.filter(detail__contains="my-secret-password").exists()


@pytest.mark.parametrize("event", ["sign_in_failed", "locked_out", "throttled"])
def test_a_name_that_nobody_has_is_not_logged(anna: User, event: Event) -> None:
    with structlog.testing.capture_logs() as lines:
        for typed in ("my-secret-password", "anna"):
            record(event, typed, RequestFactory().post("/"))
    assert [line["who"] for line in lines] == ["unknown user", "anna"]
    assert "my-secret-password" not in str(lines)


def test_a_person_of_the_provider_is_logged_by_their_name() -> None:
    with structlog.testing.capture_logs() as lines:
        record("refused_by_provider", "carla", RequestFactory().get("/"))
    assert [line["who"] for line in lines] == ["carla"]


def test_what_the_command_line_took_away_is_not_said_to_be_the_users_own_deed(anna: User) -> None:
    Authenticator.objects.create(user=anna, type="totp", data={})
    call_command("reset_second_factor", "anna", verbosity=0)
    assert told() == [("system", "command line", "remove_second_factor", "done", "anna")]
