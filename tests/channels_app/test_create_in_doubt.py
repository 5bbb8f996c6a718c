"""A create whose answer was lost stays in doubt until there is proof, whatever answers later attempts get."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from channels_app.driver import security_group
from channels_app.models import SecurityGroup
from tests.scenarios import stage as scene
from tests.scenarios.world import WorldUnderTest

# Each create, and how often its answer is lost: botocore sends most of them twice.
CREATES = {
    "mediapackage:CreateChannel": 2,
    "mediapackage:CreateOriginEndpoint": 2,
    "medialive:CreateInputSecurityGroup": 1,
    "medialive:CreateInput": 2,
    "medialive:CreateChannel": 2,
    "cloudfront:CreateDistributionWithTags": 2,
}
# What every later attempt is answered.
LATER: dict[str, dict[str, Any]] = {
    "throttle": {"kind": "throttle"},
    "denial": {"kind": "access_denied"},
    "refusal": {"kind": "refuse", "error": {"code": "BadRequestException", "status": 400, "message": "no"}},
}


def lose_the_answer(world: WorldUnderTest, operation: str, later: str) -> None:
    """The create takes effect, its answer is lost, and the attempts after it surely have no effect."""
    world.control.fault(operation, "cut_after", times=CREATES[operation])
    world.control.fault(operation, times=None, **LATER[later])
    scene.create()
    for _ in range(8):
        world.step_all()
        world.observe_waiting()


def gone(world: WorldUnderTest) -> bool:
    world.reap()
    return scene.nothing()


@pytest.mark.parametrize("operation", CREATES)
@pytest.mark.parametrize("later", LATER)
def test_a_deletion_leaves_nothing_of_a_create_in_doubt(
    world: WorldUnderTest, operation: str, later: str
) -> None:
    lose_the_answer(world, operation, later)
    scene.delete(world)
    world.control.clear_faults()
    world.settle(until=partial(gone, world))
    assert world.left() == {}


@pytest.mark.parametrize("operation", CREATES)
def test_the_next_attempt_that_aws_takes_makes_no_second_one(world: WorldUnderTest, operation: str) -> None:
    lose_the_answer(world, operation, "throttle")
    world.control.clear_faults()
    world.settle(until=scene.ready)
    assert world.left() == scene.STACK


def test_a_group_that_no_list_shows_yet_is_not_forgotten_by_a_deletion(
    world: WorldUnderTest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as unseen:
        unseen.setattr(settings, "MISSING_MIN_AGE_SECONDS", 60)
        unseen.setattr(security_group, "find", lambda row: None)
        lose_the_answer(world, "medialive:CreateInputSecurityGroup", "throttle")
        scene.delete(world)
        for _ in range(12):
            world.step_all()
            world.observe()
        group = SecurityGroup.objects.get()
        assert (group.desired, group.aws_id) == ("deleted", "")
    world.control.clear_faults()
    world.settle(until=partial(gone, world))
    assert world.left() == {}
