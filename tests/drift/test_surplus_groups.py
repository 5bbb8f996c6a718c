"""Surplus security groups: drift's job deletes them an hour after it first saw them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from channels_app.models import Channel, SecurityGroup
from channels_app.tasks import release_unused_security_groups
from drift import services as drift
from drift.models import DriftSighting
from drift.tasks import drift_report
from streamhub.aws.medialive import MediaLive
from streamhub.aws.ownership import tags
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios.rows import delete_rows
from tests.scenarios.stage import STACK
from tests.scenarios.truth import run_drift_twice
from tests.scenarios.world import WorldUnderTest

UID = "0123456789abcdef" * 2


def create_group(
    world: WorldUnderTest, owner: str, *, environment: str = "local", resource: str = "security-group"
) -> str:
    """Create a group that no row knows; returns its id."""
    marked = tags(environment, resource, owner)
    return MediaLive(world.session).create_security_group(["203.0.113.7/32"], marked).id


@pytest.fixture
def twin(world: WorldUnderTest, stage: Channel) -> str:
    """A second group with the same mark as the stage's own; its id."""
    return create_group(world, SecurityGroup.objects.get().uid)


def groups_on_aws(world: WorldUnderTest) -> set[str]:
    return {group["id"] for group in world.control.inventory()["medialive"]["input_security_groups"]}


def let_time_pass(**time: int) -> None:
    DriftSighting.objects.update(first_seen_at=F("first_seen_at") - timedelta(**time))


def outcome() -> str:
    return Job.objects.get(name="drift").outcome


# --- what is deleted -------------------------------------------------------------------------------


def test_an_unused_duplicate_is_deleted_after_an_hour(world: WorldUnderTest, twin: str) -> None:
    own = SecurityGroup.objects.get().aws_id
    release_unused_security_groups()
    drift_report()
    assert (groups_on_aws(world), outcome()) == ({own, twin}, "duplicate: 1")
    let_time_pass(minutes=59)
    drift_report()
    assert groups_on_aws(world) == {own, twin}
    let_time_pass(minutes=2)
    drift_report()
    assert groups_on_aws(world) == {own}
    assert outcome() == "no drift; security groups deleted: 1"
    assert drift.last_report().agrees
    (note,) = Transition.objects.filter(resource_type="security_group", resource_name=twin)
    assert (note.who, note.why) == ("drift", f"drift: {twin} is deleted.")


def test_an_orphan_group_is_deleted_as_well(world: WorldUnderTest, stage: Channel) -> None:
    orphan = create_group(world, UID)
    run_drift_twice()
    assert orphan not in groups_on_aws(world)


def test_a_failed_deletion_is_tried_again_by_the_next_run(world: WorldUnderTest, twin: str) -> None:
    drift_report()
    let_time_pass(hours=1)
    world.control.fault("medialive:DeleteInputSecurityGroup", "access_denied", times=None)
    drift_report()
    assert (twin in groups_on_aws(world), outcome()) == (True, "duplicate: 1")
    world.control.clear_faults()
    drift_report()
    assert twin not in groups_on_aws(world)


# --- what stays ------------------------------------------------------------------------------


def test_a_group_that_an_input_uses_is_never_deleted(world: WorldUnderTest, twin: str) -> None:
    MediaLive(world.session).create_input(
        "by-hand", "by hand", "RTMP_PUSH", security_group_ids=[twin], destinations=["a/b"], tags={}
    )
    world.control.clear_calls()
    for _ in range(3):
        run_drift_twice()
    assert twin in groups_on_aws(world)
    assert "medialive:DeleteInputSecurityGroup" not in world.counts()


@pytest.mark.parametrize(
    "other", [{"environment": "production"}, {"resource": "channel"}], ids=["environment", "resource"]
)
def test_a_group_that_is_not_ours_is_never_deleted(
    world: WorldUnderTest, stage: Channel, other: dict[str, str]
) -> None:
    foreign = create_group(world, UID, **other)
    world.control.console("medialive", "create_foreign_input_security_group", cidr="10.0.0.0/8", tags={})
    for _ in range(3):
        run_drift_twice()
    assert len(groups_on_aws(world)) == 3
    assert foreign in groups_on_aws(world)


@pytest.mark.parametrize(
    "row",
    [
        {"aws_id": ""},
        {"aws_id": "", "not_before": Now()},
        {"aws_id": "", "create_sent_at": Now(), "claim_token": "a step"},
        {"not_before": Now()},
        {"suspect_since": Now()},
        {"aws_id": "7777777"},
    ],
    ids=["has no id", "is due", "creates one", "has a step to take", "suspects a loss", "has lost its own"],
)
def test_a_group_that_its_row_may_be_about_to_adopt_is_never_deleted(
    world: WorldUnderTest, twin: str, row: dict[str, Any]
) -> None:
    drift_report()
    let_time_pass(hours=2)
    sightings = list(DriftSighting.objects.all())
    SecurityGroup.objects.update(**row)
    drift_report()
    # Even if the group had its sightings all the time.
    DriftSighting.objects.bulk_create(sightings, ignore_conflicts=True)
    drift_report()
    assert twin in groups_on_aws(world)


def test_all_other_surplus_is_left_to_staff(world: WorldUnderTest, stage: Channel) -> None:
    delete_rows()
    for _ in range(3):
        run_drift_twice()
    assert world.left() == STACK


def test_staff_may_delete_a_duplicate_as_well(world: WorldUnderTest, twin: str) -> None:
    drift.report()
    let_time_pass(hours=1)
    (finding,) = drift.report().findings
    assert drift.preview(finding, "delete") == f"{twin} is deleted."
