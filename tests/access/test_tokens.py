from __future__ import annotations

import hashlib
import time
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from streamhub.access.models import ApiToken
from streamhub.access.origin import COMMAND
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_authenticate, token_issue, token_revoke, token_rotate
from streamhub.clock import database_now, from_now
from streamhub.errors import Invalid

pytestmark = pytest.mark.django_db


def issue(**about):
    return token_issue(**{"name": "event-site", "scopes": ["channels:read"]} | about)


def command(*args: str) -> str:
    out = StringIO()
    call_command("issue_token", *args, stdout=out)
    return out.getvalue()


def test_only_the_hash_of_a_token_is_stored():
    token, plain = issue()
    assert len(plain) == 43  # 256 bits in base64
    assert token.sha256 == hashlib.sha256(plain.encode()).hexdigest()
    assert token.prefix == plain[:6]
    assert plain not in str(vars(token))


def test_a_token_is_recognised():
    token, plain = issue()
    assert token_authenticate(plain) == token
    assert token_authenticate(plain + "x") is None
    assert token_authenticate("") is None


def test_a_revoked_token_is_refused():
    token, plain = issue()
    assert token_revoke(token) is True
    assert token.revoked_at is not None
    assert token_revoke(token) is False
    assert token_authenticate(plain) is None


def test_a_token_is_refused_from_the_moment_it_expires():
    token, plain = issue(expires_in=timedelta(minutes=30))
    assert token_authenticate(plain)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=from_now(timedelta(milliseconds=-1)))
    assert token_authenticate(plain) is None


@pytest.mark.parametrize("minutes", [-5, 5])
def test_the_clock_of_the_host_does_not_matter_to_a_token(minutes: int) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        _, expired = issue(expires_in=timedelta(milliseconds=1))
        _, valid = issue(expires_in=timedelta(minutes=4))
        time.sleep(0.005)
    assert token_authenticate(expired) is None
    assert token_authenticate(valid)


def just_used(token: ApiToken, seconds: int) -> None:
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=from_now(timedelta(seconds=-seconds)))


def test_a_token_expires_after_a_year_unless_it_is_said_never() -> None:
    command("site", "--scope", "channels:read")
    command("forever", "--scope", "channels:read", "--expires", "never")
    year = ApiToken.objects.get(service="site").expires_at - database_now()
    assert timedelta(days=364) < year <= timedelta(days=365)
    assert ApiToken.objects.get(service="forever").expires_at is None


def test_a_rotated_token_works_on_for_a_while_beside_the_new_one() -> None:
    token, plain = issue()
    new, new_plain = token_rotate(token, who=COMMAND, overlap=timedelta(hours=1))
    assert (token_authenticate(plain), token_authenticate(new_plain)) == (token, new)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=from_now(timedelta(seconds=-1)))
    assert (token_authenticate(plain), token_authenticate(new_plain)) == (None, new)
    token, plain = issue(name="other-site")
    token_rotate(token, who=COMMAND, overlap=timedelta())
    assert token_authenticate(plain) is None


def test_last_used_is_written_once_a_minute(django_assert_num_queries):
    token, plain = issue()
    just_used(token, 59)
    with django_assert_num_queries(1):
        token_authenticate(plain)
    just_used(token, 61)
    token_authenticate(plain)
    token.refresh_from_db()
    assert database_now() - token.last_used_at < timedelta(seconds=5)


def test_scopes_are_stored_once_each_and_in_order():
    token, _ = issue(scopes=["usage:read", "channels:read", "usage:read"])
    assert token.scopes == ["channels:read", "usage:read"]


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "two words"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["channels:red"]}, "scopes"),
        ({"expires_in": timedelta()}, "expires_in"),
    ],
)
def test_an_invalid_token_request_issues_nothing(about, field):
    with pytest.raises(Invalid) as refused:
        issue(**about)
    assert list(refused.value.errors) == [field]
    assert not ApiToken.objects.exists()


def test_the_command_prints_only_the_token():
    printed = command("event-site", "--scope", "channels:read", "--scope", "usage:read", "--expires", "90d")
    token = token_authenticate(printed.removesuffix("\n"))
    assert token.service == "event-site"
    assert token.scopes == ["channels:read", "usage:read"]
    assert timedelta(days=89) < token.expires_at - timezone.now() <= timedelta(days=90)


def test_the_command_lists_the_scopes_when_one_is_unknown():
    with pytest.raises(CommandError) as refused:
        command("event-site", "--scope", "channels:red")
    assert "--scope" in str(refused.value)
    assert all(scope in str(refused.value) for scope in SCOPES)


@pytest.mark.parametrize("text", ["90", "d", "0d", "-1d", "1.5h", "90 d", "90w", "123456d", ""])
def test_the_command_explains_the_form_of_a_duration(text):
    with pytest.raises(CommandError, match="30m, 12h, 90d or never"):
        command("event-site", "--scope", "channels:read", f"--expires={text}")
