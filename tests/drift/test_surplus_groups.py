"""Security groups that are no row's own: drift's job deletes them, an hour after it first saw them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from channels_app.models import Channel, SecurityGroup
from channels_app.tasks import tidy_security_groups
from drift import services as drift
from drift.models import DriftSighting
from drift.tasks import drift_report
from streamhub.aws.medialive import MediaLive
from streamhub.aws.ownership import tags
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios.rows import forget_rows
from tests.scenarios.stage import STACK
from tests.scenarios.truth import an_hour_of_drift
from tests.scenarios.world import WorldUnderTest

UID = "0123456789abcdef" * 2


def make(
    world: WorldUnderTest, owner: str, *, environment: str = "local", resource: str = "security-group"
) -> str:
    """A group that nobody's row knows; its id."""
    marked = tags(environment, resource, owner)
    return MediaLive(world.session).create_security_group(["203.0.113.7/32"], marked).id


@pytest.fixture
def twin(world: WorldUnderTest, stage: Channel) -> str:
    """A second group with the mark of the stage's."""
    return make(world, SecurityGroup.objects.get().uid)


def there(world: WorldUnderTest) -> set[str]:
    return {group["id"] for group in world.control.inventory()["medialive"]["input_security_groups"]}


def pass_by(**time: int) -> None:
    DriftSighting.objects.update(first_seen_at=F("first_seen_at") - timedelta(**time))


def said() -> str:
    return Job.objects.get(name="drift").outcome


# --- what goes -------------------------------------------------------------------------------


def test_an_unused_twin_stays_for_its_hour_and_is_then_deleted(world: WorldUnderTest, twin: str) -> None:
    own = SecurityGroup.objects.get().aws_id
    tidy_security_groups()
    drift_report()
    assert (there(world), said()) == ({own, twin}, "1 duplicate")
    pass_by(minutes=59)
    drift_report()
    assert there(world) == {own, twin}
    pass_by(minutes=2)
    drift_report()
    assert there(world) == {own}
    assert said() == "no drift; security groups deleted: 1"
    assert drift.last().agrees
    (note,) = Transition.objects.filter(resource_type="security_group", resource_name=twin)
    assert (note.who, note.why) == ("drift", f"drift: {twin} is deleted.")


def test_a_group_that_has_no_row_any_more_goes_as_well(world: WorldUnderTest, stage: Channel) -> None:
    orphan = make(world, UID)
    an_hour_of_drift()
    assert orphan not in there(world)


def test_what_aws_does_not_let_go_now_goes_the_next_time(world: WorldUnderTest, twin: str) -> None:
    drift_report()
    pass_by(hours=1)
    world.control.fault("medialive:DeleteInputSecurityGroup", "access_denied", times=None)
    drift_report()
    assert (twin in there(world), said()) == (True, "1 duplicate")
    world.control.clear_faults()
    drift_report()
    assert twin not in there(world)


# --- what stays ------------------------------------------------------------------------------


def test_one_that_an_input_uses_is_never_deleted(world: WorldUnderTest, twin: str) -> None:
    MediaLive(world.session).create_input(
        "by-hand", "by hand", "RTMP_PUSH", security_group_ids=[twin], destinations=["a/b"], tags={}
    )
    world.control.clear_calls()
    for _ in range(3):
        an_hour_of_drift()
    assert twin in there(world)
    assert "medialive:DeleteInputSecurityGroup" not in world.counts()


@pytest.mark.parametrize(
    "other", [{"environment": "production"}, {"resource": "channel"}], ids=["environment", "resource"]
)
def test_one_that_is_not_ours_is_never_deleted(
    world: WorldUnderTest, stage: Channel, other: dict[str, str]
) -> None:
    foreign = make(world, UID, **other)
    world.control.console("medialive", "create_foreign_input_security_group", cidr="10.0.0.0/8", tags={})
    for _ in range(3):
        an_hour_of_drift()
    assert len(there(world)) == 3
    assert foreign in there(world)


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
    ids=["knows none", "is due", "is being made", "is on its way", "has doubts", "has lost its own"],
)
def test_one_that_its_row_may_be_about_to_know_is_never_deleted(
    world: WorldUnderTest, twin: str, row: dict[str, Any]
) -> None:
    drift_report()
    pass_by(hours=2)
    sightings = list(DriftSighting.objects.all())
    SecurityGroup.objects.update(**row)
    drift_report()
    # Even if it had been seen all the time.
    DriftSighting.objects.bulk_create(sightings, ignore_conflicts=True)
    drift_report()
    assert twin in there(world)


def test_all_other_surplus_waits_for_a_person(world: WorldUnderTest, stage: Channel) -> None:
    forget_rows()
    for _ in range(3):
        an_hour_of_drift()
    assert world.left() == STACK


def test_a_person_may_delete_it_as_well(world: WorldUnderTest, twin: str) -> None:
    drift.report()
    pass_by(hours=1)
    (finding,) = drift.report().findings
    assert drift.preview(finding, "delete") == f"{twin} is deleted."
