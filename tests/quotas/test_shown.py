"""Quotas in the API, on their page, on the dashboard, and before something is created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel
from distributions import services
from distributions.models import Distribution
from streamhub.access.services import token_issue
from streamhub.quotas.models import Quota
from streamhub.quotas.tasks import read_quotas
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

As = Callable[[str], Client]


def get_quotas(client: Client, *scopes: str) -> Any:
    token = token_issue("reader", list(scopes))[1]
    return client.get("/api/v1/quotas", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def almost_full(stage: Channel, world: WorldUnderTest) -> None:
    world.control.console("cloudfront", "set_quota", distributions=2)
    read_quotas()
    world.observe()


def test_the_api_lists_quotas_with_the_least_room_first(almost_full: None, client: Client) -> None:
    answer = get_quotas(client, "channels:read")
    assert answer.status_code == 200
    assert answer.json()["next"] is None
    items = answer.json()["items"]
    assert len(items) == 7
    assert {**items[0], "observed_at": None} == {
        "service": "cloudfront",
        "name": "Web distributions per AWS account",
        "limit": 2,
        "used": 1,
        "headroom": 1,
        "source": "service-quotas",
        "observed_at": None,
    }
    assert items[0]["observed_at"].endswith("Z")


def test_the_api_needs_a_scope(db: None, client: Client) -> None:
    assert get_quotas(client, "usage:read").status_code == 403


def test_before_the_first_count_headroom_is_null(db: None, client: Client) -> None:
    (first, *_others) = get_quotas(client, "channels:read").json()["items"]
    assert (first["headroom"], first["used"], first["observed_at"], first["source"]) == (
        None,
        0,
        None,
        "default",
    )


def test_the_page_and_the_dashboard_show_the_least_room_first(almost_full: None, as_role: As) -> None:
    client = as_role("viewer")
    page = client.get(reverse("admin:quotas")).content.decode()
    assert page.index("CloudFront distributions") < page.index("MediaLive channels")
    assert "Limits that could not be read" not in page
    dashboard = client.get(reverse("admin:index")).content.decode()
    assert "of 2 CloudFront distributions left" in dashboard


def test_the_page_says_which_limits_could_not_be_read(world: WorldUnderTest, as_role: As) -> None:
    world.control.fault("service-quotas:*", "access_denied", times=None)
    read_quotas()
    page = as_role("viewer").get(reverse("admin:quotas")).content.decode()
    assert "servicequotas:ListServiceQuotas" in page
    assert "AWS&#x27;s default" in page


def test_the_page_changes_nothing_and_needs_a_role(db: None, as_role: As, client: Client) -> None:
    assert as_role("viewer").post(reverse("admin:quotas")).status_code == 405
    assert client.get(reverse("admin:quotas")).status_code == 302


def test_the_form_and_the_confirmation_say_how_much_is_left(
    almost_full: None, superuser: Client, world: WorldUnderTest
) -> None:
    form = superuser.get(reverse("admin:channels_app_channel_add")).content.decode()
    assert "1 of 2 CloudFront distributions left." in form
    services.distribution_detach(Distribution.objects.get(), who=TESTER)
    page = reverse("admin:channels_app_channel_change", args=[Channel.objects.get().pk])
    url = page.replace("/change/", "/do/create-distribution/")
    assert "1 of 2 CloudFront distributions left." in superuser.get(url).content.decode()
    world.control.console("cloudfront", "set_quota", distributions=1)
    Quota.objects.update(tried_at=None)
    read_quotas()
    full = superuser.get(url).content.decode()
    assert "0 of 1 CloudFront distributions left. A new one waits until there is room" in full


def test_a_waiting_row_says_on_its_page_what_frees_a_place(
    almost_full: None, superuser: Client, world: WorldUnderTest
) -> None:
    world.control.console("cloudfront", "set_quota", distributions=1)
    Quota.objects.update(tried_at=None)
    read_quotas()
    going = Distribution.objects.get()
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=TESTER)
    services.distribution_detach(going, who=TESTER)
    world.step_all()
    page = superuser.get(reverse("admin:distributions_distribution_change", args=[row.pk])).content.decode()
    assert f"{going.aws_distribution_id} is being deleted and frees a place" in page
