"""The MediaManager distribution: registered from the setting, read, explained, and never changed."""

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
def configured(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """A world with the distribution on AWS and in the settings, like the embedded process."""
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


def test_it_is_registered_once_and_read_with_its_configuration(configured: WorldUnderTest) -> None:
    row = registered(configured)
    assert mediamanager.mediamanager_register() == row
    assert (row.state, row.status, row.enabled) == ("deployed", "Deployed", True)
    assert row.domain_name.endswith(".cloudfront.net")
    assert row.config["Origins"]["Quantity"] == 2
    assert Distribution.objects.count() == 1


def test_another_setting_replaces_the_row_and_leaves_aws_alone(
    configured: WorldUnderTest, settings: Any
) -> None:
    old = registered(configured)
    settings.MEDIAMANAGER_DISTRIBUTION_ID = "E0000000000000"
    assert mediamanager.mediamanager_register() != old
    assert Distribution.objects.get().aws_distribution_id == "E0000000000000"
    assert Transition.objects.filter(resource_id=old.pk, to_state="deleted").exists()
    settings.MEDIAMANAGER_DISTRIBUTION_ID = ""
    assert mediamanager.mediamanager_register() is None
    assert not Distribution.objects.exists()
    assert writes(configured) == []


def test_a_setting_that_names_a_channels_distribution_is_refused(configured: WorldUnderTest) -> None:
    Distribution.objects.create(aws_distribution_id=ID, origin_url="https://example.com")
    with pytest.raises(NotPossible, match="made for a channel"):
        mediamanager.mediamanager_register()


def test_changes_from_outside_are_shown_and_nothing_is_written_to_aws(configured: WorldUnderTest) -> None:
    row = registered(configured)
    configured.control.console("cloudfront", "disable", Id=ID)
    mediamanager.mediamanager_look(row)
    configured.settle()
    row.refresh_from_db()
    assert (row.state, row.enabled, row.error_code) == ("disabled", False, "")
    assert row.config["Enabled"] is False
    configured.control.console("cloudfront", "delete", Id=ID, force=True)
    for _ in range(5):
        mediamanager.mediamanager_look(row)
        configured.step_all()
        configured.observe()
    configured.settle(lambda: Distribution.objects.get().state == "missing")
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("missing", "shared_missing")
    create(configured, "other-recordings", "other-media")
    mediamanager.look(JobRun("observe_mediamanager", "", 1))
    configured.settle()
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("deployed", "")
    assert writes(configured) == []


@pytest.mark.parametrize("verb", ["distribution_detach", "distribution_delete"])
def test_verbs_refuse_a_protected_distribution(configured: WorldUnderTest, verb: str) -> None:
    with pytest.raises(NotPossible, match="protected"):
        getattr(services, verb)(registered(configured), who=system_actor("anna"))


@pytest.mark.parametrize(
    "intent", [{"desired": "disabled"}, {"desired": "deleted"}, {"attached": True}, {"state": "deleting"}]
)
def test_the_database_refuses_any_intent_to_change_it(
    configured: WorldUnderTest, intent: dict[str, Any]
) -> None:
    row = registered(configured)
    with pytest.raises(IntegrityError), transaction.atomic():
        Distribution.objects.filter(pk=row.pk).update(**intent)


def test_the_page_explains_what_was_read(configured: WorldUnderTest, as_role: Any) -> None:
    row = registered(configured)
    page = as_role("viewer").get(PAGE).content.decode()
    assert row.domain_name in page
    assert "/media-manager/*" in page
    assert "anyone who has a URL can watch" in page
    assert "Look again" not in page


def test_look_again_is_a_post_and_requests_a_read(configured: WorldUnderTest, as_role: Any) -> None:
    row = registered(configured)
    operator: Client = as_role("operator")
    assert "Look again" in operator.get(PAGE).content.decode()
    url = reverse("admin:distributions_mediamanager_look")
    assert operator.get(url).status_code == 405
    assert as_role("viewer").post(url).status_code == 403
    assert operator.post(url).status_code == 302
    row.refresh_from_db()
    assert (row.observe_requested, row.config_requested) == (True, True)
    before = row.config_observed_at
    configured.settle()
    row.refresh_from_db()
    assert row.config_observed_at > before


def test_without_the_setting_the_page_says_what_to_set(settings: Any, as_role: Any) -> None:
    settings.MEDIAMANAGER_DISTRIBUTION_ID = ""
    page = as_role("operator").get(PAGE).content.decode()
    assert "MEDIAMANAGER_DISTRIBUTION_ID" in page
    assert "Look again" not in page


def test_the_fragment_is_sent_only_when_it_is_new(configured: WorldUnderTest, as_role: Any) -> None:
    registered(configured)
    viewer: Client = as_role("viewer")
    first = viewer.get(f"{PAGE}live/")
    version = first["X-StreamHub-Fragment"]
    assert viewer.get(f"{PAGE}live/", headers={"If-None-Match": version}).status_code == 304
