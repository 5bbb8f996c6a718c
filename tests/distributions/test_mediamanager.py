"""The MediaManager distribution: registered from the setting, read, explained, and never touched."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from distributions import mediamanager, services
from distributions.models import Distribution
from streamhub.access.actors import system_actor
from streamhub.errors import NotPossible
from streamhub.lifecycle.lease import JobRun
from streamhub.lifecycle.models import Transition
from tests.scenarios.world import WorldUnderTest

ID = "E3FEGSC0PV886G"
PAGE = "/admin/mediamanager/"
BUCKETS = ("streamhub-recordings", "streamhub-media")


def create(world: WorldUnderTest, recording: str, media: str) -> None:
    world.control.console(
        "cloudfront", "create_mediamanager", Id=ID, recording_bucket=recording, media_bucket=media
    )


@pytest.fixture
def here(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """A world that has the distribution, as the embedded process has."""
    settings.MEDIAMANAGER_DISTRIBUTION_ID = ID
    settings.RECORDING_BUCKET, settings.MEDIA_BUCKET = BUCKETS
    create(world, *BUCKETS)
    return world


def registered(world: WorldUnderTest) -> Distribution:
    row = mediamanager.mediamanager_register()
    assert row is not None
    world.settle()
    row.refresh_from_db()
    return row


def writes(world: WorldUnderTest) -> list[str]:
    return [call for call in world.counts() if not call.split(":")[1].startswith(("Get", "List", "Describe"))]


def test_it_is_registered_once_and_read_with_its_configuration(here: WorldUnderTest) -> None:
    row = registered(here)
    assert mediamanager.mediamanager_register() == row
    assert (row.state, row.status, row.enabled) == ("deployed", "Deployed", True)
    assert row.domain_name.endswith(".cloudfront.net")
    assert row.config["Origins"]["Quantity"] == 2
    assert Distribution.objects.count() == 1


def test_another_setting_replaces_the_row_and_leaves_aws_alone(here: WorldUnderTest, settings: Any) -> None:
    old = registered(here)
    settings.MEDIAMANAGER_DISTRIBUTION_ID = "E0000000000000"
    assert mediamanager.mediamanager_register() != old
    assert Distribution.objects.get().aws_distribution_id == "E0000000000000"
    assert Transition.objects.filter(resource_id=old.pk, to_state="deleted").exists()
    settings.MEDIAMANAGER_DISTRIBUTION_ID = ""
    assert mediamanager.mediamanager_register() is None
    assert not Distribution.objects.exists()
    assert writes(here) == []


def test_a_distribution_made_for_a_channel_is_not_taken_for_it(here: WorldUnderTest) -> None:
    Distribution.objects.create(aws_distribution_id=ID, origin_url="https://example.com")
    with pytest.raises(NotPossible, match="made for a channel"):
        mediamanager.mediamanager_register()


def test_whatever_is_done_to_it_outside_nothing_is_written_to_aws(here: WorldUnderTest) -> None:
    row = registered(here)
    here.control.console("cloudfront", "disable", Id=ID)
    mediamanager.mediamanager_look(row)
    here.settle()
    row.refresh_from_db()
    assert (row.state, row.enabled, row.error_code) == ("disabled", False, "")
    assert row.config["Enabled"] is False
    here.control.console("cloudfront", "delete", Id=ID, force=True)
    for _ in range(5):
        mediamanager.mediamanager_look(row)
        here.step_all()
        here.observe()
    here.settle(lambda: Distribution.objects.get().state == "missing")
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("missing", "shared_missing")
    create(here, "other-recordings", "other-media")
    mediamanager.look(JobRun("look_at_mediamanager", "", 1))
    here.settle()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("deployed", "")
    assert writes(here) == []


@pytest.mark.parametrize("verb", ["distribution_detach", "distribution_delete"])
def test_verbs_refuse_it(here: WorldUnderTest, verb: str) -> None:
    with pytest.raises(NotPossible, match="protected"):
        getattr(services, verb)(registered(here), who=system_actor("anna"))


@pytest.mark.parametrize(
    "wanted", [{"desired": "disabled"}, {"desired": "deleted"}, {"attached": True}, {"state": "deleting"}]
)
def test_the_database_refuses_every_other_intent(here: WorldUnderTest, wanted: dict[str, Any]) -> None:
    row = registered(here)
    with pytest.raises(IntegrityError), transaction.atomic():
        Distribution.objects.filter(pk=row.pk).update(**wanted)


def test_the_page_explains_what_was_read(here: WorldUnderTest, as_role: Any) -> None:
    row = registered(here)
    page = as_role("viewer").get(PAGE).content.decode()
    assert row.domain_name in page
    assert "/media-manager/*" in page
    assert "anybody who has a URL can watch" in page
    assert "Look again" not in page


def test_look_again_is_a_post_and_queues_a_reading(here: WorldUnderTest, as_role: Any) -> None:
    row = registered(here)
    operator: Client = as_role("operator")
    assert "Look again" in operator.get(PAGE).content.decode()
    url = reverse("admin:distributions_mediamanager_look")
    assert operator.get(url).status_code == 405
    assert as_role("viewer").post(url).status_code == 403
    assert operator.post(url).status_code == 302
    row.refresh_from_db()
    assert (row.observe_requested, row.config_requested) == (True, True)
    before = row.config_observed_at
    here.settle()
    row.refresh_from_db()
    assert row.config_observed_at > before


def test_without_the_setting_the_page_says_what_to_set(settings: Any, as_role: Any) -> None:
    settings.MEDIAMANAGER_DISTRIBUTION_ID = ""
    page = as_role("operator").get(PAGE).content.decode()
    assert "MEDIAMANAGER_DISTRIBUTION_ID" in page
    assert "Look again" not in page


def test_the_fragment_is_sent_only_when_it_is_new(here: WorldUnderTest, as_role: Any) -> None:
    registered(here)
    viewer: Client = as_role("viewer")
    first = viewer.get(f"{PAGE}live/")
    seen = first["X-StreamHub-Fragment"]
    assert viewer.get(f"{PAGE}live/?seen={seen}").status_code == 204
