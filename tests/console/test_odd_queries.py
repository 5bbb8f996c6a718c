"""Nothing that can be written into an address of the admin is answered by a 500."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamhub.console import roles
from tests.scenarios import hostile, rows
from tests.scenarios.one_of_everything import OneOfEverything
from tests.scenarios.routes import addresses
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
        max_examples=volume(15, 40),
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


@pytest.mark.parametrize("model_admin", lists(), ids=lambda entry: entry.opts.label_lower)
def test_each_common_parameter_takes_odd_values(site: Client, model_admin: ModelAdmin[Any]) -> None:
    for name in NAMES:
        for value in ("\0", "(", "²", hostile.BIG, "abc")[:: volume(2, 1)]:
            refuse_500(site, url_of(model_admin), urlencode({name: value}, errors="replace"))
    for raw in hostile.RAW:
        refuse_500(site, url_of(model_admin), f"{raw}={raw}")


@pytest.mark.parametrize("name", ["o", "p"])
def test_a_number_that_is_too_long_to_be_read_is_no_500(site: Client, name: str) -> None:
    for model_admin in lists():
        for value in (hostile.HUGE, f"-{hostile.HUGE}"):
            refuse_500(site, url_of(model_admin), urlencode({name: value}))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("name__regex=(", "name__regex"),
        ("name__iregex=(a%2B)%2B%24", "name__iregex"),
        ("pk__in=99999999999999999999", "pk__in"),
        ("id__range=1", "id__range"),
        ("page=abc", "page"),
        ("nothing=1", "nothing"),
        ("distribution__owner_label__regex=(", "distribution__owner_label__regex"),
    ],
)
def test_a_filter_that_a_list_does_not_have_is_left_out_with_a_message(
    superuser: Client, query: str, said: str
) -> None:
    answer = superuser.get(f"/admin/channels_app/channel/?{query}&state__exact=idle", follow=True)
    assert answer.status_code == 200
    assert answer.request["QUERY_STRING"] == "state__exact=idle&e=1"
    assert said in answer.content.decode()


@pytest.mark.parametrize(
    "query", ["state__exact=idle", "view=live", "q=a", "o=1", "p=2", "all=", "e=1", "record__exact=1"]
)
def test_a_filter_that_a_list_has_is_not_redirected(superuser: Client, query: str) -> None:
    assert superuser.get(f"/admin/channels_app/channel/?{query}").status_code == 200


def test_a_timelines_link_is_a_filter(superuser: Client) -> None:
    answer = superuser.get("/admin/lifecycle/transition/?resource_type=channel&resource_id=1")
    assert answer.status_code == 200


@pytest.mark.parametrize("url", ["/admin/channels_app/channel/?q=%00", "/admin/search/?s=%00", "/admin/%00/"])
def test_an_address_with_nul_says_so_on_a_plain_page(superuser: Client, url: str) -> None:
    answer = superuser.get(url)
    assert answer.status_code == 400
    assert "U+0000 NUL" in answer.content.decode()


@pytest.mark.parametrize("page", ["abc", "²", "0", "-1", hostile.BIG, hostile.HUGE])
def test_a_search_page_that_is_none_is_the_first(superuser: Client, page: str) -> None:
    OneOfEverything()
    assert superuser.get("/admin/search/", {"s": "room", "page": page}).status_code == 200


@pytest.mark.parametrize("id", ["²", "٣", "abc", hostile.BIG, hostile.HUGE, "-1", "1.5"])
def test_ids_that_no_row_has_are_not_chosen(superuser: Client, id: str) -> None:
    url = "/admin/channels_app/channel/"
    assert superuser.post(f"{url}bulk/stop/", {"_selected_action": id}).status_code == 302
    chosen = {"action": "verb_stop", "_selected_action": id, "index": "0"}
    assert superuser.post(url, chosen, follow=True).status_code == 200


def test_a_form_that_is_too_large_is_a_413_page(superuser: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = superuser.post("/admin/login/", {"username": "x" * 100})
    assert answer.status_code == 413
    assert "too large" in answer.content.decode()


@pytest.mark.parametrize("text", ["a\u202eb", "a\u200bb", "a\tb"])
def test_names_of_people_and_roles_hold_visible_characters_only(superuser: Client, text: str) -> None:
    answer = superuser.post("/admin/auth/group/add/", {"name": text})
    assert answer.status_code == 200
    assert f"U+{ord(text[1]):04X}" in answer.content.decode()
    superuser.post("/admin/auth/group/add/", {"name": "Cafe\u0301"})
    assert Group.objects.filter(name="Caf\u00e9").exists()
    assert not Group.objects.filter(name=text).exists()


def test_a_breakout_at_the_end_of_time_is_refused_at_its_field(superuser: Client) -> None:
    channel = rows.channel()
    for moment in ("0001-01-01T00:00", "9999-12-31T23:59"):
        form = {"channel": channel.pk, "name": "a", "starts_at": moment}
        answer = superuser.post("/admin/channels_app/breakout/add/", form)
        assert answer.status_code == 422
        assert "years 2000 to 2199" in answer.content.decode()


@pytest.mark.parametrize("name", ["channel", "name", "starts_at", "groups", "interval"])
@pytest.mark.parametrize("value", ["²", "(", hostile.BIG, hostile.HUGE, "abc", "1,²"])
def test_odd_first_values_of_a_form_are_no_500(site: Client, name: str, value: str) -> None:
    for page in ("channels_app/breakout", "auth/user", "django_celery_beat/periodictask"):
        refuse_500(site, f"/admin/{page}/add/", urlencode({name: value}))


@pytest.mark.parametrize("page", ["abc", "last", "²", "-1", "0", hostile.BIG, hostile.HUGE])
def test_odd_pages_of_a_choice_are_no_500(site: Client, page: str) -> None:
    field = {"app_label": "channels_app", "model_name": "breakout", "field_name": "channel"}
    refuse_500(site, "/admin/autocomplete/", urlencode({**field, "page": page, "term": "("}))


def with_arguments(route: str, value: str) -> str:
    path = re.sub(r"<[^>]*>|\(\?P.*", quote(value, safe="", errors="replace"), route)
    return "/" + path.replace("^", "").replace("$", "").replace("\\Z", "")


def sections() -> list[str]:
    """The first parts of the admin's routes: its apps and its own pages."""
    return sorted({route.split("/")[1] for route in addresses()} - {""})


@pytest.mark.parametrize("section", sections(), ids=lambda section: section[:30])
def test_no_page_is_answered_by_a_500(site: Client, section: str) -> None:
    routes = [route for route in addresses() if route.split("/")[1] == section]
    for route in routes:
        for value in ("1", hostile.BIG, "²", "start", "\0", "(", hostile.HUGE)[: volume(3, 7)]:
            url = with_arguments(route, value)
            refuse_500(site, url, urlencode(dict.fromkeys(EVERYWHERE, value), errors="replace"))
