"""Every verb through the service, the admin page and the API.

Each is carried out, refused with the sentence of the guards' table, and repeated without effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from channels_app import services
from channels_app.guards import breakout as breakout_guards
from channels_app.guards import channel as channel_guards
from channels_app.models import Breakout, Channel
from distributions import guards as distribution_guards
from distributions.models import Distribution
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from streamhub.console import registry
from streamhub.errors import NotPossible
from tests.channels_app.verbs import BREAKOUTS, KINDS, Verb, detached
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db


ALL = [pytest.param(verb, id=f"{verb.name} {kind}") for kind, verbs in KINDS.items() for verb in verbs]
REFUSED = [case for case in ALL if case.values[0].not_ready]
REPEATED = [case for case in ALL if case.values[0].repeated]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


Api = Callable[..., tuple[int, Any]]


@pytest.fixture
def api() -> Api:
    token = token_issue("event-site", list(SCOPES), timedelta(days=1))[1]

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = Client().generic(
            method,
            f"/api/v1/{path}",
            data="" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        return response.status_code, response.json()

    return call


def ask(api: Api, verb: Verb, row: Any) -> tuple[int, Any]:
    """Send the verb's API call for this row; status and body."""
    method, path, body = verb.call  # type: ignore[misc]
    return api(method, path.format(row.pk), body)


def do_url(verb: Verb, row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_do", args=[row.pk, verb.name])


def confirmation(staff: Client, verb: Verb, row: Any) -> str:
    return unescape(staff.get(do_url(verb, row)).content.decode())


def press(staff: Client, verb: Verb, row: Any) -> str:
    """Confirm the verb on its page; the message that follows, or what the refused form says."""
    form = staff.get(do_url(verb, row)).context["form"]
    carried = {"carried": form.carried} if form is not None else {}
    answer = staff.post(do_url(verb, row), {**verb.data, **carried})
    if answer.status_code == 422:
        form = answer.context["form"]
        return f"was refused. {form.non_field_errors()[0] if form.non_field_errors() else dict(form.errors)}"
    (message,) = get_messages(answer.wsgi_request)
    return str(message)


def reloaded(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def all_rows() -> dict[str, list[Any]]:
    """All rows that a verb could change."""
    models = [
        model
        for label in ("channels_app", "distributions", "lifecycle")
        for model in apps.get_app_config(label).get_models()
    ]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


def test_every_verb_of_the_guards_and_pages_is_tested() -> None:
    tested = {kind: {verb.name for verb in verbs} for kind, verbs in KINDS.items()}
    assert tested["breakout"] == set(breakout_guards.rules())
    links = set(breakout_guards.link_rules())  # they change nothing: tests/channels_app/test_playback.py
    assert tested["breakout"] | links == set(registry.verbs_of(Breakout))
    assert tested["channel"] | {"create-breakout"} == set(channel_guards.rules())
    assert tested["channel"] == set(registry.verbs_of(Channel))
    assert tested["distribution"] == set(distribution_guards.rules()) == set(registry.verbs_of(Distribution))


# --- carried out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ALL)
def test_the_service_carries_it_out(verb: Verb) -> None:
    row = verb.ready()
    assert verb.observed(row) != verb.after
    verb.run(row)
    assert verb.observed(reloaded(row)) == verb.after


@pytest.mark.parametrize("verb", ALL)
def test_the_page_offers_it_and_carries_it_out(staff: Client, verb: Verb) -> None:
    row = verb.ready()
    assert "Not possible now" not in confirmation(staff, verb, row)
    assert "refused" not in press(staff, verb, row)
    assert verb.observed(reloaded(row)) == verb.after


@pytest.mark.parametrize("verb", [case for case in ALL if case.values[0].call])
def test_the_api_carries_it_out(api: Api, verb: Verb) -> None:
    row = verb.ready()
    status, body = ask(api, verb, row)
    assert status == verb.status, body
    assert verb.observed(reloaded(row)) == verb.after


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", REFUSED)
def test_the_service_refuses_it_with_the_sentence(verb: Verb) -> None:
    row = verb.not_ready()  # type: ignore[misc]
    before = all_rows()
    with pytest.raises(NotPossible) as refused:
        verb.run(row)
    assert refused.value.detail == verb.sentence
    assert all_rows() == before


@pytest.mark.parametrize("verb", REFUSED)
def test_the_page_explains_the_refusal_and_refuses_it_with_the_same_sentence(
    staff: Client, verb: Verb
) -> None:
    row = verb.not_ready()  # type: ignore[misc]
    before = all_rows()
    assert f"Not possible now: {verb.sentence}" in confirmation(staff, verb, row)
    assert press(staff, verb, row).endswith(f"was refused. {verb.sentence}")
    assert all_rows() == before


@pytest.mark.parametrize("verb", [case for case in REFUSED if case.values[0].call])
def test_the_api_refuses_it_with_the_same_sentence(api: Api, verb: Verb) -> None:
    row = verb.not_ready()  # type: ignore[misc]
    before = all_rows()
    status, body = ask(api, verb, row)
    assert status == 409
    assert body["detail"].startswith(verb.sentence)
    assert body["state"] == row.state
    assert isinstance(body["possible"], list)
    assert all_rows() == before


# --- repeated without effect ---------------------------------------------------------------------


@pytest.mark.parametrize("verb", REPEATED)
def test_a_repetition_is_accepted_without_effect_and_not_offered(staff: Client, verb: Verb) -> None:
    row = verb.repeated()  # type: ignore[misc]
    before = all_rows()
    assert f"Not possible now: {verb.repeat_sentence}" in confirmation(staff, verb, row)
    verb.run(row)
    assert "refused" not in press(staff, verb, row)
    assert all_rows() == before


@pytest.mark.parametrize("verb", [case for case in REPEATED if case.values[0].call])
def test_the_api_accepts_a_repetition(api: Api, verb: Verb) -> None:
    row = verb.repeated()  # type: ignore[misc]
    before = all_rows()
    assert ask(api, verb, row)[0] == verb.status
    assert all_rows() == before


# --- further cases --------------------------------------------------------------------------------


def test_a_breakout_is_created_only_on_a_channel_that_is_not_being_deleted(staff: Client, api: Api) -> None:
    idle, deleting = rows.channel(), rows.channel("deleting")
    for channel, status in ((idle, 201), (deleting, 409)):
        assert api("POST", "breakouts", {"channel": str(channel.pk), "name": "a"})[0] == status
        page = staff.get(reverse("admin:channels_app_channel_change", args=[channel.pk])).content.decode()
        assert ("New breakout" in page) == (status == 201)
    services.breakout_create(idle, "b", who=TESTER)
    with pytest.raises(NotPossible, match="The channel is being deleted"):
        services.breakout_create(deleting, "b", who=TESTER)
    assert [row.name for row in Breakout.objects.order_by("pk")] == ["a", "b"]


def test_a_second_stop_asks_aws_again(staff: Client, api: Api) -> None:
    verb = next(verb for verb in BREAKOUTS if verb.name == "stop")
    row = rows.breakout("stopping", rows.channel("stopping"))
    for send in (lambda: verb.run(row), lambda: press(staff, verb, row), lambda: ask(api, verb, row)):
        generation = reloaded(row.channel).generation
        send()
        assert reloaded(row.channel).generation == generation + 1
        assert reloaded(row).state == "stopping"
    assert "Not possible now" not in confirmation(staff, verb, row)


def test_a_distribution_is_not_attached_to_a_channel_with_another_endpoint() -> None:
    row = detached()
    with pytest.raises(NotPossible, match="in front of another origin endpoint"):
        services.distribution_reattach(rows.channel(), row, who=TESTER)
