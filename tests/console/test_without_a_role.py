"""Who has no role sees nothing of the installation, and viewers see no address that can be used."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_app.models import Channel
from tests.scenarios import rows

SECRET = "rtmp://203.0.113.5/live/geheim"


def test_staff_without_a_role_are_told_what_to_ask_for(as_role: Any, settings: Any, stage: Channel) -> None:
    settings.STREAMHUB_ENVIRONMENT = "blue-house"
    page = as_role("nobody").get("/admin/").content.decode()
    assert "Ask an administrator to give you one of the roles viewer, operator, engineer" in page
    for secret in ("blue-house", settings.AWS_REGION, "111122223333", stage.name):
        assert secret not in page


def test_the_sign_in_page_names_no_environment(client: Client, db: None, settings: Any) -> None:
    settings.STREAMHUB_ENVIRONMENT = "blue-house"
    page = client.get("/admin/login/").content.decode()
    assert "EMBEDDED AWS" in page
    assert "blue-house" not in page
    assert settings.AWS_REGION not in page


@pytest.mark.parametrize(("role", "sees"), [("viewer", False), ("operator", True), ("engineer", True)])
def test_ingest_and_sources_are_for_operators(as_role: Any, role: str, sees: bool) -> None:
    client = as_role(role)
    pushed = rows.channel(name="push", input_urls=[SECRET])
    breakout = rows.breakout(channel=pushed)
    pulled = rows.channel(name="pull", input_type="RTMP_PULL", source_urls=["rtmp://source.example/geheim"])
    for url in (
        f"/admin/channels_app/channel/{pushed.pk}/change/",
        f"/admin/channels_app/channel/{pushed.pk}/live/",
        f"/admin/channels_app/breakout/{breakout.pk}/change/",
        f"/admin/channels_app/channel/{pulled.pk}/change/",
    ):
        page = client.get(url).content.decode()
        assert ("geheim" in page) is sees, url
        assert ("For operators" in page) is not sees, url
