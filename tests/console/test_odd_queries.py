"""Nothing that can be written into an address of the admin is answered by a 500."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamhub.console import roles
from tests.scenarios import hostile
from tests.scenarios.one_of_everything import OneOfEverything
from tests.scenarios.volume import volume

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

LOOKUPS = ("", "__exact", "__in", "__isnull", "__regex", "__iregex", "__range", "__gte", "__year", "__no")
EVERYWHERE = ("q", "o", "p", "all", "e", "page", "view", "seen", "id", "s", "next", "term", "extended_search")
DJANGO = ("_popup", "_to_field", "_facets", "_changelist_filters", "_selected_action", "_source_model")


@pytest.fixture
def site(db: None, as_role: Any) -> Client:
    """A site with rows of every kind, seen by somebody who may see everything."""
    roles.seed()
    OneOfEverything()
    client = as_role("superuser", raise_request_exception=False)
    return client


def lists() -> list[ModelAdmin[Any]]:
    return list(admin.site._registry.values())


def url_of(model_admin: ModelAdmin[Any], page: str = "changelist") -> str:
    opts = model_admin.opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}")


def parameters(model_admin: ModelAdmin[Any]) -> list[str]:
    """Every name that the list knows or might be tricked into knowing."""
    names = [f.name for f in model_admin.model._meta.get_fields()] + ["pk", "nothing"]
    filters = [entry for entry in model_admin.list_filter if isinstance(entry, str)]
    own = [f.parameter_name for f in model_admin.list_filter if hasattr(f, "parameter_name")]
    fields = [f"{name}{lookup}" for name in names for lookup in LOOKUPS]
    related = [f"{name}__id{lookup}" for name in names for lookup in LOOKUPS]
    return [*EVERYWHERE, *DJANGO, *filter(None, own), *filters, *fields, *related]


def refuse_500(client: Client, url: str, query: str) -> None:
    response = client.get(f"{url}?{query}")
    assert response.status_code < 500, f"{url}?{query}: {response.status_code}"


@pytest.mark.parametrize("model_admin", lists(), ids=lambda entry: entry.opts.label_lower)
def test_no_parameter_of_a_list_is_answered_by_a_500(site: Client, model_admin: ModelAdmin[Any]) -> None:
    url, names = url_of(model_admin), parameters(model_admin)

    @settings(
        max_examples=volume(60, 600),
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(names), hostile.texts, st.booleans())
    def search(name: str, value: str, error_seen: bool) -> None:
        query = urlencode({name: value, **({"e": "1"} if error_seen else {})}, errors="replace")
        refuse_500(site, url, query)

    search()


NAMES = ("q", "o", "p", "page", "view", "id", "_to_field", "_changelist_filters", "pk__in", "id__exact")
VALUES = volume(12, len(hostile.TEXTS))


@pytest.mark.parametrize("model_admin", lists(), ids=lambda entry: entry.opts.label_lower)
def test_each_common_parameter_takes_odd_values(site: Client, model_admin: ModelAdmin[Any]) -> None:
    for name in NAMES:
        for value in ("\0", "(", "²", hostile.BIG, "abc")[:VALUES]:
            refuse_500(site, url_of(model_admin), urlencode({name: value}, errors="replace"))
    for raw in hostile.RAW:
        refuse_500(site, url_of(model_admin), f"{raw}={raw}")


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        elif isinstance(entry, URLPattern):
            yield path


def addresses() -> list[str]:
    """Every route of the admin, as Django writes it."""
    return sorted({path for path in patterns(get_resolver()) if path.startswith("admin/")})


def with_arguments(route: str, value: str) -> str:
    path = re.sub(r"<[^>]*>|\(\?P.*", quote(value, safe="", errors="replace"), route)
    return "/" + path.replace("^", "").replace("$", "").replace("\\Z", "")


@pytest.mark.parametrize("route", addresses())
def test_no_page_is_answered_by_a_500(site: Client, route: str) -> None:
    for value in ("1", "start", "\0", "²", hostile.BIG, "(", "http://[::1"):
        url = with_arguments(route, value[:200] or "0")
        for query in ("", urlencode(dict.fromkeys(EVERYWHERE, value), errors="replace")):
            refuse_500(site, url, query)
