"""What AWS refuses of a channel or a distribution holds up nothing else of it, and no show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_app import cost_alarms, services
from channels_app.models import Attachment, Breakout, Channel
from distributions import services as distributions
from streamhub.lifecycle.models import Priority
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


# --- a channel that is kept warm --------------------------------------------------------------------


def tags(world: WorldUnderTest, kind: str, **more: Any) -> None:
    world.control.fault("medialive:CreateTags", kind, times=None, **more)
    services.channel_tags_change(scene.channel(), {"team": "x"}, who=TESTER)


def refused_tags_of_a_warm_one(world: WorldUnderTest) -> None:
    tags(world, "refuse", error=REFUSED)


def denied_tags(world: WorldUnderTest) -> None:
    tags(world, "access_denied")


def denied_restart(world: WorldUnderTest) -> None:
    world.control.fault("medialive:RestartChannelPipelines", "access_denied", times=None)
    services.channel_restart_pipelines(scene.channel(), who=TESTER)


def unreadable_endpoint(world: WorldUnderTest) -> None:
    """Prepare asks for a whole observation, and MediaPackage does not answer."""
    world.control.fault("mediapackage:DescribeOriginEndpoint", "error500", times=None)
    services.breakout_prepare(scene.breakout(), who=TESTER)


HINDRANCES = [refused_tags_of_a_warm_one, denied_tags, denied_restart, unreadable_endpoint]
Hindrance = Callable[[WorldUnderTest], None]


def warm(world: WorldUnderTest) -> None:
    """An idle show on a channel that is kept warm."""
    scene.with_breakout(world)
    services.channel_warm(scene.channel(), timezone.now() + timedelta(hours=1), who=TESTER)
    world.settle()
    assert scene.medialive_state(world) == "RUNNING"


def work(world: WorldUnderTest) -> None:
    for _ in range(6):
        world.step_all()
        world.observe()


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_a_show_on_a_warm_channel_begins_whatever_its_channel_waits_for(
    world: WorldUnderTest, hindrance: Hindrance
) -> None:
    warm(world)
    hindrance(world)
    work(world)
    services.breakout_start(scene.breakout(), who=TESTER)
    work(world)
    assert scene.breakout().state == "running"
    assert scene.breakout().session_started_at is not None


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_a_show_on_a_warm_channel_ends_whatever_its_channel_waits_for(
    world: WorldUnderTest, hindrance: Hindrance
) -> None:
    warm(world)
    scene.start(world)
    world.settle()
    hindrance(world)
    work(world)
    services.breakout_stop(scene.breakout(), who=TESTER)
    work(world)
    assert scene.breakout().state == "completed"
    assert not Attachment.objects.filter(ended_at=None).exists()
    assert scene.medialive_state(world) == "RUNNING"


def test_a_show_that_was_stopped_keeps_no_warm_channel_running(world: WorldUnderTest) -> None:
    """Its end waits for no step, and nobody needs the encoder once it is not kept warm."""
    warm(world)
    scene.start(world)
    world.settle()
    services.breakout_stop(scene.breakout(), who=TESTER)
    assert (scene.breakout().state, scene.channel().desired) == ("completed", "running")
    Channel.objects.update(warm_until=timezone.now())
    cost_alarms.check_costs()
    row = scene.channel()
    assert (row.desired, row.priority) == ("idle", Priority.STOP)
    world.settle()
    assert (scene.medialive_state(world), scene.breakout().state) == ("IDLE", "completed")


# --- one show after the other -----------------------------------------------------------------------


def test_the_last_show_ends_when_aws_is_idle_although_the_next_one_cannot_start(
    world: WorldUnderTest,
) -> None:
    scene.with_show(world)
    first = scene.breakout()
    second = services.breakout_create(scene.channel(), "second", who=TESTER)
    world.control.fault("medialive:StartChannel", "access_denied", times=None)
    services.breakout_stop(first, who=TESTER)
    world.settle(until=lambda: scene.channel().state == "stopping")
    services.breakout_start(second, who=TESTER)
    work(world)
    assert scene.medialive_state(world) == "IDLE"
    assert [row.state for row in Breakout.objects.order_by("pk")] == ["completed", "starting"]
    assert list(Attachment.objects.filter(ended_at=None).values_list("breakout", flat=True)) == [second.pk]


def test_what_was_wanted_of_one_show_is_not_done_to_the_next(world: WorldUnderTest) -> None:
    scene.with_show(world)
    first = scene.breakout()
    second = services.breakout_create(scene.channel(), "second", who=TESTER)
    denied_restart(world)
    work(world)
    services.breakout_stop(first, who=TESTER)
    world.settle(until=lambda: scene.channel().state == "stopping")
    services.breakout_start(second, who=TESTER)
    world.control.clear_faults()
    world.control.clear_calls()
    world.settle()
    assert Breakout.objects.get(pk=second.pk).state == "running"
    assert "medialive:RestartChannelPipelines" not in world.counts()
