"""What AWS refuses of an idle channel or a distribution holds up nothing else of it."""

from __future__ import annotations

import pytest

from channels_app import services
from channels_app.models import Channel
from distributions import services as distributions
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

REFUSED = {"code": "BadRequestException", "status": 400, "message": "Tag policy forbids this value"}


def rounds(world: WorldUnderTest) -> None:
    for _ in range(6):
        world.step_all()
        world.observe()


@pytest.fixture
def refused_tags(world: WorldUnderTest) -> WorldUnderTest:
    """A channel whose new tags AWS refuses, also on its distribution."""
    scene.with_channel(world)
    world.control.fault("medialive:CreateTags", "refuse", times=None, error=REFUSED)
    world.control.fault(
        "cloudfront:TagResource", "refuse", times=None, error={**REFUSED, "code": "InvalidTagging"}
    )
    services.channel_tags_change(scene.channel(), {"team": "x"}, who=TESTER)
    rounds(world)
    assert (scene.channel().error_code, scene.distribution().error_code) == ("tags_refused",) * 2
    return world


def test_refused_tags_hold_up_no_edit_and_no_settings(refused_tags: WorldUnderTest) -> None:
    services.channel_edit(scene.channel(), who=TESTER, allowed_cidrs=["198.51.100.7/32"])
    Channel.objects.update(settings_applied="{}")
    services.channel_apply_settings(scene.channel(), who=TESTER)
    rounds(refused_tags)
    row = scene.channel()
    assert (row.edits_pending, row.settings_pending, row.error_code) == ([], False, "tags_refused")


def test_refused_tags_hold_up_no_price_class(refused_tags: WorldUnderTest) -> None:
    distributions.distribution_price_class_change(scene.distribution(), "PriceClass_200", who=TESTER)
    rounds(refused_tags)
    row = scene.distribution()
    assert (row.price_class_pending, row.error_code, row.tags_pending) == (False, "tags_refused", True)


def test_after_a_refusal_tags_that_aws_takes_are_sent(refused_tags: WorldUnderTest) -> None:
    refused_tags.control.clear_faults()
    services.channel_tags_change(scene.channel(), {"team": "y"}, who=TESTER)
    rounds(refused_tags)
    row, distribution = scene.channel(), scene.distribution()
    assert (row.tags_pending, row.error_code) == ([], "")
    assert (distribution.tags_pending, distribution.error_code) == (False, "")
