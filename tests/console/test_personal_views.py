"""A person's own views: saved, shown, shared by their address, deleted, and nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streamhub.console import personal_views
from streamhub.console.models import NAME_MAX, PersonalView
from tests.scenarios import rows
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db
SAVE = "/admin/views/save/"
LIST = "/admin/channels_app/breakout/"
CHANNELS = "/admin/channels_app/channel/"
BREAKOUT = "channels_app.breakout"


def save(client: Client, name: str = "ours", query: str = "customer=ACME", model: str = BREAKOUT) -> Any:
    return client.post(SAVE, {"model": model, "name": name, "query": query})


def delete(client: Client, view: PersonalView) -> int:
    return client.post(f"/admin/views/{view.pk}/delete/").status_code


def names(client: Client, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200
    return [row.name for row in answer.context["cl"].result_list]


def test_a_view_is_saved_and_its_address_shows_the_same_to_everybody(as_role: As) -> None:
    mine, other = as_role("viewer"), as_role("operator")
    rows.breakout(name="theirs")
    rows.breakout(name="ours", customer="ACME")
    answer = save(mine, "ACME's shows", "customer=ACME&p=3&view=planned&tag=")
    assert answer.status_code == 302
    assert answer["Location"] == f"{LIST}?customer=ACME&view=planned"
    for client in (mine, other):
        assert names(client, answer["Location"]) == ["ours"]
    assert "ACME&#x27;s shows" in mine.get(LIST).content.decode()
    assert "ACME&#x27;s shows" not in other.get(LIST).content.decode()
    assert "ACME&#x27;s shows" not in mine.get(CHANNELS).content.decode()


def test_what_is_shown_is_marked_and_not_offered_to_be_saved_again(as_role: As) -> None:
    client = as_role("viewer")
    save(client)
    html = client.get(f"{LIST}?customer=ACME").content.decode()
    assert 'href="?customer=ACME" class="sh-on" aria-current="page"' in html
    assert "Save these filters as" not in html
    assert "Save these filters as" in client.get(f"{LIST}?customer=Other").content.decode()
    assert "Save these filters as" not in client.get(LIST).content.decode()


def test_the_same_name_again_replaces_the_view(as_role: As) -> None:
    client = as_role("viewer")
    save(client)
    save(client, query="tag=room")
    assert [view.query for view in PersonalView.objects.all()] == ["tag=room"]


def test_only_its_person_deletes_a_view(as_role: As) -> None:
    mine, other = as_role("viewer"), as_role("superuser")
    save(mine)
    view = PersonalView.objects.get()
    assert delete(other, view) == 404
    assert mine.get(f"/admin/views/{view.pk}/delete/").status_code == 405
    assert PersonalView.objects.exists()
    assert delete(mine, view) == 302
    assert not PersonalView.objects.exists()


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", "customer=A", "Give it a name"),
        ("n" * (NAME_MAX + 1), "customer=A", "Give it a name"),
        ("a\u202eb", "customer=A", "not saved"),
        ("empty", "", "Choose filters first"),
        ("page", "p=2&e=1", "Choose filters first"),
        ("long", "q=" + "x" * 2000, "too many"),
    ],
    ids=["nameless", "long-name", "turned", "nothing", "only-a-page", "long-query"],
)
def test_what_cannot_be_a_view_is_refused(as_role: As, name: str, query: str, said: str) -> None:
    client = as_role("viewer")
    answer = save(client, name, query)
    assert not PersonalView.objects.exists()
    assert said in client.get(answer["Location"]).content.decode()


def test_a_person_has_so_many_of_a_list_at_most(as_role: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal_views, "MOST", 2)
    client = as_role("viewer")
    for number in range(3):
        save(client, f"view {number}")
    save(client, "view 0", "tag=room")  # an old one can still change
    save(client, "of channels", model="channels_app.channel")
    found = PersonalView.objects.filter(model=BREAKOUT).order_by("name")
    assert [(view.name, view.query) for view in found] == [
        ("view 0", "tag=room"),
        ("view 1", "customer=ACME"),
    ]
    assert PersonalView.objects.count() == 3


def test_nobody_saves_a_view_of_what_they_may_not_see(as_role: As) -> None:
    viewer = as_role("viewer")
    assert save(viewer, model="access.apitoken").status_code == 403
    assert save(viewer, model="nothing.here").status_code == 404
    assert save(Client()).status_code == 302
    assert not PersonalView.objects.exists()


def test_many_views_take_as_many_queries_as_one(as_role: As) -> None:
    client = as_role("viewer")
    save(client)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    few = queries()
    for number in range(8):
        save(client, f"view {number}", f"customer={number}")
    client.get(LIST)  # shows the messages
    assert queries() == few


# --- filters of channels ---------------------------------------------------------------------------


def test_channels_are_found_by_tag_day_of_a_show_and_creation(as_role: As) -> None:
    client = as_role("viewer")
    now = timezone.now()
    room = rows.channel(name="room", tags={"room": "a", "floor": "2"})
    rows.channel(name="other", tags={"room": "b"})
    old = rows.channel(name="old", created_at=now - timedelta(days=40))
    tomorrow = now + timedelta(days=1)
    rows.breakout("idle", room, starts_at=tomorrow)
    rows.breakout("cancelled", old, starts_at=tomorrow)
    assert names(client, f"{CHANNELS}?tag=room%3Da") == ["room"]
    assert names(client, f"{CHANNELS}?tag=room") == ["other", "room"]
    assert names(client, f"{CHANNELS}?day={tomorrow:%Y-%m-%d}") == ["room"]
    assert names(client, f"{CHANNELS}?before={now - timedelta(days=30):%Y-%m-%d}") == ["old"]
    assert names(client, f"{CHANNELS}?from={now - timedelta(days=30):%Y-%m-%d}") == ["other", "room"]
    assert names(client, f"{CHANNELS}?tag=room&day={tomorrow:%Y-%m-%d}") == ["room"]
    for wrong in ("day=yesterday", "from=0", "before=9999-99-99"):
        assert names(client, f"{CHANNELS}?{wrong}") == []
