"""A verb on several objects: each is named with how it is now and what happens to it, and it is typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.pricing.services import rates_seed
from channels_app.admin import running_cost
from channels_app.admin.now import length
from channels_app.models import Breakout, Channel
from streamhub.clock import database_now
from streamhub.console import registry
from tests.scenarios import rows

pytestmark = pytest.mark.django_db


def ask(client: Client, model: Any, verb: str, *chosen: Any) -> str:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    form = {"action": f"verb_{verb}", "_selected_action": [row.pk for row in chosen], "index": 0}
    return client.post(url, form).content.decode()


def do(client: Client, model: Any, verb: str, *chosen: Any, typed: str = "") -> str:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_bulk", args=[verb])
    form = {"_selected_action": [row.pk for row in chosen], "typed": typed}
    return client.post(url, form, follow=True).content.decode()


def on_air(name: str, minutes: int, **about: Any) -> Breakout:
    row = rows.breakout("running", rows.channel("running"), name=name)
    started = database_now() - timedelta(minutes=minutes, seconds=5)
    Breakout.objects.filter(pk=row.pk).update(session_started_at=started, **about)
    return row


def test_a_stop_of_several_names_each_show_with_its_time_and_its_plan(operator: Client) -> None:
    start = database_now() - timedelta(minutes=72)
    chosen = [
        on_air("Keynote", 72, starts_at=start, duration_minutes=90),
        on_air("Panel", 5),
        rows.breakout("idle", rows.channel("idle"), name="Later"),
    ]
    page = ask(operator, Breakout, "stop", *chosen)
    assert "on air for 1 h 12 min, planned to end" in page
    assert " UTC, in 1" in page
    assert "on air for 5 min, no end is planned" in page
    assert "stays as it is: It is idle" in page
    assert "stop 2</code>" in page


def test_several_say_the_consequences_that_the_single_verb_says(superuser: Client) -> None:
    first, second = rows.channel("idle"), rows.channel("idle")
    rows.breakout("idle", second, name="Keynote")
    page = ask(superuser, Channel, "delete", first, second)
    verb = registry.verbs_of(Channel)["delete"]
    for row in (first, second):
        for sentence in verb.consequences(row):
            assert sentence in page
    assert page.count("Its ingest URLs stop working.") == 1
    assert page.count("Its planned breakouts are cancelled: Keynote.") == 1


@pytest.mark.parametrize("typed", ["", "stop", "stop 3", "start 2"])
def test_nothing_is_done_without_the_right_text(operator: Client, typed: str) -> None:
    chosen = [on_air("Keynote", 1), on_air("Panel", 1)]
    page = do(operator, Breakout, "stop", *chosen, typed=typed)
    assert "Type stop 2, exactly as it stands there." in page
    assert set(Breakout.objects.values_list("state", flat=True)) == {"running"}


def test_the_text_that_was_asked_for_does_it(operator: Client) -> None:
    chosen = [on_air("Keynote", 1), on_air("Panel", 1)]
    assert "2 done, 0 refused" in do(operator, Breakout, "stop", *chosen, typed=" stop 2 ")


def test_a_start_of_several_is_typed_because_it_costs(operator: Client) -> None:
    chosen = [rows.breakout("idle", rows.channel("idle"), name=name) for name in ("One", "Two")]
    assert "start 2</code>" in ask(operator, Breakout, "start", *chosen)
    do(operator, Breakout, "start", *chosen)
    assert not Breakout.objects.exclude(state="idle").exists()


def test_a_start_of_several_says_what_each_and_all_cost_an_hour(operator: Client) -> None:
    rates_seed()
    chosen = [rows.breakout("idle", rows.channel("idle", name=name), name=name) for name in ("One", "Two")]
    refused = rows.breakout("cancelled", rows.channel("idle"), name="Three")
    page = ask(operator, Breakout, "start", *chosen, refused)
    (each,) = running_cost.of_breakout(chosen[0])
    amount = chosen[0].channel.running_cost[0]
    assert f"about {amount:.2f} USD an hour" in each
    assert amount > 0
    assert page.count(each) == 1
    assert f"Together their encoders cost about {2 * amount:.2f} USD an hour" in page
    single = operator.get(reverse("admin:channels_app_breakout_do", args=[chosen[0].pk, "start"]))
    assert each in single.content.decode()


def test_without_rates_the_cost_is_not_known_rather_than_nothing(operator: Client) -> None:
    chosen = [rows.breakout("idle", rows.channel("idle"), name=name) for name in ("One", "Two")]
    page = ask(operator, Breakout, "start", *chosen)
    assert "What they cost an hour is not known: the price book lacks rates for them." in page
    assert "USD" not in page


def test_a_single_object_and_a_harmless_verb_are_not_typed(operator: Client) -> None:
    one, two = on_air("Keynote", 1), on_air("Panel", 1)
    assert "stop 1" in ask(operator, Breakout, "stop", one), "a live show is typed, one too"
    assert "to confirm" not in ask(operator, Channel, "retry", rows.channel("failed"))
    assert "to confirm" not in ask(operator, Breakout, "prepare", one, two)
    assert "2 done" in do(operator, Breakout, "prepare", one, two)


def test_a_verb_for_one_object_is_none_for_several(superuser: Client) -> None:
    url = reverse("admin:channels_app_channel_bulk", args=["tags"])
    assert superuser.post(url, {"_selected_action": [rows.channel().pk]}).status_code == 404


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")]
)
def test_a_length_has_its_two_largest_units(seconds: int, text: str) -> None:
    assert length(timedelta(seconds=seconds)) == text
