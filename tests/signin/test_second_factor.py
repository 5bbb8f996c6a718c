"""The code after the password, who must have it, and the pages about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import structlog
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import Group, User
from django.core.cache.backends import locmem
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from streamhub.signin import throttle
from streamhub.signin.models import FailureCount
from streamhub.signin.second_factor import is_required

Attempt = Callable[..., Any]


@pytest.fixture
def secret(anna: User) -> str:
    """Anna's app."""
    secret: str = totp.generate_totp_secret()
    totp.TOTP.activate(anna, secret)
    return secret


def code(secret: str, seconds_ago: int = 0) -> str:
    """What an app with this secret shows, or showed so long ago."""
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time() - seconds_ago) // 30)))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_password_alone_does_not_sign_in(attempt: Attempt, client: Client, secret: str) -> None:
    assert attempt()["Location"] == "/admin/account/2fa/authenticate/"
    assert not is_in(client)
    client.post("/admin/account/2fa/authenticate/", {"code": "000000"})
    assert not is_in(client)
    assert client.post("/admin/account/2fa/authenticate/", {"code": code(secret)})["Location"] == "/admin/"
    assert is_in(client)


def test_a_code_works_once_whichever_process_is_asked(anna: User, secret: str) -> None:
    authenticator = Authenticator.objects.get(user=anna, type=Authenticator.Type.TOTP)
    used = code(secret)
    assert authenticator.wrap().validate_code(used)
    # What another process has in its own memory.
    for kept in (*locmem._caches.values(), *locmem._expire_info.values()):
        kept.clear()
    assert not authenticator.wrap().validate_code(used)


@pytest.mark.parametrize(("seconds_ago", "works"), [(30, True), (-30, True), (90, False), (-90, False)])
def test_a_code_is_good_for_30_seconds_more(anna: User, secret: str, seconds_ago: int, works: bool) -> None:
    """The end of its time may come while it is typed or sent, and a phone's clock may be a little off."""
    authenticator = Authenticator.objects.get(user=anna, type=Authenticator.Type.TOTP)
    with time_machine.travel(timezone.now(), tick=False):
        shown = code(secret, seconds_ago)
        assert authenticator.wrap().validate_code(shown) is works
        assert not authenticator.wrap().validate_code(shown)


def test_a_recovery_code_works_once(attempt: Attempt, client: Client, anna: User, secret: str) -> None:
    spare = RecoveryCodes.activate(anna).get_unused_codes()[0]
    for works in (True, False):
        attempt()
        client.post("/admin/account/2fa/authenticate/", {"code": spare})
        assert is_in(client) is works
        client.post("/admin/logout/")


def test_codes_cannot_be_tried_for_ever(attempt: Attempt, client: Client, secret: str) -> None:
    attempt()
    answers = [client.post("/admin/account/2fa/authenticate/", {"code": "000000"}) for _ in range(31)]
    assert answers[-1].status_code == 429


def test_wrong_codes_at_confirm_access_count_and_are_told(client: Client, anna: User, secret: str) -> None:
    client.force_login(anna)
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            client.post("/admin/account/2fa/reauthenticate/", {"code": "000000"})
    told = [line for line in lines if line.get("what") == "sign_in_failed"]
    assert [(line["who"], line["by"]) for line in told] == [("anna", "second factor")] * 3
    assert set(FailureCount.objects.values_list("count", flat=True)) == {3}
    FailureCount.objects.update(count=throttle.ACCOUNT.failures)
    refused = client.post("/admin/account/2fa/reauthenticate/", {"code": code(secret)})
    assert refused.status_code == 429


def test_secrets_are_not_stored_as_they_are(secret: str) -> None:
    assert secret not in str(Authenticator.objects.get().data)


@pytest.mark.parametrize(
    ("groups", "superuser", "required", "expected"),
    [
        (["operator"], False, [], False),
        ([], True, [], False),
        (["operator"], False, ["operator", "engineer"], True),
        (["viewer"], False, ["operator", "engineer"], False),
        ([], True, ["engineer"], True),
        ([], False, ["engineer"], False),
    ],
)
def test_who_needs_one(groups: list[str], superuser: bool, required: list[str], expected: bool) -> None:
    assert is_required(groups, superuser, required) is expected


def test_who_needs_one_reaches_nothing_else_until_it_is_there(
    client: Client, anna: User, settings: Any
) -> None:
    settings.MFA_REQUIRED_GROUPS = ["operator"]
    anna.groups.add(Group.objects.create(name="operator"))
    client.force_login(anna)
    assert client.get("/admin/")["Location"] == "/admin/account/2fa/"
    assert client.post("/admin/channels_app/channel/add/")["Location"] == "/admin/account/2fa/"
    assert client.get("/admin/account/2fa/").status_code == 200
    totp.TOTP.activate(anna, totp.generate_totp_secret())
    assert client.get("/admin/").status_code == 200


def test_others_do_not_need_one(client: Client, anna: User, settings: Any) -> None:
    settings.MFA_REQUIRED_GROUPS = ["operator"]
    client.force_login(anna)
    assert client.get("/admin/").status_code == 200


def test_a_lost_device_is_taken_off_by_a_command(anna: User, secret: str, capsys: Any) -> None:
    call_command("reset_second_factor", "anna")
    assert not Authenticator.objects.exists()
    assert "anna: 1 removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "path", ["", "totp/activate/", "webauthn/", "webauthn/add/", "recovery-codes/generate/"]
)
def test_the_pages_have_the_admins_look(client: Client, anna: User, path: str) -> None:
    client.force_login(anna)
    page = client.get(f"/admin/account/2fa/{path}", follow=True)
    assert page.status_code == 200
    assert b"sh-band" in page.content


@pytest.mark.parametrize("path", ["signup/", "password/reset/", "email/"])
def test_there_is_no_sign_up_and_no_mail(client: Client, db: None, path: str) -> None:
    assert client.get(f"/admin/account/{path}").status_code in (302, 404)
    assert b"sign up" not in client.get("/admin/login/").content.lower()
