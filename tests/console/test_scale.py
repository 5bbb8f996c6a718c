"""What the pages cost in a house of thousands: as many queries as at ten rows, and pages of one size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from streamhub.access.services import token_issue
from streamhub.console import dashboard, roles
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.lifecycle.models import Transition
from tests.scenarios import crowd
from tests.scenarios.volume import volume

# Half a minute alone; the limit is for machines that others use too.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

FEW, MANY = 10, volume(2_000, 10_000)
LARGEST_PAGE = 400_000  # bytes


@dataclass
class Cost:
    """What one page cost: its queries, its length in bytes, and what it said."""

    queries: list[str]
    page: str

    def counts(self) -> list[str]:
        return [sql for sql in self.queries if sql.startswith("SELECT COUNT(")]


@dataclass
class House:
    """The same pages at ten rows of every kind and at thousands."""

    client: Client
    token: str
    urls: dict[str, str]
    few: dict[str, Cost] = field(default_factory=dict)

    def get(self, url: str) -> Cost:
        headers = {"Authorization": f"Bearer {self.token}"} if url.startswith("/api/") else {}
        with CaptureQueriesContext(connection) as captured:
            response = self.client.get(url, headers=headers)
        assert response.status_code == 200, url
        # Not the note, once a minute, that a token was used.
        read = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
        return Cost(read, response.content.decode())


def _addresses() -> dict[str, str]:
    """Lists and their saved views, the busiest objects, forms, fragments, and the lists of the API."""
    found = {}
    for model, its in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found[model._meta.label] = url = reverse(f"{name}_changelist")
        views = its.views() if hasattr(its, "views") else []
        found |= {f"{model._meta.label} {view.key}": f"{url}?view={view.key}" for view in views}
        found[f"{model._meta.label} search"] = f"{url}?q=1"
    for model in (Channel, Breakout, Distribution):
        first = model._default_manager.earliest("pk").pk
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found[f"{model._meta.label} page"] = reverse(f"{name}_change", args=[first])
        found[f"{model._meta.label} fragment"] = reverse(f"{name}_live", args=[first])
        found[f"{model._meta.label} states"] = f"{reverse(f'{name}_states')}?id={first}"
    choosing = "app_label=channels_app&model_name=breakout&field_name=channel"
    return found | {
        "timeline": f"{reverse('admin:lifecycle_transition_changelist')}?resource_type=channel&resource_id=1",
        "dashboard": reverse("admin:index"),
        "dashboard fragment": reverse("admin:dashboard"),
        "search": f"{reverse('admin:search')}?s=stage&extended=1",
        "add channel": reverse("admin:channels_app_channel_add"),
        "add breakout": reverse("admin:channels_app_breakout_add"),
        "choose a channel": f"{reverse('admin:autocomplete')}?term=stage&{choosing}",
        "user": reverse("admin:auth_user_change", args=[User.objects.earliest("pk").pk]),
        "add user": reverse("admin:auth_user_add"),
        "API channels": "/api/v1/channels?limit=50",
        "API breakouts": "/api/v1/breakouts?limit=50",
        "API distributions": "/api/v1/distributions?limit=50",
    }


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """Ten of everything looked at, then thousands; all of it rolled back after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        roles.seed()
        crowd.fill(FEW)
        client = Client()
        client.force_login(User.objects.create_superuser("anna"))
        token = token_issue("scale", ["channels:read", "breakouts:read", "distributions:read"])[1]
        found = House(client, token, _addresses())
        for url in found.urls.values():
            found.get(url)  # caches of content types and the like
        found.few = {name: found.get(url) for name, url in found.urls.items()}
        crowd.fill(MANY - FEW, FEW)
        with django_db_blocker.block():
            yield found
        transaction.set_rollback(True)


def test_every_page_costs_as_many_queries_at_thousands_of_rows_as_at_ten(house: House) -> None:
    dearer, larger = {}, {}
    for name, url in house.urls.items():
        now = house.get(url)
        if len(now.queries) > len(house.few[name].queries):
            dearer[name] = (len(house.few[name].queries), len(now.queries), now.queries)
        if len(now.page) > LARGEST_PAGE:
            larger[name] = len(now.page)
    assert larger == {}
    assert dearer == {}


def test_no_big_table_is_counted_or_asked_for_its_distinct_values(house: House) -> None:
    for model, its in admin.site._registry.items():
        if isinstance(its, BigReadOnlyAdmin):
            now = house.get(house.urls[model._meta.label])
            assert now.counts() == [], model
            assert not [sql for sql in now.queries if sql.startswith("SELECT DISTINCT")], model


def test_a_page_with_thousands_of_transitions_shows_the_newest_and_leads_to_the_rest(house: House) -> None:
    busiest = Transition.objects.earliest("pk").resource_id
    assert Transition.objects.filter(resource_id=busiest).count() == MANY
    page = house.get(reverse("admin:channels_app_channel_change", args=[busiest])).page
    assert page.count("somebody asked for it") == 30
    assert f"?resource_type=channel&amp;resource_id={busiest}" in page
    assert "All of its history" in page


def test_a_breakout_with_thousands_of_files_shows_the_newest_hundred(house: House) -> None:
    its = Breakout.objects.earliest("pk")
    page = house.get(reverse("admin:channels_app_breakout_change", args=[its.pk])).page
    assert page.count(".m2ts</code>") == 100
    assert "These are the newest 100" in page


def test_lists_are_walked_page_by_page_to_their_last(house: House) -> None:
    url = reverse("admin:channels_app_channel_changelist")
    first, last, beyond = (house.get(f"{url}?p={number}").page for number in (1, MANY // 50, MANY // 50 + 1))
    assert "1 to 50 of more" in first
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert f"{MANY - 49:,} to {MANY:,}, the last" in last
    assert 'rel="next"' not in last
    assert 'rel="prev"' in beyond


def test_a_page_of_the_api_is_one_query_however_deep(house: House) -> None:
    for name in ("channels", "breakouts", "distributions"):
        now = house.get(house.urls[f"API {name}"])
        assert now.counts() == []
        found = json.loads(now.page)
        assert len(found["items"]) == 50
        assert "cursor=" in found["next"]


def test_the_dashboard_counts_thousands_and_lists_a_few(house: House) -> None:
    page = house.get(reverse("admin:index")).page
    assert page.count("<li>") < 100
    user = User.objects.get(username="anna")
    tiles = {item["tile"].key: item["figure"].value for item in dashboard.build(user)["tiles"]}
    assert tiles["live"] == Breakout.objects.filter(state="running").count() > MANY // 10
