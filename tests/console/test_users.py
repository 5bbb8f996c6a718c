"""Users are deactivated, never deleted: with their sessions and tokens, and never the last superuser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from streamhub.access.actors import staff_actor
from streamhub.access.models import AuditEntry
from streamhub.access.services import token_authenticate, token_issue, token_rotate
from streamhub.access.users import LAST, user_deactivate
from streamhub.errors import NotPossible
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db


def do(client: Client, user: User, verb: str) -> Any:
    return client.post(reverse("admin:auth_user_do", args=[user.pk, verb]), follow=True)


def named(name: str) -> User:
    return User.objects.get(username=name)


def test_a_deactivated_user_is_out_at_once_and_stays_out(superuser: Client, as_role: As) -> None:
    operator = as_role("operator")
    assert operator.get(reverse("admin:index")).status_code == 200
    before = Session.objects.count()
    do(superuser, named("operator"), "deactivate")
    assert operator.get(reverse("admin:index")).status_code == 302
    assert Session.objects.count() == before - 1
    do(superuser, named("operator"), "activate")
    assert named("operator").is_active
    assert operator.get(reverse("admin:index")).status_code == 302
    verbs = AuditEntry.objects.filter(object_name="operator", outcome="done").values_list("verb", flat=True)
    assert {"deactivate_user", "activate_user"} <= set(verbs)


def test_the_tokens_of_a_deactivated_user_end(superuser: Client, as_role: As) -> None:
    as_role("engineer")
    engineer = named("engineer")
    token, plain = token_issue("event-site", ["channels:read"], owner=engineer)
    asked = superuser.get(reverse("admin:auth_user_do", args=[engineer.pk, "deactivate"])).content.decode()
    assert "Their tokens stop working now: event-site." in asked
    do(superuser, engineer, "deactivate")
    assert token_authenticate(plain) is None
    assert Client().get("/api/v1/channels", headers={"Authorization": f"Bearer {plain}"}).status_code == 401
    page = superuser.get(reverse("admin:access_apitoken_change", args=[token.pk])).content.decode()
    assert "owner deactivated" in page


def test_a_token_of_a_deactivated_user_can_be_taken_over_by_rotating_it(
    superuser: Client, as_role: As
) -> None:
    as_role("engineer")
    token, _ = token_issue("event-site", ["channels:read"], owner=named("engineer"))
    do(superuser, named("engineer"), "deactivate")
    new, plain = token_rotate(token, who=staff_actor(named("superuser")), overlap=timedelta())
    assert token_authenticate(plain) == new
    assert new.owner == named("superuser")


def test_the_last_active_superuser_cannot_be_deactivated(superuser: Client) -> None:
    page = do(superuser, named("superuser"), "deactivate").content.decode()
    assert LAST in page
    assert named("superuser").is_active
    assert AuditEntry.objects.filter(verb="deactivate_user", outcome="refused").exists()
    offered = superuser.get(reverse("admin:auth_user_change", args=[named("superuser").pk])).content.decode()
    assert LAST in offered
    User.objects.create_superuser("second")
    do(superuser, named("superuser"), "deactivate")
    assert not named("superuser").is_active


def test_a_deactivated_superuser_does_not_count(superuser: Client) -> None:
    User.objects.create_superuser("second", is_active=False)
    with pytest.raises(NotPossible, match="last active superuser"):
        user_deactivate(named("superuser"), who=staff_actor(named("superuser")))


def test_the_form_takes_no_rights_of_the_last_superuser(superuser: Client) -> None:
    user = named("superuser")
    url = reverse("admin:auth_user_change", args=[user.pk])
    response = superuser.post(url, {"username": "superuser", "is_staff": "on"})
    assert LAST in response.content.decode()
    assert named("superuser").is_superuser
    superuser.post(url, {"username": "superuser", "is_superuser": "on"})
    assert named("superuser").is_staff


def test_the_form_does_not_deactivate(superuser: Client) -> None:
    ada = User.objects.create_user("ada", is_staff=True)
    superuser.post(reverse("admin:auth_user_change", args=[ada.pk]), {"username": "ada", "is_staff": "on"})
    assert named("ada").is_active


def test_nobody_deletes_a_user(superuser: Client) -> None:
    ada = User.objects.create_user("ada")
    assert (
        superuser.post(reverse("admin:auth_user_delete", args=[ada.pk]), {"post": "yes"}).status_code == 403
    )
    form = {"action": "delete_selected", "_selected_action": [ada.pk], "post": "yes"}
    superuser.post(reverse("admin:auth_user_changelist"), form)
    assert named("ada")


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer"])
def test_only_superusers_deactivate(as_role: As, role: str) -> None:
    ada = User.objects.create_user("ada")
    assert do(as_role(role), ada, "deactivate").status_code == 403
    assert named("ada").is_active


def test_pages_say_role_and_sign_in_as_the_glossary_does(as_role: As) -> None:
    anna = User.objects.create_user("anna", is_staff=True)
    client = as_role("superuser")
    for page in (reverse("admin:auth_group_changelist"), reverse("admin:auth_user_change", args=[anna.pk])):
        html = client.get(page).content.decode().replace("Security groups", "")
        shown = re.sub(
            r"<(script|svg).*?</\1>|<span[^>]*material-symbols[^>]*>[^<]*|<[^>]*>", " ", html, flags=re.S
        )
        assert re.findall(r"(?i)\b(?:groups\b|log ?in\b)[^.\n]*", shown) == [], page
        assert "role" in shown.lower()
