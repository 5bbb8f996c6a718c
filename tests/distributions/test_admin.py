"""Distributions in the admin: guards that say what the services do, configuration, re-attaching."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from distributions import guards, services
from distributions.models import Distribution
from streamhub.errors import NotPossible
from tests.scenarios import rows
from tests.scenarios.actors import TESTER

VERBS: dict[str, Callable[[Distribution], Any]] = {
    "sync": lambda row: services.distribution_sync(row, who=TESTER),
    "retry": lambda row: services.distribution_retry(row, who=TESTER),
    "detach": lambda row: services.distribution_detach(row, who=TESTER),
    "keep": lambda row: services.distribution_keep(row, who=TESTER),
    "delete": lambda row: services.distribution_delete(row, who=TESTER),
    "reattach": lambda row: services.distribution_reattach(row, owner_label="channel x", who=TESTER),
}


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


KINDS: list[dict[str, Any]] = [
    {},
    {"attached": False, "desired": "deleted"},
    {"attached": False, "desired": "disabled"},
    {"attached": False, "protected": True},
    rows.ERROR,
]


@pytest.mark.parametrize("verb", guards.VERBS)
def test_a_verb_offered_is_a_verb_done(db: None, verb: str) -> None:
    for state, fields, on_air in product(Distribution.STATES.values, KINDS, (False, True)):
        if fields.get("protected") and state == "deleting":
            continue  # the database refuses it
        point = transaction.savepoint()
        row = rows.distribution(state, **fields)
        if on_air and row.attached:
            rows.breakout("running", rows.channel("running", distribution=row))
        reason = guards.refusal(verb, guards.situation_of(row))
        try:
            VERBS[verb](row)
        except NotPossible:
            assert reason is not None, (state, fields, on_air)
        else:
            # The services repeat themselves where the pages say that it is so already.
            assert reason is None or row.desired == "deleted" or not row.attached
        transaction.savepoint_rollback(point)


def test_the_configuration_is_what_was_last_read(staff: Client) -> None:
    row = rows.distribution(config={"PriceClass": "PriceClass_100"})
    url = reverse("admin:distributions_distribution_configuration", args=[row.pk])
    assert "PriceClass_100" in staff.get(url).content.decode()
    row.refresh_from_db()
    assert row.config_requested is False


def test_a_missing_configuration_is_said_and_not_fetched_by_looking(staff: Client) -> None:
    row = rows.distribution()
    url = reverse("admin:distributions_distribution_configuration", args=[row.pk])
    assert "has not been read yet" in staff.get(url).content.decode()
    row.refresh_from_db()
    assert (row.config_requested, row.generation) == (False, 0)


def test_reattaching_finds_the_channel_it_is_in_front_of(staff: Client) -> None:
    row = rows.distribution("disabled", attached=False, desired="deleted")
    on = rows.channel(endpoint_url=row.origin_url)
    staff.post(reverse("admin:distributions_distribution_do", args=[row.pk, "reattach"]))
    on.refresh_from_db()
    row.refresh_from_db()
    assert on.distribution == row
    assert (row.attached, row.desired) == (True, "enabled")


def test_reattaching_without_its_channel_is_refused_with_the_reason(staff: Client) -> None:
    row = rows.distribution("disabled", attached=False, desired="deleted")
    url = reverse("admin:distributions_distribution_do", args=[row.pk, "reattach"])
    assert "is gone" in staff.get(url).content.decode()
    assert "is gone" in staff.post(url, follow=True).content.decode()
