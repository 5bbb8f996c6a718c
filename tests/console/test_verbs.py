"""Verbs run by POST, need their permission, and refuse with a sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from streamhub.access.models import ApiToken
from streamhub.access.services import token_issue
from streamhub.console import registry, roles
from streamhub.console.resource import ResourceAdmin
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import everything
from tests.scenarios.staff import As

VERBS = [
    (model, verb.name)
    for model in (Channel, Distribution, Breakout, ApiToken)
    for verb in registry.verbs_of(model).values()
]
MAKERS = {
    Channel: lambda: rows.channel("failed", **rows.ERROR),
    Distribution: lambda: rows.distribution("disabled", desired="deleted", attached=False),
    Breakout: rows.breakout,
    ApiToken: lambda: token_issue("event-site", ["channels:read"])[0],
}


def do_url(row: Any, verb: str) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_do", args=[row.pk, verb])


def page_url(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize(("model", "name"), VERBS)
def test_get_shows_what_a_verb_would_do_and_changes_nothing(superuser: Client, model: Any, name: str) -> None:
    row = MAKERS[model]()
    before = everything()
    response = superuser.get(do_url(row, name))
    assert response.status_code == 200
    assert str(row) in response.content.decode()
    for method in (superuser.head, superuser.options, superuser.put, superuser.patch, superuser.delete):
        method(do_url(row, name))
    assert everything() == before


@pytest.mark.parametrize(("model", "name"), VERBS)
def test_every_verb_needs_its_permission(viewer: Client, model: Any, name: str) -> None:
    row = MAKERS[model]()
    before = everything()
    assert viewer.get(do_url(row, name)).status_code == 403
    assert viewer.post(do_url(row, name)).status_code == 403
    bulk = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_bulk", args=[name])
    assert viewer.post(bulk, {"_selected_action": [row.pk]}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize(("model", "name"), VERBS)
def test_a_post_without_csrf_token_changes_nothing(as_role: As, model: Any, name: str) -> None:
    row = MAKERS[model]()
    client = as_role("superuser", enforce_csrf_checks=True)  # type: ignore[call-arg]
    before = everything()
    assert client.post(do_url(row, name)).status_code == 403
    assert everything() == before


@pytest.mark.parametrize(("model", "name"), VERBS)
def test_no_verb_answers_500_in_any_state(superuser: Client, model: Any, name: str) -> None:
    states = getattr(model, "STATES", None)
    for state in states or [None]:
        row = MAKERS[model]()
        if state is not None:
            model.objects.filter(pk=row.pk).update(state=state)
        given = {
            "price_class": "PriceClass_All",
            "name": f"renamed {state}",
            "allowed_cidrs": "203.0.113.7/32",
            "encoding_profile": "1080p",
            "to": "second",
            "starts_at": "2030-06-01T12:00",
            "minutes": "15",
            "until": f"{timezone.now() + timedelta(hours=1):%Y-%m-%dT%H:%M}",
        }
        # Back to the row, or its form again with what was refused.
        assert superuser.post(do_url(row, name), given).status_code in (302, 422)


def test_a_verb_records_who_ran_it_and_shows_a_message(operator: Client) -> None:
    row = rows.distribution()
    response = operator.post(do_url(row, "detach"), follow=True)
    row.refresh_from_db()
    assert row.desired == "deleted"
    assert Transition.objects.filter(resource_id=row.pk, who="staff:operator", why="detached").exists()
    assert "detached; StreamHub is disabling it." in response.content.decode()


def test_a_refusal_is_a_message_and_changes_nothing(operator: Client) -> None:
    channel = rows.channel("running", distribution=rows.distribution())
    rows.breakout("running", channel, name="Keynote")
    before = everything()
    page = operator.post(do_url(channel, "delete"), follow=True).content.decode()
    assert "Delete was refused" in page
    assert "Keynote" in page
    assert everything() == before


def test_a_verb_on_a_deleted_object_redirects_to_the_list(operator: Client) -> None:
    row = rows.channel()
    url = do_url(row, "delete")
    row.delete()
    response = operator.post(url, follow=True)
    assert response.redirect_chain[-1][0] == reverse("admin:channels_app_channel_changelist")
    assert "There is no channel" in response.content.decode()


def test_unknown_verbs_are_not_found(superuser: Client) -> None:
    assert superuser.post(do_url(rows.channel(), "explode")).status_code == 404


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_page_offers_what_the_role_may_do_and_nothing_else(as_role: As, role: str) -> None:
    client = as_role(role)
    for model, make in MAKERS.items():
        if model is ApiToken and role != "engineer":
            continue
        row = make()
        page = client.get(page_url(row)).content.decode()
        for verb in registry.verbs_of(model).values():
            is_offered = f"{verb.label}</" in page
            assert is_offered == (verb.permission in roles.table()[role]), (role, verb.name)


def test_anonymous_users_are_redirected_to_the_login(client: Client, db: None) -> None:
    row = rows.channel()
    for url in (page_url(row), do_url(row, "delete"), reverse("admin:dashboard")):
        for response in (client.get(url), client.post(url)):
            assert response.status_code == 302
            assert "/login/" in response["Location"]


def test_bulk_shows_the_result_for_each_object(operator: Client) -> None:
    free, on_air = rows.distribution(), rows.distribution()
    rows.breakout("running", rows.channel("running", distribution=on_air), name="Keynote")
    form = {"action": "verb_detach", "_selected_action": [free.pk, on_air.pk], "index": 0}
    before = everything()
    page = operator.post(reverse("admin:distributions_distribution_changelist"), form).content.decode()
    assert "stays as it is" in page
    assert everything() == before
    bulk = reverse("admin:distributions_distribution_bulk", args=["detach"])
    deleted = 999_999
    response = operator.post(
        bulk, {"_selected_action": [free.pk, on_air.pk, deleted], "typed": "detach 3"}, follow=True
    )
    page = response.content.decode()
    assert "1 done, 2 refused" in page
    assert "on air with Keynote" in page
    assert "It no longer exists." in page
    free.refresh_from_db()
    on_air.refresh_from_db()
    assert (free.desired, on_air.desired) == ("deleted", "enabled")


def test_bulk_is_post_only(superuser: Client) -> None:
    assert superuser.get(reverse("admin:channels_app_channel_bulk", args=["delete"])).status_code == 405


def test_django_cannot_edit_or_delete_managed_rows(superuser: Client) -> None:
    for make in MAKERS.values():
        row = make()
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        before = everything()
        assert superuser.post(page_url(row), {"state": "idle", "desired": "idle"}).status_code == 405
        assert superuser.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        form = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        superuser.post(reverse(f"{name}_changelist"), form)
        assert everything() == before


def test_not_even_a_superuser_can_change_the_audit_trail(superuser: Client) -> None:
    entry = Transition.objects.create(
        resource_type="channel", resource_id=1, who=TESTER, why="y", to_state="idle"
    )
    name = "admin:lifecycle_transition"
    assert superuser.get(reverse(f"{name}_changelist")).status_code == 200
    assert superuser.post(reverse(f"{name}_add"), {}).status_code == 403
    assert superuser.post(reverse(f"{name}_change", args=[entry.pk]), {"why": "z"}).status_code == 403
    assert superuser.post(reverse(f"{name}_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403
    entry.refresh_from_db()
    assert entry.why == "y"


def test_every_verb_has_a_permission_that_exists_and_a_role_that_has_it(db: None) -> None:
    roles.seed()
    granted = set(roles.table()["engineer"])
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ResourceAdmin):
            assert {verb.permission for verb in registry.verbs_of(model).values()} <= granted
