"""AWS's single reasons reach the person: row, API, timeline and page."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.urls import reverse

from channels_app.models import Channel
from distributions.api import ErrorOut
from streamhub.lifecycle.models import Transition, error_fields_of
from tests.scenarios.stage import channel, create
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db

REASONS = [
    ("encoderSettings.outputGroups[0].name", "A name is required"),
    ("inputSpecification.maximumBitrate", "The bitrate <is> too low"),
]
SHOWN = [{"path": path, "message": message} for path, message in REASONS]


@pytest.fixture
def refused(world: WorldUnderTest) -> Channel:
    """A channel whose settings MediaLive refuses with a message that says nothing."""
    error = {"message": "Invalid request", "reasons": REASONS}
    world.control.fault("medialive:CreateChannel", "refuse", error=error)
    create()
    world.settle(until=lambda: channel().state == "failed")
    return channel()


def test_the_row_and_the_api_have_every_reason(refused: Channel) -> None:
    assert refused.error_message == "Invalid request"
    assert refused.error_validation == SHOWN
    assert ErrorOut.model_validate(refused.error).model_dump()["validation"] == SHOWN
    assert error_fields_of(refused)["error_validation"] == SHOWN


def test_the_timeline_has_every_reason(refused: Channel) -> None:
    entry = Transition.objects.filter(resource_type="channel", to_state="failed").get()
    assert all(path in entry.error and message in entry.error for path, message in REASONS)


def test_the_page_has_every_reason(refused: Channel, superuser: Client) -> None:
    page = superuser.get(reverse("admin:channels_app_channel_change", args=[refused.pk])).content.decode()
    for path, message in REASONS:
        assert f'<li><code class="sh-code">{html.escape(path)}</code> {html.escape(message)}</li>' in page


def test_retry_takes_the_reasons_away(refused: Channel, world: WorldUnderTest, superuser: Client) -> None:
    superuser.post(reverse("admin:channels_app_channel_do", args=[refused.pk, "retry"]))
    assert channel().error_validation == []
