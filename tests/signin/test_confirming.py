"""What cannot be undone or gives rights away asks again who is there. *Stop* never does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from billing.statement_rows import Statement
from channels_app.models import Channel
from distributions.models import Distribution
from streamhub.access.models import ApiToken
from streamhub.clock import database_now
from streamhub.console import registry
from streamhub.contributions import contributed
from streamhub.signin import sessions
from streamhub.webhooks.models import Endpoint

PASSWORD = "correct horse battery"


@pytest.fixture
def admin(db: None, client: Client) -> Client:
    """A superuser who signed in an hour ago."""
    client.force_login(User.objects.create_superuser("anna", password=PASSWORD))
    session = client.session
    session[sessions.PROVED] = (database_now() - timedelta(hours=1)).isoformat()
    session.save()
    return client


def asks(answer: Any) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith("/admin/account/confirm/?next=")


def test_verbs_that_ask_again_are_these() -> None:
    models = dict.fromkeys(parts.model for parts in contributed("page_parts"))
    asking = {(m, v.name) for m in models for v in registry.verbs_of(m).values() if v.irreversible}
    assert asking == {
        (Channel, "delete"),
        (Distribution, "delete"),
        (ApiToken, "revoke"),
        (ApiToken, "rotate"),
        (User, "deactivate"),
        (Statement, "issue"),
        (Statement, "void"),
        (Endpoint, "delete"),
        (Endpoint, "edit"),
        (Endpoint, "rotate"),
    }


def test_deleting_a_channel_asks_before_the_page_and_before_the_deed(admin: Client, stage: Channel) -> None:
    url = reverse("admin:channels_app_channel_do", args=[stage.pk, "delete"])
    assert asks(admin.get(url))
    assert asks(admin.post(url))
    stage.refresh_from_db()
    assert stage.desired == "idle"
    form = {"action": "verb_delete", "_selected_action": [stage.pk]}
    assert asks(admin.post(reverse("admin:channels_app_channel_changelist"), form))
    assert asks(admin.post(reverse("admin:channels_app_channel_bulk", args=["delete"]), form))
    stage.refresh_from_db()
    assert stage.desired == "idle"


def test_stop_does_not_ask(admin: Client, stage: Channel) -> None:
    assert admin.get(reverse("admin:channels_app_channel_do", args=[stage.pk, "stop"])).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "/admin/auth/user/add/",
        "/admin/auth/user/1/change/",
        "/admin/auth/user/1/password/",
        "/admin/auth/user/1/delete/",
        "/admin/auth/group/add/",
        "/admin/access/apitoken/add/",
    ],
)
def test_users_roles_and_tokens_ask(admin: Client, url: str) -> None:
    url = url.replace("/1/", f"/{User.objects.get().pk}/")
    assert asks(admin.get(url))
    assert asks(admin.post(url, {"name": "evil", "scopes": ["usage:read"]}))
    assert not ApiToken.objects.exists()


def test_lists_are_read_without_asking(admin: Client) -> None:
    assert admin.get("/admin/auth/user/").status_code == 200
    assert asks(admin.post("/admin/auth/user/", {"action": "delete_selected", "_selected_action": ["1"]}))


def test_the_password_leads_on_and_lasts_a_quarter_of_an_hour(admin: Client) -> None:
    asked = admin.get("/admin/auth/user/add/")["Location"]
    assert admin.post(asked, {"password": "wrong"}).status_code == 200
    assert asks(admin.get("/admin/auth/user/add/"))
    assert admin.post(asked, {"password": PASSWORD})["Location"] == "/admin/auth/user/add/"
    assert admin.get("/admin/auth/user/add/").status_code == 200


def test_confirming_leads_to_no_other_site(admin: Client) -> None:
    answer = admin.post("/admin/account/confirm/?next=https://evil.example/", {"password": PASSWORD})
    assert answer["Location"] == "/admin/"


def test_guesses_at_confirming_are_locked_too(admin: Client) -> None:
    for _ in range(5):
        admin.post("/admin/account/confirm/", {"password": "wrong"})
    assert admin.post("/admin/account/confirm/", {"password": PASSWORD}).status_code == 429
