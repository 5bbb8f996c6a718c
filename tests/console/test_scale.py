"""With thousands of rows of each kind, pages take as many queries as with ten and stay the same size."""

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
from streamhub.alerts import evaluation
from streamhub.console import dashboard, roles
from streamhub.console.base import BigReadOnlyAdmin
from streamhub.lifecycle.models import Transition
from tests.scenarios import bulk_rows
from tests.scenarios.volume import volume

# Takes half a minute on an idle machine; the limit allows for busy ones.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

FEW, MANY = 10, volume(2_000, 4_000)
LARGEST_PAGE = 400_000  # bytes


@dataclass
class Cost:
    """What one page costs: its queries and its HTML."""

    queries: list[str]
    page: str

    def counts(self) -> list[str]:
        return [sql for sql in self.queries if sql.startswith("SELECT COUNT(")]


@dataclass
class FilledSite:
    """The pages of a site, with their costs at ten rows of every kind (`few`)."""

    client: Client
    token: str
    urls: dict[str, str]
    few: dict[str, Cost] = field(default_factory=dict)

    def get(self, url: str) -> Cost:
        headers = {"Authorization": f"Bearer {self.token}"} if url.startswith("/api/") else {}
        with CaptureQueriesContext(connection) as captured:
            response = self.client.get(url, headers=headers)
        assert response.status_code == 200, url
        # Only SELECTs: the API also updates the token's last use, once a minute.
        selects = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
        return Cost(selects, response.content.decode())


def _page_urls() -> dict[str, str]:
    """Lists and their saved views, the busiest objects, forms, fragments, and the lists of the API."""
    urls = {}
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls[model._meta.label] = url = reverse(f"{name}_changelist")
        views = model_admin.views() if hasattr(model_admin, "views") else []
        urls |= {f"{model._meta.label} {view.key}": f"{url}?view={view.key}" for view in views}
        urls[f"{model._meta.label} search"] = f"{url}?q=1"
    for model in (Channel, Breakout, Distribution):
        first = model._default_manager.earliest("pk").pk
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls[f"{model._meta.label} page"] = reverse(f"{name}_change", args=[first])
        urls[f"{model._meta.label} fragment"] = reverse(f"{name}_live", args=[first])
        urls[f"{model._meta.label} rows"] = reverse(f"{name}_rows")
    field = "app_label=channels_app&model_name=breakout&field_name=channel"
    return urls | {
        "timeline": f"{reverse('admin:lifecycle_transition_changelist')}?resource_type=channel&resource_id=1",
        "dashboard": reverse("admin:index"),
        "dashboard fragment": reverse("admin:dashboard"),
        "search": f"{reverse('admin:search')}?s=stage&extended=1",
        "add channel": reverse("admin:channels_app_channel_add"),
        "add breakout": reverse("admin:channels_app_breakout_add"),
        "choose a channel": f"{reverse('admin:autocomplete')}?term=stage&{field}",
        "user": reverse("admin:auth_user_change", args=[User.objects.earliest("pk").pk]),
        "add user": reverse("admin:auth_user_add"),
        "API channels": "/api/v1/channels?limit=50",
        "API breakouts": "/api/v1/breakouts?limit=50",
        "API distributions": "/api/v1/distributions?limit=50",
    }


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[FilledSite]:
    """Measured at ten rows of everything, then filled to thousands; rolled back after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        roles.seed()
        bulk_rows.fill(FEW)
        client = Client()
        client.force_login(User.objects.create_superuser("anna"))
        token = token_issue("scale", ["channels:read", "breakouts:read", "distributions:read"])[1]
        measured = FilledSite(client, token, _page_urls())
        for url in measured.urls.values():
            measured.get(url)  # fills caches such as that of content types
        measured.few = {name: measured.get(url) for name, url in measured.urls.items()}
        bulk_rows.fill(MANY - FEW, FEW)
        with django_db_blocker.block():
            yield measured
        transaction.set_rollback(True)


def test_every_page_takes_as_many_queries_at_thousands_of_rows_as_at_ten(site: FilledSite) -> None:
    evaluation.evaluate()  # as the job does every ten seconds
    more_queries, too_large = {}, {}
    for name, url in site.urls.items():
        cost = site.get(url)
        if len(cost.queries) > len(site.few[name].queries):
            more_queries[name] = (len(site.few[name].queries), len(cost.queries), cost.queries)
        if len(cost.page) > LARGEST_PAGE:
            too_large[name] = len(cost.page)
    assert too_large == {}
    assert more_queries == {}


def test_no_big_table_is_counted_or_queried_for_distinct_values(site: FilledSite) -> None:
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, BigReadOnlyAdmin):
            cost = site.get(site.urls[model._meta.label])
            assert cost.counts() == [], model
            assert not [sql for sql in cost.queries if sql.startswith("SELECT DISTINCT")], model


def test_an_object_with_thousands_of_transitions_shows_the_newest_and_links_to_all(
    site: FilledSite,
) -> None:
    busiest = Transition.objects.earliest("pk").resource_id
    assert Transition.objects.filter(resource_type="channel", resource_id=busiest).count() == MANY
    page = site.get(reverse("admin:channels_app_channel_change", args=[busiest])).page
    assert page.count("start requested") == 30
    assert f"?resource_type=channel&amp;resource_id={busiest}" in page
    assert "Complete history" in page


def test_a_breakout_with_thousands_of_files_shows_the_newest_few(site: FilledSite) -> None:
    breakout = Breakout.objects.earliest("pk")
    page = site.get(reverse("admin:channels_app_breakout_change", args=[breakout.pk])).page
    assert page.count(".m2ts</code>") == 5
    assert "These are the newest 5" in page


def test_lists_can_be_paged_to_their_last_page(site: FilledSite) -> None:
    url = reverse("admin:channels_app_channel_changelist")
    pages, newest_first = MANY // 50, list(Channel.objects.order_by("-pk").values_list("pk", flat=True))
    first = site.get(f"{url}?p=1").page
    last = site.get(f"{url}?p={pages}&after_row={newest_first[-51]}").page  # as the link of the page before
    beyond = site.get(f"{url}?p={pages + 1}&after_row={newest_first[-1]}").page
    assert "1 to 50 of more" in first
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert f"{MANY - 49:,} to {MANY:,}, the last" in last
    assert 'rel="next"' not in last
    assert 'rel="prev"' in beyond


def test_an_api_list_is_not_counted_and_links_to_its_next_page(site: FilledSite) -> None:
    for name in ("channels", "breakouts", "distributions"):
        cost = site.get(site.urls[f"API {name}"])
        assert cost.counts() == []
        answer = json.loads(cost.page)
        assert len(answer["items"]) == 50
        assert "cursor=" in answer["next"]


def test_the_dashboard_counts_thousands_and_lists_a_few(site: FilledSite) -> None:
    page = site.get(reverse("admin:index")).page
    assert page.count("<li>") < 120
    user = User.objects.get(username="anna")
    tiles = {item.key: item.figure.value for item in dashboard.build(user)["tiles"]}
    assert tiles["live"] == Breakout.objects.filter(state="running").count() > MANY // 10
