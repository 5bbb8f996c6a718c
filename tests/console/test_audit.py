"""The audit: what leaves an entry, what an entry says, and who may read and export it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_app import services
from channels_app.models import Channel
from distributions import services as distributions
from streamhub.access import audit
from streamhub.access.actors import staff_actor
from streamhub.access.models import AuditEntry
from streamhub.access.origin import COMMAND
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue, token_revoke, token_rotate
from streamhub.errors import Forbidden, NotPossible
from tests.scenarios import rows
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db

LIST = "admin:access_auditentry_changelist"


def do(client: Client, row: Any, verb: str, **data: Any) -> Any:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_do"
    return client.post(reverse(name, args=[row.pk, verb]), data, REMOTE_ADDR="203.0.113.9")


def last(**about: Any) -> AuditEntry:
    return AuditEntry.objects.filter(**about).order_by("-id")[0]


@pytest.fixture
def auditor(as_role: As) -> Client:
    client = as_role("auditor")
    user = User.objects.get(username="auditor")
    codenames = ("view_auditentry", "export_auditentry")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return client


# --- verbs -----------------------------------------------------------------------------------


def test_a_verb_of_the_staff_leaves_who_where_what_and_before_and_after(operator: Client) -> None:
    channel = rows.channel("idle")
    breakout = rows.breakout("idle", channel, name="Keynote")
    do(operator, breakout, "start")
    entry = AuditEntry.objects.get(verb="start_breakout")
    user = User.objects.get(username="operator")
    assert (entry.actor_kind, entry.actor_name, entry.user_id) == ("staff", "operator", user.pk)
    assert (entry.address, entry.outcome) == ("203.0.113.9", "done")
    assert (entry.object_kind, entry.object_id, entry.object_name) == ("breakout", breakout.pk, "Keynote")
    assert entry.before["state"] == "idle"
    assert entry.after["state"] == "starting"
    assert len(entry.request_id) == 36


def test_a_verb_without_effect_is_said_to_be_one(operator: Client) -> None:
    breakout = rows.breakout("starting", rows.channel("starting"))
    do(operator, breakout, "start")
    assert last(verb="start_breakout").outcome == "unchanged"


def test_a_refused_verb_is_an_entry_with_the_reason(operator: Client) -> None:
    channel = rows.channel("running")
    rows.breakout("running", channel, name="Keynote")
    do(operator, channel, "delete")
    entry = AuditEntry.objects.get(verb="delete_channel")
    assert entry.outcome == "refused"
    assert "Keynote" in entry.detail
    assert entry.object_id == channel.pk
    assert entry.before == entry.after == {}


def test_a_verb_that_the_role_lacks_is_an_entry(viewer: Client) -> None:
    channel = rows.channel("idle")
    assert do(viewer, channel, "delete").status_code == 403
    entry = last(outcome="refused")
    assert (entry.actor_name, entry.verb) == ("viewer", "admin:channels_app_channel_do")


def test_a_verb_that_another_calls_has_no_entry_of_its_own(operator: Client, as_role: As) -> None:
    channel = rows.channel("idle", distribution=rows.distribution())
    do(as_role("engineer"), channel, "delete")
    assert list(
        AuditEntry.objects.filter(object_kind__in=["channel", "distribution"]).values_list("verb")
    ) == [("delete_channel",)]


def test_bulk_leaves_an_entry_for_each_object(operator: Client) -> None:
    free, on_air = rows.distribution(), rows.distribution()
    rows.breakout("running", rows.channel("running", distribution=on_air))
    bulk = reverse("admin:distributions_distribution_bulk", args=["detach"])
    operator.post(bulk, {"_selected_action": [free.pk, on_air.pk], "typed": "detach 2"})
    outcomes = dict(AuditEntry.objects.filter(verb="detach_distribution").values_list("object_id", "outcome"))
    assert outcomes == {free.pk: "done", on_air.pk: "refused"}


class Api:
    def __init__(self, *scopes: str) -> None:
        self.token, plain = token_issue("event-site", scopes or list(SCOPES))
        self._headers = {"Authorization": f"Bearer {plain}"}
        self._client = Client()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._client.post(
            f"/api/v1/{path}", body or {}, "application/json", headers={**self._headers, **headers}
        )


NEW = {"name": "stage", "allowed_cidrs": ["203.0.113.7/32"], "tags": {"customer": "acme"}}


def test_a_verb_of_a_service_names_the_service() -> None:
    api = Api()
    assert api.post("channels", NEW).status_code == 202
    entry = AuditEntry.objects.get(verb="add_channel")
    assert (entry.actor_kind, entry.actor_name) == ("service", "event-site")
    assert entry.token_family == api.token.family
    assert entry.before == {}
    assert entry.after["tags"] == {"customer": "acme"}


def test_a_refusal_stays_when_its_idempotent_request_is_undone() -> None:
    breakout = rows.breakout("running", rows.channel("running"))
    response = Api().post(f"breakouts/{breakout.pk}/cancel", **{"Idempotency-Key": "a"})
    assert response.status_code == 409
    assert last(verb="cancel_breakout").outcome == "refused"


def test_a_missing_scope_is_an_entry() -> None:
    breakout = rows.breakout("idle", rows.channel("idle"))
    assert Api("channels:read").post(f"breakouts/{breakout.pk}/start").status_code == 403
    assert "lacks the scope breakouts:control" in last(outcome="refused").detail


def test_an_entry_is_undone_with_its_verb(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    breakout = rows.breakout("idle", rows.channel("idle"))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(audit, "record", fail)
    who = staff_actor(User.objects.get(username="operator"))
    with pytest.raises(RuntimeError):
        services.breakout_start(breakout, who=who)
    breakout.refresh_from_db()
    assert breakout.state == "idle"


def test_no_secret_and_no_stream_key_is_stored(as_role: As) -> None:
    Api().post(
        "channels",
        {
            "name": "pull",
            "input_type": "URL_PULL",
            "source_urls": ["https://example.com/live/geheim.m3u8?key=geheim"],
        },
    )
    User.objects.create_user("ben", password="geheim-geheim")
    token, plain = token_issue("event-site", ["channels:read"])
    assert AuditEntry.objects.filter(verb="add_channel").exists()
    text = str(list(AuditEntry.objects.values()))
    assert "https://example.com/…" in text
    assert "geheim" not in text
    assert plain not in text
    assert token.sha256 not in text
    assert User.objects.get(username="ben").password not in text


def test_every_service_that_asks_for_a_permission_leaves_an_entry() -> None:
    """A new verb is audited, or it is named here with the reason."""
    import ast
    from pathlib import Path

    # These write their entries themselves.
    own = {"token_issue", "token_rotate", "token_revoke", "user_deactivate", "user_activate"}
    own |= {"endpoint_add", "endpoint_delete"}
    found = set()
    for package in ("streamhub", "distributions", "channels_app", "recordings", "billing", "drift"):
        for file in Path(package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.FunctionDef) and file.name not in ("audit.py", "permissions.py"):
                    calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
                    found |= {node.name for call in calls if getattr(call, "id", "") == "permit"}
    assert found == own


# --- users, roles, logins --------------------------------------------------------------------


def test_logins_and_their_failures_are_entries(client: Client) -> None:
    User.objects.create_user("ada", password="right-password", is_staff=True)
    url = reverse("admin:login")
    client.post(url, {"username": "ada", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
    failed = last(verb="login")
    assert (failed.outcome, failed.actor_kind, failed.actor_name) == ("refused", "anonymous", "ada")
    assert failed.address == "203.0.113.9"
    client.post(url, {"username": "ada", "password": "right-password"})
    assert (last(verb="login").outcome, last(verb="login").actor_name) == ("done", "ada")
    client.post(reverse("admin:logout"))
    assert last().verb == "logout"


def test_a_post_that_nobody_signed_is_refused_without_an_entry() -> None:
    """Anybody can send thousands, and entries can't be deleted."""
    stranger = Client(enforce_csrf_checks=True)
    for page in (reverse("admin:login"), reverse(LIST), reverse("admin:channels_app_channel_add")):
        assert stranger.post(page, {"username": "ada"}).status_code == 403
    assert not AuditEntry.objects.exists()


def test_who_is_signed_in_and_refused_by_the_browsers_token_is_an_entry() -> None:
    ada = User.objects.create_user("ada", is_staff=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post(reverse("admin:logout")).status_code == 403
    assert (last().actor_name, last().outcome) == ("ada", "refused")


def test_an_unknown_name_may_be_a_password_and_is_not_stored(client: Client) -> None:
    client.post(reverse("admin:login"), {"username": "correct horse", "password": "x"})
    assert last(verb="login").actor_name == "unknown user"


def test_changes_of_users_and_roles_are_entries_with_before_and_after(superuser: Client) -> None:
    ada = User.objects.create_user("ada", is_staff=True)
    superuser.post(
        reverse("admin:auth_user_change", args=[ada.pk]),
        {
            "username": "ada",
            "first_name": "Ada",
            "is_staff": "on",
            "groups": [Group.objects.get(name="viewer").pk],
        },
    )
    changed = last(verb="change_user")
    assert (changed.actor_name, changed.before, changed.after) == (
        "superuser",
        {"first_name": ""},
        {"first_name": "Ada"},
    )
    assert last(verb="change_groups").after == {"groups": ["viewer"]}
    ada.refresh_from_db()
    ada.set_password("something else")
    ada.save()
    assert last().verb == "change_password"
    assert last().after == {"password": "(hidden)"}


def test_a_login_that_renews_the_hash_of_a_password_is_no_change(client: Client, settings: Any) -> None:
    User.objects.create_user("ada", password="right-password", is_staff=True)
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    client.post(reverse("admin:login"), {"username": "ada", "password": "right-password"})
    assert User.objects.get(username="ada").password.startswith("pbkdf2")
    assert not AuditEntry.objects.filter(verb="change_password").exists()


def test_a_deleted_user_keeps_the_entries(operator: Client) -> None:
    do(operator, rows.breakout("idle", rows.channel("idle")), "start")
    User.objects.get(username="operator").delete()
    assert AuditEntry.objects.get(verb="start_breakout").actor_name == "operator"
    assert AuditEntry.objects.filter(verb="delete_user").exists()


def test_tokens_leave_entries() -> None:
    token, _ = token_issue("event-site", ["channels:read"], None)
    assert last().after["expires_at"] == "never"
    assert last().actor_name == "command line"
    new, _ = token_rotate(token, who=COMMAND)
    verbs = list(AuditEntry.objects.order_by("id").values_list("verb", "object_id"))
    assert verbs == [
        ("issue_apitoken", token.pk),
        ("rotate_apitoken", token.pk),
        ("issue_apitoken", new.pk),
    ]
    token_revoke(new)
    assert last().verb == "revoke_apitoken"


def test_a_service_called_directly_is_refused_as_before(as_role: As) -> None:
    as_role("viewer")
    who = staff_actor(User.objects.get(username="viewer"))
    with pytest.raises(Forbidden):
        services.channel_delete(rows.channel("idle"), who=who)
    row = rows.distribution("deployed")
    with pytest.raises(NotPossible):
        distributions.distribution_keep(row, who=COMMAND)


# --- the page --------------------------------------------------------------------------------


def entries(count: int) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor_kind="staff",
            actor_name=f"person{n % 3}",
            verb="start_breakout",
            object_kind="breakout",
            object_id=n,
            object_name=f"Show {n}",
            request_id=f"request-{n}",
            before={"state": "idle"},
            after={"state": "starting"},
        )
        for n in range(count)
    )


@pytest.mark.parametrize("role", ["viewer", "operator", "engineer"])
def test_the_roles_do_not_see_the_audit(as_role: As, role: str) -> None:
    client = as_role(role)
    assert client.get(reverse(LIST)).status_code == 403
    assert client.post(reverse("admin:access_auditentry_export")).status_code == 403


def test_the_list_filters_by_person_verb_object_request_and_day(auditor: Client) -> None:
    entries(6)
    day = f"{last().at:%Y-%m-%d}"

    def shown(**query: str) -> set[str]:
        response = auditor.get(reverse(LIST), query)
        return {row.object_name for row in response.context["cl"].result_list}

    everything = {f"Show {n}" for n in range(6)}
    assert shown(who="person1") == {"Show 1", "Show 4"}
    assert shown(verb="start_breakout") == everything
    assert shown(verb="stop_breakout") == set()
    assert shown(kind="breakout", object="3") == {"Show 3"}
    assert shown(request="request-2") == {"Show 2"}
    assert everything <= shown(day=day)
    assert shown(day="2020-01-01") == set()
    assert shown(day="nonsense") == set()
    assert shown(q="request-5") == {"Show 5"}
    assert shown(q="Show 4") == {"Show 4"}


def test_the_list_costs_the_same_however_long_it_is_and_counts_nothing(auditor: Client) -> None:
    entries(3)
    auditor.get(reverse(LIST))
    with CaptureQueriesContext(
        connection,
    ) as few:
        auditor.get(reverse(LIST))
    entries(300)
    with CaptureQueriesContext(connection) as many:
        auditor.get(reverse(LIST))
    assert len(many) == len(few)
    assert not [query for query in many if "COUNT(" in query["sql"]]


def test_nobody_adds_changes_or_deletes_entries(superuser: Client) -> None:
    entries(1)
    entry = last(object_name="Show 0")
    assert superuser.post(reverse("admin:access_auditentry_add"), {}).status_code == 403
    for page in ("change", "delete"):
        url = reverse(f"admin:access_auditentry_{page}", args=[entry.pk])
        assert superuser.post(url, {"post": "yes"}).status_code == 403
    assert AuditEntry.objects.filter(pk=entry.pk).exists()


def test_an_export_is_safe_filtered_and_audited(auditor: Client) -> None:
    entries(4)
    AuditEntry.objects.create(actor_kind="staff", actor_name="person1", verb="x", object_name="=1+1")
    url = reverse("admin:access_auditentry_export")
    assert auditor.get(url).status_code == 405
    response = auditor.post(f"{url}?who=person1")
    assert response.streaming
    lines = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [line["object_name"] for line in lines] == ["'=1+1", "Show 1"]
    assert lines[1]["after"] == '{"state": "starting"}'
    said = last()
    assert (said.verb, said.actor_name, said.after) == (
        "export_auditentry",
        "auditor",
        {"filters": {"who": "person1"}},
    )


def test_who_may_read_but_not_export_gets_no_export(as_role: As) -> None:
    client = as_role("reader")
    user = User.objects.get(username="reader")
    user.user_permissions.set(Permission.objects.filter(codename="view_auditentry"))
    assert "Export CSV" not in client.get(reverse(LIST)).content.decode()
    assert client.post(reverse("admin:access_auditentry_export")).status_code == 403


def test_the_history_of_an_object_is_its_entries(superuser: Client) -> None:
    channel: Channel = rows.channel("idle")
    page = superuser.get(reverse("admin:channels_app_channel_change", args=[channel.pk])).content.decode()
    assert f"?kind=channel&amp;object={channel.pk}" in page
    user = User.objects.get(username="superuser")
    page = superuser.get(reverse("admin:auth_user_change", args=[user.pk])).content.decode()
    assert f"?kind=user&amp;object={user.pk}" in page
    response = superuser.get(reverse("admin:auth_user_history", args=[user.pk]))
    assert response["Location"].endswith(f"?kind=user&object={user.pk}")


def test_the_history_without_the_permission_leads_to_the_object(operator: Client) -> None:
    channel = rows.channel("idle")
    page = operator.get(reverse("admin:channels_app_channel_change", args=[channel.pk])).content.decode()
    assert "auditentry" not in page
    response = operator.get(reverse("admin:channels_app_channel_history", args=[channel.pk]))
    assert response["Location"] == reverse("admin:channels_app_channel_change", args=[channel.pk])


# --- what is shown of values -----------------------------------------------------------------


def test_only_columns_of_times_are_shown_as_times(auditor: Client) -> None:
    typed = ("0001-01-01T00:00:00+14:00", "2026-12-01T19:30:00+00:00")
    breakout = rows.breakout("idle", name=typed[0])
    for name in typed:
        after = {"name": name, "starts_at": "2027-03-01T10:00:00+00:00", "note": name}
        audit.record("edit_breakout", breakout, after=after)
    audit.record("edit_breakout", breakout, after={"starts_at": typed[0]})
    page = auditor.get(reverse(LIST))
    assert page.status_code == 200
    text = page.content.decode()
    for name in typed:
        assert f'<span class="sh-kind">name</span> {name}' in text
        assert f'<span class="sh-kind">note</span> {name}' in text
    assert '<span class="sh-kind">starts_at</span> <time class="sh-time"' in text
    assert f'<span class="sh-kind">starts_at</span> {typed[0]}' in text
