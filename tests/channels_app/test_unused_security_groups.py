"""Security groups that no channel uses, and security groups that AWS refuses."""

from __future__ import annotations

import pytest
from django.utils import timezone

from channels_app.models import Channel, SecurityGroup
from channels_app.services import channel_create, channel_delete, channel_retry
from channels_app.tasks import release_unused_security_groups
from streamhub.aws.medialive import MediaLive
from streamhub.errors import Refused
from streamhub.lifecycle.models import Job
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest


def outcome() -> str:
    return Job.objects.get(name="release_unused_security_groups").outcome


def test_a_group_without_channels_is_deleted(world: WorldUnderTest) -> None:
    SecurityGroup.objects.create(cidrs="203.0.113.7/32")
    release_unused_security_groups()
    assert outcome() == "1 unused security group released"
    world.settle()
    assert not SecurityGroup.objects.exists()


def test_a_group_with_a_channel_is_kept(world: WorldUnderTest) -> None:
    channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    release_unused_security_groups()
    assert outcome() == "0 unused security groups released"
    assert SecurityGroup.objects.get().desired == "present"


def test_a_group_used_again_while_it_is_deleted_is_not_suspected_any_more(world: WorldUnderTest) -> None:
    channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    channel_delete(Channel.objects.get(), who=TESTER)
    world.settle(until=lambda: SecurityGroup.objects.get().desired == "deleted")
    SecurityGroup.objects.update(suspect_since=timezone.now())  # a NotFound just before it is deleted
    world.step_all()
    assert SecurityGroup.objects.get().gone_at is not None
    channel_create("another", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle(until=lambda: Channel.objects.get(name="another").state == "idle", rounds=30)
    assert SecurityGroup.objects.get().suspect_since is None


def test_a_group_that_aws_refuses_fails_its_channel_with_the_reason_and_retry_repairs_both(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise Refused("Invalid CIDR.", code="BadRequestException", request_id="abc-1")

    with monkeypatch.context() as patch:
        patch.setattr(MediaLive, "create_security_group", refuse)
        channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
        world.settle(until=lambda: Channel.objects.get().state == "failed", rounds=30)
    row = Channel.objects.get()
    assert (row.error_code, row.error_request_id) == ("BadRequestException", "abc-1")
    assert "203.0.113.7/32" in row.error_message
    assert "Invalid CIDR." in row.error_message
    channel_retry(row, who=TESTER)
    world.settle(until=lambda: Channel.objects.get().state == "idle", rounds=30)
    assert SecurityGroup.objects.get().state == "ready"


def test_a_new_channel_retries_a_refused_group(world: WorldUnderTest) -> None:
    SecurityGroup.objects.create(
        cidrs="203.0.113.7/32", state="failed", error_code="BadRequestException", failed_step="create"
    )
    channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle(until=lambda: Channel.objects.get().state == "idle", rounds=30)
    group = SecurityGroup.objects.get()
    assert (group.state, group.error_code, group.failed_step) == ("ready", "", "")
