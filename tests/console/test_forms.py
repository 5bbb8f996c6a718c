"""Forms say every problem at once, each at its field, keep what was typed, and follow the choice."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from billing.pricing.pages import RateForm
from billing.pricing.services import price_book
from channels_app.admin.forms import ChannelForm
from channels_app.admin.planning_forms import BreakoutForm, SeriesForm
from channels_app.models import Breakout, Channel
from streamhub.console.admin.webhook_forms import AddForm, ChangeForm
from streamhub.console.forms import ConsoleForm
from tests.scenarios import rows
from tests.scenarios.browsing import OpenPage, opened
from tests.scenarios.packages import PRODUCT

pytestmark = pytest.mark.django_db

ADD = "admin:channels_app_channel_add"
GOOD = {
    "name": "stage",
    "input_type": "RTMP_PUSH",
    "allowed_cidrs": "203.0.113.7/32",
    "channel_class": "SINGLE_PIPELINE",
    "encoding_profile": "1080p50",
}
ALL_WRONG = {**GOOD, "name": "Taken", "allowed_cidrs": "0.0.0.0/0", "encoding_profile": "8k", "tags": "no"}


def subclasses(kind: type) -> set[type]:
    return {each for child in kind.__subclasses__() for each in {child, *subclasses(child)}}


def test_every_form_of_the_console_is_a_console_form() -> None:
    plain = {
        each.__qualname__
        for each in subclasses(forms.Form) - subclasses(ConsoleForm) - {ConsoleForm}
        if each.__module__.split(".")[0] in PRODUCT and "signin" not in each.__module__
    }
    assert plain == set()


def test_all_problems_of_a_channel_are_said_at_once() -> None:
    rows.channel(name="taken")
    form = ChannelForm(ALL_WRONG)
    assert {"name", "allowed_cidrs", "encoding_profile", "tags"} == set(form.errors)


@pytest.mark.parametrize(
    ("form", "data", "wrong"),
    [
        pytest.param(
            BreakoutForm,
            {"name": "x" * 129, "starts_at": "2020-01-01T10:00", "duration_minutes": "0"},
            {"channel", "name", "starts_at", "duration_minutes"},
            id="breakout",
        ),
        pytest.param(
            SeriesForm,
            {"name": "", "first": "soon", "zone": "UTC", "repeats": "daily", "times": "99"},
            {"channel", "name", "first", "times"},
            id="series",
        ),
        pytest.param(
            AddForm,
            {"url": "ftp://x", "format": "stripe"},
            {"name", "url", "event_name", "api_key"},
            id="meter",
        ),
        pytest.param(AddForm, {"name": "a", "format": "cloudevents"}, {"url", "kinds"}, id="webhook"),
    ],
)
def test_all_problems_are_said_at_once(
    form: type[ConsoleForm], data: dict[str, str], wrong: set[str]
) -> None:
    assert set(form(data).errors) == wrong


def test_all_problems_of_a_rate_are_said_at_once() -> None:
    form = RateForm({"region": "moon", "tiers": "many", "valid_from": "soon"}, book=price_book())
    assert set(form.errors) == {"usage", "tiers", "valid_from", "source"}


def test_what_belongs_to_another_choice_is_left_out() -> None:
    pulled = {
        "input_type": "URL_PULL",
        "source_urls": "https://media.example.com/live/index.m3u8",
        "allowed_cidrs": "nonsense",
        "second_input": "PIGEON",
    }
    form = ChannelForm({**GOOD, **pulled})
    assert form.errors == {}
    assert form.cleaned_data["allowed_cidrs"] == []
    assert form.cleaned_data["second_input"] is None
    assert "nonsense" in str(form["allowed_cidrs"])  # it is kept for who chooses push again


def test_what_is_typed_for_another_input_is_no_source() -> None:
    form = ChannelForm({**GOOD, "source_urls": "https://example.com/a"})
    assert form.errors == {}
    assert form.cleaned_data["source_urls"] == []


@pytest.mark.parametrize(("kind", "has"), [("stripe", {"api_key", "event_name"}), ("cloudevents", {"kinds"})])
def test_an_endpoint_is_edited_with_the_fields_of_its_format(kind: str, has: set[str]) -> None:
    form = ChangeForm(initial={"format": kind})
    assert set(form.fields) & {"api_key", "event_name", "kinds"} == has


JARGON = re.compile(r"Ensure this|valid choice|This field|Enter a valid")


def test_the_page_leads_from_its_summary_to_each_field(superuser: Client) -> None:
    rows.channel(name="taken")
    response = superuser.post(reverse(ADD), {**ALL_WRONG, "input_type": ""})
    assert response.status_code == 422
    page = response.content.decode()
    ids = re.findall(r'\bid="([^"]+)"', page)
    summary = re.search(r'<div class="sh-refusal sh-problems".*?</div>', page, re.DOTALL)
    assert summary is not None
    links = re.findall(r'href="#([^"]+)"', summary[0])
    assert links == [f"id_{name}" for name in ("name", "input_type", "encoding_profile", "tags")]
    assert set(links) <= set(ids)
    described = {name for names in re.findall(r'aria-describedby="([^"]*)"', page) for name in names.split()}
    assert described
    assert described <= set(ids)
    invalid = re.findall(r'<(?:input|select|textarea)[^>]*aria-invalid="true"[^>]*>', page, re.DOTALL)
    assert len(invalid) == len(links)
    assert ["autofocus" in field for field in invalid] == [True, False, False, False]
    assert not JARGON.search(page)


def test_a_wrong_confirmation_is_said_at_its_field_and_changes_nothing(superuser: Client) -> None:
    show = rows.breakout(state="running")
    url = reverse("admin:channels_app_breakout_do", args=[show.pk, "stop"])
    response = superuser.post(url, {"typed": "stpo"})
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="stpo"' in page
    assert 'id="typed_error"' in page
    show.refresh_from_db()
    assert show.state == "running"


def test_a_wrong_confirmation_of_several_keeps_what_was_chosen(superuser: Client) -> None:
    chosen = [rows.breakout(), rows.breakout()]
    url = reverse("admin:channels_app_breakout_bulk", args=["cancel"])
    response = superuser.post(url, {"_selected_action": [row.pk for row in chosen], "typed": ""})
    assert response.status_code == 422
    for row in chosen:
        assert f'name="_selected_action" value="{row.pk}"' in response.content.decode()


def test_a_refused_edit_keeps_what_was_typed(superuser: Client) -> None:
    first, second = rows.channel(name="one"), rows.channel(name="two")
    url = reverse("admin:channels_app_channel_do", args=[second.pk, "edit"])
    response = opened(superuser, url).send(name=first.name, tags="team=events")
    assert response.status_code == 422
    assert "exists already" in response.context["form"].errors["name"][0]
    assert "team=events" in response.content.decode()


def edit_page(client: Client, row: Any) -> OpenPage:
    return opened(client, reverse(f"admin:channels_app_{row._meta.model_name}_do", args=[row.pk, "edit"]))


def test_what_a_channel_cannot_change_any_more_is_refused_and_not_dropped(superuser: Client) -> None:
    row = rows.channel(name="one", allowed_cidrs=["203.0.113.7/32"], encoding_profile="720p", record=True)
    page = edit_page(superuser, row)
    Channel.objects.update(state="running", desired="running")
    response = page.send("record", name="two", encoding_profile="1080p50")
    row.refresh_from_db()
    assert (response.status_code, row.name) == (422, "one")
    text = response.content.decode()
    assert "Its encoding profile can be changed only while it is idle. Nothing was changed." in text
    assert "Whether it records can be changed only while it is idle. Nothing was changed." in text
    assert page.send(name="two").status_code == 302
    row.refresh_from_db()
    assert (row.name, row.encoding_profile, row.record) == ("two", "720p", True)


def test_what_a_breakout_cannot_change_any_more_is_refused_and_not_dropped(superuser: Client) -> None:
    row = rows.breakout(name="one")
    page = edit_page(superuser, row)
    Breakout.objects.update(state="running")
    response = page.send(name="two", starts_at="2030-06-01T12:00")
    row.refresh_from_db()
    assert (response.status_code, row.name) == (422, "one")
    assert "Starts at (UTC) cannot be changed any more. Nothing was changed." in response.content.decode()
    assert page.send(name="two").status_code == 302
    row.refresh_from_db()
    assert row.name == "two"
