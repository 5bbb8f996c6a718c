"""Signing in through the provider, with a provider that is made up here: whose account it becomes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.contrib.auth.models import Group, User
from django.test import Client

from streamhub.signin.options import providers

SERVER = "https://id.example.com"
LOGIN, CALLBACK = "/admin/account/provider/house/login/", "/admin/account/provider/house/callback/"
CLAIMS = {"sub": "42", "preferred_username": "anna", "groups": ["sso-view"]}


@pytest.fixture(autouse=True)
def provider(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes back from it is `CLAIMS`."""
    Group.objects.get_or_create(name="viewer")
    settings.OIDC_SERVER_URL, settings.OIDC_GROUP_MAP = SERVER, {"sso-view": "viewer"}
    settings.SOCIALACCOUNT_PROVIDERS = providers(SERVER, "streamhub", "secret", "House", ["openid"])
    adapter = OpenIDConnectOAuth2Adapter
    config = {name: f"{SERVER}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
    monkeypatch.setattr(adapter, "openid_config", config)
    monkeypatch.setattr(adapter, "get_access_token_data", lambda *_given, **_more: {"access_token": "x"})
    monkeypatch.setattr(adapter, "_fetch_user_info", lambda *_given: CLAIMS)


def by_provider(client: Client, process: str = "login", **said: str) -> Any:
    """Leave for the provider and come back; `said`: what it says instead of a code."""
    left = client.post(f"{LOGIN}?process={process}&next=/admin/")
    state = parse_qs(urlsplit(left["Location"]).query)["state"][0]
    client.raise_request_exception = False
    return client.get(CALLBACK, {"state": state, **(said or {"code": "x"})})


def test_a_person_of_the_provider_is_never_a_local_account_of_that_name(client: Client, anna: User) -> None:
    assert by_provider(client)["Location"] == "/admin/"
    person = SocialAccount.objects.get().user
    assert person != anna
    assert (person.is_staff, person.is_superuser) == (True, False)
    assert [group.name for group in person.groups.all()] == ["viewer"]


@pytest.mark.parametrize("process", ["connect", "redirect"])
def test_an_open_browser_joins_its_account_with_nobody_of_the_provider(client: Client, process: str) -> None:
    """Whoever has it would sign in as that account from then on, and with the roles of the provider."""
    root = User.objects.create_superuser("root", password="correct horse battery")
    client.force_login(root)
    assert by_provider(client, process).status_code == 401
    assert not SocialAccount.objects.exists()
    by_provider(Client())
    root.refresh_from_db()
    assert root.is_superuser
    assert SocialAccount.objects.get().user != root


def test_who_turns_back_at_the_provider_is_at_the_sign_in_again(client: Client) -> None:
    assert by_provider(client, error="access_denied")["Location"] == "/admin/login/"
    assert by_provider(client, error="server_error").status_code == 401
    assert not SocialAccount.objects.exists()
