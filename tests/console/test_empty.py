"""Where nothing is yet, a page says what it is for and what is done first."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from channels_app.models import Channel
from streamhub.console.empty import of_list, whom_to_ask
from tests.scenarios import rows

pytestmark = pytest.mark.django_db
CHANNELS = "admin:channels_app_channel_changelist"
BUTTON = 'class="sh-btn sh-primary" href="/admin/channels_app/channel/add/"'


def test_every_list_says_what_it_is_for() -> None:
    silent = [type(each).__name__ for each in admin.site._registry.values() if len(str(each.purpose)) < 40]  # type: ignore[attr-defined]
    assert silent == []


def test_a_viewer_is_told_whom_to_ask(viewer: Client) -> None:
    page = viewer.get(reverse(CHANNELS)).content.decode()
    assert "There are no channels yet." in page
    assert "one encoding pipeline on AWS" in page
    assert whom_to_ask("channels_app.add_channel") in page
    assert BUTTON not in page


def test_who_may_add_one_gets_the_button(superuser: Client) -> None:
    page = superuser.get(reverse(CHANNELS)).content.decode()
    assert BUTTON in page
    assert "Your role may not" not in page


def test_a_filter_that_finds_nothing_is_no_empty_list(superuser: Client) -> None:
    rows.channel(name="stage")
    page = superuser.get(reverse(CHANNELS), {"q": "nothing like it"}).content.decode()
    assert "Nothing matches." in page
    assert "There are no channels yet." not in page
    assert BUTTON not in page


@pytest.mark.parametrize("place", ["p=900", "p=2", "p=2&after_row={0}", "p=3&before_row={0}"])
def test_an_empty_page_does_not_say_that_the_list_is_empty(superuser: Client, place: str) -> None:
    row = rows.channel(name="stage")
    page = superuser.get(f"{reverse(CHANNELS)}?state__exact=idle&{place.format(row.pk)}").content.decode()
    assert "No rows on this page." in page
    assert 'class="sh-btn sh-primary" href="?state__exact=idle"' in page
    assert "There are no channels yet." not in page


def test_a_link_from_another_page_is_a_filter(superuser: Client) -> None:
    breakout = rows.breakout("completed")
    page = superuser.get(reverse("admin:recordings_recording_changelist"), {"breakout": breakout.pk})
    assert "Nothing matches." in page.content.decode()


def test_a_librarys_model_has_a_name_that_a_person_uses(superuser: Client) -> None:
    page = superuser.get(reverse("admin:django_celery_beat_clockedschedule_changelist")).content.decode()
    assert "There are no points in time yet." in page
    assert "Add point in time" in page


def test_the_roles_that_may_add_one_are_named() -> None:
    assert "operator or engineer" in whom_to_ask("channels_app.add_channel")
    assert "administrator" in whom_to_ask("auth.add_user")


def test_what_nobody_adds_has_no_button_and_nobody_to_ask(rf: RequestFactory, admin_user: object) -> None:
    request = rf.get("/")
    request.user = admin_user  # type: ignore[assignment]
    listed = admin.site.get_model_admin(Channel)
    assert of_list(listed, request, filtered=False).button
    transitions = next(each for model, each in admin.site._registry.items() if model.__name__ == "Transition")
    empty = of_list(transitions, request, filtered=False)
    assert (empty.button, empty.ask) == ("", "")


@pytest.mark.parametrize("page", ["admin:live_now", "admin:calendar"])
def test_a_fresh_installation_begins_with_a_channel(superuser: Client, page: str) -> None:
    assert BUTTON in superuser.get(reverse(page)).content.decode()


@pytest.mark.parametrize("desired", ["deleted", None])
def test_the_calendar_of_a_deleted_channel_leads_to_all(superuser: Client, desired: str | None) -> None:
    rows.channel(name="other")
    pk = rows.channel(desired=desired).pk if desired else 4711
    page = superuser.get(reverse("admin:calendar"), {"channel": pk, "view": "week"}).content.decode()
    assert "This channel was deleted." in page
    assert "There are no channels yet." not in page
    address = re.search(r'class="sh-btn sh-primary" href="([^"]*)"', page)
    assert address is not None
    assert "channel=" not in address[1]
    assert "other" in superuser.get(reverse("admin:calendar") + html.unescape(address[1])).content.decode()


@pytest.mark.parametrize("state", ["idle", "deleting"])
def test_no_first_breakout_is_offered_where_none_can_be_planned(superuser: Client, state: str) -> None:
    row = rows.channel(state)
    page = superuser.get(reverse("admin:channels_app_channel_change", args=[row.pk])).content.decode()
    assert "No breakout is planned on it" in page
    button = f'sh-primary" href="/admin/channels_app/breakout/add/?channel={row.pk}"'
    assert (button in page) is (state == "idle")
