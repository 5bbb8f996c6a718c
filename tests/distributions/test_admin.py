"""Distributions in the admin: the configuration page and re-attaching."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.scenarios import rows


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


def test_the_configuration_page_shows_what_was_last_read(staff: Client) -> None:
    row = rows.distribution(config={"PriceClass": "PriceClass_100"})
    url = reverse("admin:distributions_distribution_configuration", args=[row.pk])
    assert "PriceClass_100" in staff.get(url).content.decode()
    row.refresh_from_db()
    assert row.config_requested is False


def test_viewing_a_missing_configuration_does_not_request_it(staff: Client) -> None:
    row = rows.distribution()
    url = reverse("admin:distributions_distribution_configuration", args=[row.pk])
    assert "has not been read yet" in staff.get(url).content.decode()
    row.refresh_from_db()
    assert (row.config_requested, row.generation) == (False, 0)


def test_reattaching_finds_the_channel_of_its_origin(staff: Client) -> None:
    row = rows.distribution("disabled", attached=False, desired="deleted")
    channel = rows.channel(endpoint_url=row.origin_url)
    staff.post(reverse("admin:distributions_distribution_do", args=[row.pk, "reattach"]))
    channel.refresh_from_db()
    row.refresh_from_db()
    assert channel.distribution == row
    assert (row.attached, row.desired) == (True, "enabled")


def test_reattaching_without_its_channel_is_refused_with_a_reason(staff: Client) -> None:
    row = rows.distribution("disabled", attached=False, desired="deleted")
    url = reverse("admin:distributions_distribution_do", args=[row.pk, "reattach"])
    assert "is gone" in staff.get(url).content.decode()
    assert "is gone" in staff.post(url, follow=True).content.decode()
