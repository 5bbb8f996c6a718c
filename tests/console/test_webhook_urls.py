"""The path of a receiver's URL may be its secret: who may not edit the endpoint sees its host."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from streamhub.webhooks.models import Endpoint
from tests.scenarios.staff import As

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/services/T0/geheim?key=geheim"
LIST = "admin:webhooks_endpoint_changelist"


@pytest.fixture
def row() -> Endpoint:
    return Endpoint.objects.create(name="chat", url=URL, format="cloudevents", kinds=[])


def pages(client: Client, row: Endpoint) -> list[str]:
    found = [
        client.get(reverse(LIST)),
        client.get(reverse("admin:webhooks_endpoint_change", args=[row.pk])),
        client.get(reverse("admin:webhooks_endpoint_live", args=[row.pk])),
    ]
    assert [answer.status_code for answer in found] == [200, 200, 200]
    return [answer.content.decode() for answer in found]


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_edit_it_sees_the_host(as_role: As, row: Endpoint, role: str) -> None:
    client = as_role(role)
    assert not any("geheim" in page for page in pages(client, row))
    assert all("https://hooks.example.com/…" in page for page in pages(client, row)[:2])
    exported = client.get(reverse("admin:webhooks_endpoint_export")).getvalue().decode()
    assert "hooks.example.com" in exported
    assert "geheim" not in exported


@pytest.mark.parametrize(("role", "hits"), [("viewer", 0), ("superuser", 1)])
def test_nobody_else_finds_the_path_by_guessing(as_role: As, row: Endpoint, role: str, hits: int) -> None:
    client = as_role(role)
    found = client.get(reverse(LIST), {"q": "geh"}).context["cl"].result_list
    assert len(found) == hits
    assert client.get(reverse(LIST), {"q": "cha"}).context["cl"].result_list[0] == row


def test_who_edits_it_sees_all_of_it(superuser: Client, row: Endpoint) -> None:
    page = superuser.get(reverse("admin:webhooks_endpoint_change", args=[row.pk])).content.decode()
    assert "/services/T0/geheim?key=geheim" in page
