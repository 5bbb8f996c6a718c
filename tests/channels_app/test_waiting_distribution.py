"""A show whose distribution could not be created yet: prepare and start try it again at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from channels_app import services
from channels_app.models import Breakout, Channel
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.clock import database_now
from streamhub.lifecycle.models import Priority
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

NOT_VERIFIED = {
    "code": "AccessDenied",
    "status": 403,
    "message": "Your account must be verified before you can add new CloudFront resources.",
}


@pytest.fixture
def waiting(world: WorldUnderTest) -> Distribution:
    """The distribution of an idle channel with a breakout: CloudFront has refused to create it."""
    scene.with_breakout(world)
    distributions.distribution_detach(scene.distribution(), who=TESTER)
    Channel.objects.update(distribution=None)
    call = "cloudfront:CreateDistributionWithTags"
    world.control.fault(call, "refuse", times=None, error=NOT_VERIFIED)
    row = services.distribution_create_and_attach(scene.channel(), who=TESTER)
    reconcile("distributions.distribution", row.pk)
    row.refresh_from_db()
    assert (row.state, row.aws_distribution_id) == ("pending", None)
    assert row.not_before > database_now()
    return row


def prepare(row: Breakout) -> None:
    services.breakout_prepare(row, who=TESTER)


def start(row: Breakout) -> None:
    services.breakout_start(row, who=TESTER)


def start_again(row: Breakout) -> None:
    Breakout.objects.update(state="failed")
    services.breakout_retry(row, who=TESTER)


def take_over(row: Breakout) -> None:
    channel = scene.channel()
    earlier = services.breakout_create(channel, "before", who=TESTER)
    Breakout.objects.filter(pk=earlier.pk).update(state="running")
    Channel.objects.update(state="running", desired="running")
    services.breakout_take_over(row, who=TESTER)


@pytest.mark.parametrize("verb", [prepare, start, start_again, take_over])
def test_a_distribution_that_waits_is_created_now(
    waiting: Distribution, verb: Callable[[Breakout], None]
) -> None:
    verb(scene.breakout())
    waiting.refresh_from_db()
    assert waiting.not_before <= database_now()
    assert waiting.priority == Priority.START
