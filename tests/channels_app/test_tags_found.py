"""Tags are found by their keys as they are written, also by keys of digits, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app.models import Breakout
from channels_app.services import with_customer
from tests.scenarios import rows

pytestmark = pytest.mark.django_db

# The last: keys that would end a path's label, if they were not text.
KEYS = ("team", "7", "-1", "0", "4930123456789", "a.b", "Straße", "a[0]", "$", "a+b - c_d@e")


def shown(client: Client, model: str, **query: str) -> set[str]:
    answer = client.get(reverse(f"admin:channels_app_{model}_changelist"), query)
    assert answer.status_code == 200
    return {row.name for row in answer.context["cl"].result_list}


@pytest.mark.parametrize("key", KEYS)
def test_a_tag_is_found_by_its_key(operator: Client, key: str) -> None:
    channel = rows.channel("idle", name="tagged", tags={"other": "y", key: "x"})
    rows.channel("idle", name="not tagged", tags={"other": "x"})
    rows.breakout("idle", channel, name="show")
    for tag in (key, f"{key}=x"):
        assert shown(operator, "channel", tag=tag) == {"tagged"}
        assert shown(operator, "breakout", tag=tag) == {"show"}
    assert shown(operator, "channel", tag=f"{key}=y") == set()
    assert shown(operator, "channel", q=f"{key}=x") == {"tagged"}


@pytest.mark.parametrize("key", ["customer", "7", "4930123456789"])
def test_the_customer_of_a_tag_of_digits_is_known(settings: Any, key: str) -> None:
    settings.CUSTOMER_TAG = key
    rows.breakout("idle", rows.channel("idle", tags={key: "acme"}))
    assert with_customer(Breakout.objects.all()).get().shown_customer == "acme"
