"""A permission that is missing for a side matter holds up nothing else, is told, and is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from distributions import services as distributions
from distributions.models import Distribution
from tests.scenarios import alias
from tests.scenarios import console_inputs as console
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db


def rounds(world: WorldUnderTest, count: int = 6) -> None:
    for _ in range(count):
        world.step_all()
        world.observe()


def deny(world: WorldUnderTest, operation: str) -> None:
    world.control.fault(operation, "access_denied", times=None)


# --- distributions ----------------------------------------------------------------------------------


@pytest.fixture
def denied_tags(world: WorldUnderTest) -> WorldUnderTest:
    """A distribution that may not be tagged."""
    scene.with_channel(world)
    deny(world, "cloudfront:TagResource")
    services.channel_tags_change(scene.channel(), {"team": "x"}, who=TESTER)
    rounds(world)
    return world


def assert_tags_are_told(row: Distribution) -> None:
    assert (row.error_code, row.error_needs_person, row.tags_pending) == ("tags_refused", True, True)
    assert "not authorized to perform: cloudfront:TagResource" in row.error_message
    assert "manage.py iam_policy" in row.error_hint


def test_denied_tags_hold_up_no_price_class(denied_tags: WorldUnderTest) -> None:
    distributions.distribution_price_class_change(scene.distribution(), "PriceClass_200", who=TESTER)
    rounds(denied_tags)
    row = scene.distribution()
    assert (row.price_class_seen, row.price_class_pending) == ("PriceClass_200", False)
    assert_tags_are_told(row)


def test_denied_tags_are_sent_once_they_are_allowed(denied_tags: WorldUnderTest) -> None:
    """Nobody has to press Retry, also after something else was sent meanwhile."""
    distributions.distribution_price_class_change(scene.distribution(), "PriceClass_200", who=TESTER)
    rounds(denied_tags)
    denied_tags.control.clear_faults()
    rounds(denied_tags)
    row = scene.distribution()
    assert (row.tags_pending, row.error_code) == (False, "")


def test_denied_tags_hold_up_no_alias(world: WorldUnderTest, settings: Any) -> None:
    scene.with_channel(world)
    alias.want(settings)
    alias.make(world)
    deny(world, "cloudfront:TagResource")
    services.channel_tags_change(scene.channel(), {"team": "x"}, who=TESTER)
    rounds(world)
    services.channel_apply_settings(scene.channel(), who=TESTER)
    rounds(world, 12)
    assert alias.serves()
    assert alias.records(world)["A"] == scene.distribution().domain_name
    assert_tags_are_told(scene.distribution())


def test_a_denied_price_class_holds_up_no_record(world: WorldUnderTest, settings: Any) -> None:
    """An alias that CloudFront has already only lacks its record."""
    alias.want(settings, zone=False)
    alias.with_alias(world)
    deny(world, "cloudfront:UpdateDistribution")
    distributions.distribution_price_class_change(scene.distribution(), "PriceClass_200", who=TESTER)
    settings.ROUTE53_ZONE_ID = alias.ZONE
    rounds(world)
    row = scene.distribution()
    assert alias.records(world)["A"] == row.domain_name
    assert (row.error_code, row.error_needs_person) == ("price_class_refused", True)
    assert "manage.py iam_policy" in row.error_hint
    world.control.clear_faults()
    rounds(world)
    assert (scene.distribution().price_class_seen, scene.distribution().error_code) == ("PriceClass_200", "")


def test_a_denied_record_is_told_in_full_and_made_later(world: WorldUnderTest, settings: Any) -> None:
    deny(world, "route53:*")
    alias.want(settings)
    alias.with_alias(world)
    row = scene.distribution()
    assert (row.error_code, row.error_needs_person) == ("record_refused", True)
    assert f"The DNS record of {alias.ALIAS} is not changed" in row.error_message
    assert "manage.py iam_policy" in row.error_hint
    world.control.clear_faults()
    rounds(world)
    assert alias.serves()


# --- channels ---------------------------------------------------------------------------------------


def test_denied_tags_of_a_channel_hold_up_no_mending_of_its_input(world: WorldUnderTest) -> None:
    scene.with_channel(world)
    deny(world, "medialive:CreateTags")
    services.channel_tags_change(scene.channel(), {"team": "x"}, who=TESTER)
    rounds(world)
    console.rename(world)
    rounds(world)
    row = scene.channel()
    assert console.described(world)["Name"] == row.aws_name()
    assert (row.error_code, row.error_needs_person) == ("tags_refused", True)
    assert "manage.py iam_policy" in row.error_hint
    world.control.clear_faults()
    rounds(world)
    assert (scene.channel().tags_pending, scene.channel().error_code) == ([], "")


def test_a_show_starts_although_its_input_may_not_be_restored(world: WorldUnderTest) -> None:
    scene.with_breakout(world)
    console.move_to_another_group(world)
    deny(world, "medialive:UpdateInput")
    rounds(world)
    row = scene.channel()
    assert (row.state, row.error_code) == ("idle", "input_not_restored")
    scene.start(world)
    world.settle(until=lambda: scene.state_is("running"), rounds=20)
    assert scene.channel().error_code == "input_changed"


def test_a_show_starts_although_its_new_cidrs_may_not_be_sent(world: WorldUnderTest) -> None:
    scene.with_breakout(world)
    deny(world, "medialive:UpdateInput")
    services.channel_edit(scene.channel(), who=TESTER, allowed_cidrs=["198.51.100.7/32"])
    rounds(world)
    scene.start(world)
    world.settle(until=lambda: scene.state_is("running"), rounds=20)
    row = scene.channel()
    assert (row.error_code, row.edits_pending) == ("edit_refused", ["allowed_cidrs"])
    assert "press Retry" in row.error_hint


def test_a_show_starts_although_its_new_profile_may_not_be_sent(world: WorldUnderTest) -> None:
    scene.with_breakout(world)
    deny(world, "medialive:UpdateChannel")
    services.channel_edit(scene.channel(), who=TESTER, encoding_profile="720p")
    rounds(world)
    scene.start(world)
    world.settle(until=lambda: scene.state_is("running"), rounds=20)
    row = scene.channel()
    assert (row.error_code, row.edits_pending) == ("edit_refused", ["encoding_profile"])
    assert "press Retry" in row.error_hint


def test_an_edit_that_is_denied_while_nobody_waits_is_tried_again(world: WorldUnderTest) -> None:
    scene.with_channel(world)
    deny(world, "medialive:UpdateInput")
    services.channel_edit(scene.channel(), who=TESTER, allowed_cidrs=["198.51.100.7/32"])
    rounds(world)
    world.control.clear_faults()
    rounds(world)
    assert (scene.channel().edits_pending, scene.channel().error_code) == ([], "")
