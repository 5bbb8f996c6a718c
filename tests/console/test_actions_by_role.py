"""Every admin's actions and rights in every role: a list of what each role may do, and nothing beside it."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from streamhub.console import roles
from streamhub.console.resource import ResourceAdmin
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db

SCHEDULE = "django_celery_beat"
# What a superuser may not do either.
NEVER_DELETED = {"auth.user", "access.auditentry", "lifecycle.transition"}


def actions(role: str) -> dict[str, set[str]]:
    """The actions that each list offers to the role, by the model."""
    request = RequestFactory().get("/")
    request.user = User.objects.get(username=role)
    return {
        model._meta.label_lower: set(model_admin.get_actions(request))
        for model, model_admin in admin.site._registry.items()
    }


@pytest.mark.parametrize("role", [*roles.ROLES, "superuser"])
def test_a_list_offers_the_verbs_of_the_role_and_no_other_action(as_role: As, role: str) -> None:
    as_role(role)
    user = User.objects.get(username=role)
    for label, offered in actions(role).items():
        model_admin = next(a for m, a in admin.site._registry.items() if m._meta.label_lower == label)
        if isinstance(model_admin, ResourceAdmin):
            request = RequestFactory().get("/")
            request.user = user
            may = {f"verb_{verb.name}" for verb in model_admin.verbs(request) if verb.bulk}
            assert offered == may, label
        elif label == f"{SCHEDULE}.periodictask":
            switches = {"switch_on", "switch_off", "run_now"}
            may = switches if user.has_perm(f"{SCHEDULE}.change_periodictask") else set()
            assert offered - {"delete_selected"} == may
        else:
            assert offered <= ({"delete_selected"} if user.has_perm(_delete(label)) else set()), label


def _delete(label: str) -> str:
    app, model = label.split(".")
    return f"{app}.delete_{model}"


@pytest.mark.parametrize("role", [*roles.ROLES, "superuser"])
def test_nobody_deletes_users_audit_or_transitions(as_role: As, role: str) -> None:
    as_role(role)
    offered = actions(role)
    assert {label for label in NEVER_DELETED if "delete_selected" in offered[label]} == set()


def test_only_superusers_see_the_audit(as_role: As) -> None:
    seen = {}
    for role in [*roles.ROLES, "superuser"]:
        client = as_role(role)
        seen[role] = client.get("/admin/access/auditentry/").status_code
    assert seen == {"viewer": 403, "operator": 403, "engineer": 403, "superuser": 200}
