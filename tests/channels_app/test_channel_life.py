"""Creating and deleting channels against the embedded AWS, in process."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from channels_app.models import Channel, SecurityGroup
from channels_app.services import channel_create, channel_delete, channel_retry
from distributions.models import Distribution
from streamhub.lifecycle import intent
from streamhub.lifecycle.models import Listing, Priority, Transition
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios import passing_time, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

CIDRS = ["203.0.113.7/32"]


def create(name: str = "main stage", **options: object) -> Channel:
    return channel_create(name, who=TESTER, allowed_cidrs=CIDRS, **options)  # type: ignore[arg-type]


def test_creating_a_channel_creates_each_aws_resource_once(world: WorldUnderTest) -> None:
    row = create(tags={"team": "events"})
    world.settle()
    row.refresh_from_db()
    assert row.state == "idle", row.error
    assert row.endpoint_url.endswith(".m3u8")
    assert len(row.input_urls) == 2
    assert row.distribution is not None
    assert row.distribution.state == "deployed"
    assert row.distribution.domain_name.endswith("cloudfront.net")
    assert world.creates() == {
        "mediapackage:CreateChannel": 1,
        "mediapackage:CreateOriginEndpoint": 1,
        "medialive:CreateInputSecurityGroup": 1,
        "medialive:CreateInput": 1,
        "medialive:CreateChannel": 1,
        "cloudfront:CreateDistributionWithTags": 1,
    }
    assert world.illegal() == []


def test_deleting_a_channel_leaves_only_its_distribution_for_the_reaper(world: WorldUnderTest) -> None:
    row = create()
    world.settle()
    channel_delete(row, who=TESTER)
    world.settle()
    assert not Channel.objects.exists()
    assert not SecurityGroup.objects.exists()
    distribution = Distribution.objects.get()
    assert (distribution.state, distribution.desired) == ("disabled", "deleted")
    world.reap()
    world.settle()
    assert not Distribution.objects.exists()
    assert world.left() == {}
    assert world.illegal() == []


@pytest.mark.parametrize(
    "refused",
    [
        ("medialive:DescribeChannel", "medialive:ListChannels"),
        ("mediapackage:DescribeOriginEndpoint", "mediapackage:ListOriginEndpoints"),
    ],
    ids=["MediaLive", "MediaPackage"],
)
def test_a_deletion_that_aws_refuses_is_still_a_deletion_after_retry(
    world: WorldUnderTest, refused: tuple[str, str]
) -> None:
    """Its list too: else that may prove that the part is gone, and the deletion goes on without anybody."""
    row = create()
    world.settle()
    error = {"code": "BadRequestException", "status": 400, "message": "Not this one"}
    for operation in refused:
        world.control.fault(operation, "refuse", times=None, error=error)
    channel_delete(row, who=TESTER)
    world.settle()
    row.refresh_from_db()
    assert row.state == "failed"
    serials = (row.ml_channel_serial, row.ml_input_serial)
    channel_retry(row, who=TESTER)
    row.refresh_from_db()
    assert (row.state, row.desired) == ("deleting", "deleted")
    assert (row.ml_channel_serial, row.ml_input_serial) == serials  # nothing is created again
    world.control.clear_faults()
    world.settle()
    assert not Channel.objects.exists()
    states = Transition.objects.filter(resource_type="channel").exclude(from_state=F("to_state"))
    assert list(states.order_by("pk").values_list("to_state", flat=True))[-4:-1] == [
        "deleting",
        "failed",
        "deleting",
    ]


def test_an_input_is_deleted_only_after_a_read_that_says_it_is_detached(
    world: WorldUnderTest, settings: Any
) -> None:
    """A list that was read before the input got its channel says so too, and its mark is fresh."""
    stage.with_channel(world)
    settings.OBSERVE_SECONDS, settings.FULL_OBSERVE_SECONDS = 15, 300
    Channel.objects.update(ml_input_state="DETACHED")
    Listing.objects.update(listed_at=Now())
    world.control.clear_calls()
    world.control.scale(1.0)
    stage.delete(world)
    for _ in range(4):
        passing_time.step_due()
    deleted = {name for name in world.counts() if ":Delete" in name}
    assert deleted == {"medialive:DeleteChannel", "mediapackage:DeleteOriginEndpoint"}
    world.control.advance(500)
    world.control.scale(0.0)
    world.settle(until=lambda: not Channel.objects.exists())
    assert world.counts()["medialive:DeleteInput"] == 1
    assert world.illegal() == []


def test_channels_with_the_same_cidrs_share_one_security_group(world: WorldUnderTest) -> None:
    rows = [create(f"stage {n}") for n in range(3)]
    world.settle()
    assert world.counts()["medialive:CreateInputSecurityGroup"] == 1
    channel_delete(rows[0], who=TESTER)
    world.settle()
    assert SecurityGroup.objects.get().state == "ready"


def test_a_new_channel_waits_while_its_security_group_is_being_deleted(world: WorldUnderTest) -> None:
    create("stage")
    world.settle()
    SecurityGroup.objects.update(state="deleting")
    row = create("hall")
    for _ in range(8):
        Channel.objects.filter(pk=row.pk).update(not_before=Now())
        reconcile("channels_app.channel", row.pk)
    row.refresh_from_db()
    assert (row.mp_endpoint_id != "", world.creates()["medialive:CreateInput"]) == (True, 1)
    intent.requeue(SecurityGroup, [SecurityGroup.objects.get().pk])
    world.settle()
    row.refresh_from_db()
    assert (row.state, SecurityGroup.objects.get().state) == ("idle", "ready")


def test_a_security_group_is_not_deleted_while_a_channel_uses_it(world: WorldUnderTest) -> None:
    create("stage")
    world.settle()
    intent.set_desired(SecurityGroup.objects.get(), desired="deleted", priority=Priority.DELETE)
    world.settle()
    group = SecurityGroup.objects.get()
    assert (group.desired, group.state) == ("present", "ready")
    assert world.counts().get("medialive:DeleteInputSecurityGroup") is None


def test_every_state_change_leaves_one_transition(world: WorldUnderTest) -> None:
    row = create()
    world.settle()
    transitions = Transition.objects.filter(resource_type="channel", resource_id=row.pk).order_by("id")
    changes = transitions.exclude(from_state=F("to_state"))
    assert [entry.to_state for entry in changes] == ["pending", "provisioning", "idle"]


@pytest.mark.parametrize("record", [False, True])
def test_recording_channels_have_an_archive_output(world: WorldUnderTest, record: bool) -> None:
    create(record=record)
    world.settle()
    (channel,) = world.control.inventory()["medialive"]["channels"]
    assert Channel.objects.get().state == "idle"
    assert channel["state"] == "IDLE"
