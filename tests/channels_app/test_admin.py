"""Channels and breakouts in the admin: their forms, and guards that say what the services do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from channels_app import channel_guards as guards
from channels_app import services
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from streamhub.errors import NotPossible
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

GOOD = {
    "name": "Main stage",
    "input_type": "RTMP_PUSH",
    "allowed_cidrs": "203.0.113.7/32\n\n 198.51.100.0/24 ",
    "channel_class": "SINGLE_PIPELINE",
    "encoding_profile": "720p",
    "tags": "team=events\ncost = 4711",
}
ADD = "admin:channels_app_channel_add"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


def test_the_form_creates_a_channel(staff: Client) -> None:
    response = staff.post(reverse(ADD), GOOD)
    row = Channel.objects.get()
    assert response["Location"] == reverse("admin:channels_app_channel_change", args=[row.pk])
    assert row.allowed_cidrs == ["198.51.100.0/24", "203.0.113.7/32"]
    assert row.tags == {"team": "events", "cost": "4711"}
    assert row.encoding_profile == "720p"


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("name", "", "required"),
        ("name", "x" * 300, "At most 64"),
        ("name", "taken", "exists already"),
        ("allowed_cidrs", "", "1 to 10"),
        ("allowed_cidrs", "0.0.0.0/0", "whole world"),
        ("allowed_cidrs", "nonsense", "not a CIDR"),
        ("source_urls", "https://example.com/a", "URL_PULL"),
        ("tags", "no equals sign", "key=value"),
        ("tags", "aws:x=1", "reserved"),
        ("record", "on", "RECORDING_BUCKET"),
        ("input_type", "PIGEON", "valid choice"),
    ],
)
def test_complaints_stand_at_their_field(
    staff: Client, settings: Any, field: str, value: str, word: str
) -> None:
    settings.RECORDING_BUCKET = ""
    rows.channel(name="taken")
    response = staff.post(reverse(ADD), {**GOOD, field: value})
    assert response.status_code == 422
    assert word in " ".join(response.context["form"].errors[field])
    assert Channel.objects.count() == 1


def test_getting_the_form_creates_nothing(staff: Client) -> None:
    assert staff.get(reverse(ADD), GOOD).status_code == 200
    assert not Channel.objects.exists()


def test_the_form_creates_a_breakout_on_its_channel(staff: Client) -> None:
    on = rows.channel()
    url = reverse("admin:channels_app_breakout_add")
    assert f'value="{on.pk}" selected' in staff.get(url, {"channel": on.pk}).content.decode()
    data = {"channel": on.pk, "name": "Keynote", "starts_at": "2030-01-02T10:30", "duration_minutes": "45"}
    staff.post(url, data)
    row = Breakout.objects.get()
    assert row.starts_at is not None
    assert (row.channel, row.starts_at.isoformat()) == (on, "2030-01-02T10:30:00+00:00")


def test_a_breakout_needs_a_living_channel(staff: Client) -> None:
    data = {"channel": rows.channel("deleting").pk, "name": "x" * 200, "duration_minutes": "0"}
    response = staff.post(reverse("admin:channels_app_breakout_add"), data)
    assert "channel" in response.context["form"].errors
    data["channel"] = rows.channel().pk
    errors = staff.post(reverse("admin:channels_app_breakout_add"), data).context["form"].errors
    assert set(errors) == {"name", "duration_minutes"}


def test_the_playback_url_is_withheld_while_the_curtain_is_down(staff: Client) -> None:
    on = rows.channel("running", distribution=rows.distribution())
    row = rows.breakout("running", on)
    url = reverse("admin:channels_app_breakout_change", args=[row.pk])
    playback = f"https://{on.distribution.domain_name}"  # type: ignore[union-attr]
    assert playback not in staff.get(url).content.decode()
    staff.post(reverse("admin:channels_app_breakout_do", args=[row.pk, "raise"]))
    assert playback in staff.get(url).content.decode()


# --- the guards say what the services do -------------------------------------------------------------

CHANNEL_VERBS: dict[str, Callable[[Channel], Any]] = {
    "retry": lambda row: services.channel_retry(row, who=TESTER),
    "stop": lambda row: services.channel_stop(row, who=TESTER),
    "delete": lambda row: services.channel_delete(row, who=TESTER),
    "distribution": lambda row: services.distribution_create_and_attach(row, who=TESTER),
}
BREAKOUT_VERBS: dict[str, Callable[[Breakout], Any]] = {
    "prepare": lambda row: services.breakout_prepare(row, who=TESTER),
    "start": lambda row: services.breakout_start(row, who=TESTER),
    "stop": lambda row: services.breakout_stop(row, who=TESTER),
    "cancel": lambda row: services.breakout_cancel(row, who=TESTER),
    "retry": lambda row: services.breakout_retry(row, who=TESTER),
    "raise": lambda row: services.breakout_curtain(row, True, who=TESTER),
    "lower": lambda row: services.breakout_curtain(row, False, who=TESTER),
}


def refused(verb: Callable[[Any], Any], row: Any) -> bool:
    try:
        with transaction.atomic():
            verb(row)
    except (NotPossible, IntegrityError):
        return True
    return False


def each(*choices: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """All combinations, each on a database as it was: what one case wrote is taken back before the next."""
    for case in product(*choices):
        point = transaction.savepoint()
        yield case
        transaction.savepoint_rollback(point)


@pytest.mark.parametrize("verb", CHANNEL_VERBS)
def test_a_channel_verb_offered_is_a_verb_done(db: None, verb: str) -> None:
    for state, busy in each(Channel.STATES.values, (False, True)):
        row = rows.channel(state, distribution=rows.distribution() if busy else None)
        if busy:
            rows.breakout("running", row)
        reason = guards.refusal(verb, guards.situation_of(row))
        was_refused = refused(CHANNEL_VERBS[verb], row)
        # The services repeat themselves where the pages say that it is so already.
        repeated = reason is not None and "being deleted" in reason
        assert was_refused == (reason is not None) or repeated, (state, busy, reason)


@pytest.mark.parametrize("verb", BREAKOUT_VERBS)
def test_a_breakout_verb_offered_is_a_verb_done(db: None, verb: str) -> None:
    channel_states = ("idle", "running", "provisioning", "deleting")
    for state, channel_state, taken in each(Breakout.STATES.values, channel_states, (False, True)):
        on = rows.channel(channel_state)
        if taken and state not in ON_AIR:
            rows.breakout("running", on)
        row = rows.breakout(state, on)
        reason = guards.breakout_refusal(verb, guards.breakout_situation(row))
        was_refused = refused(BREAKOUT_VERBS[verb], row)
        repeated = reason is not None and ("already" in reason or reason == f"Not while it is {state}.")
        assert was_refused == (reason is not None) or repeated, (state, channel_state, taken, reason)
