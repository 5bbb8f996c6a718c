"""A channel may have two inputs with the same mark: drift tells which of them a resource is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_app import services
from channels_app.models import Channel, SecurityGroup
from drift import services as drift
from drift.models import DriftSighting
from drift.services import Finding
from streamhub.aws.medialive import MediaLive
from streamhub.aws.ownership import tags
from streamhub.errors import NotPossible
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import channel, ready
from tests.scenarios.two_inputs import with_failover
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db


@pytest.fixture
def failover(world: WorldUnderTest) -> Channel:
    """An idle channel with two inputs."""
    with_failover(world)
    world.control.clear_calls()
    return channel()


def findings() -> dict[str, Finding]:
    """By the AWS id."""
    return {finding.aws_id: finding for finding in drift.report().findings}


def differences() -> dict[str, str]:
    return {aws_id: str(finding.difference) for aws_id, finding in findings().items()}


def forget(*columns: str) -> None:
    """A failed channel that has lost these ids, as a restored database may."""
    Channel.objects.update(state="failed", not_before=None, **dict.fromkeys(columns, ""))


@pytest.mark.parametrize(
    "columns", [("ml_second_id",), ("ml_input_id",), ("ml_input_id", "ml_second_id")], ids=" ".join
)
def test_each_input_is_adopted_as_the_one_that_it_is(
    world: WorldUnderTest, failover: Channel, columns: tuple[str, ...]
) -> None:
    forget(*columns)
    unclaimed = [each for each in findings().values() if each.difference == "unclaimed"]
    assert {each.aws_id for each in unclaimed} == {getattr(failover, column) for column in columns}
    for finding in unclaimed:
        drift.resolve(finding, "adopt", TESTER)
        world.settle()
    row = channel()
    assert (row.ml_input_id, row.ml_second_id) == (failover.ml_input_id, failover.ml_second_id)
    services.channel_retry(row, who=TESTER)
    world.settle()
    assert ready()
    assert (world.creates(), drift.report().findings) == ({}, ())


def test_an_input_with_the_name_of_a_second_one_is_surplus_of_a_channel_with_one(
    world: WorldUnderTest, stage: Channel
) -> None:
    made = MediaLive(world.session).create_input(
        "b" * 32,
        name=f"{stage.aws_name()}-second",
        type="RTMP_PUSH",
        security_group_ids=[SecurityGroup.objects.get().aws_id],
        destinations=[f"{stage.uid}/c", f"{stage.uid}/d"],
        source_urls=[],
        credentials=None,
        input_class="SINGLE_PIPELINE",
        tags=tags("local", "channel", stage.uid),
        role_arn=None,
    )
    assert differences() == {made.id: "duplicate"}
    with pytest.raises(NotPossible, match="can be deleted from"):
        drift.resolve(findings()[made.id], "delete", TESTER)
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))
    assert "is deleted" in drift.resolve(findings()[made.id], "delete", TESTER)
    assert differences() == {}
