"""A replaced distribution has another domain: whoever watches needs the new address."""

from __future__ import annotations

import pytest

from channels_app import services
from channels_app.admin.address_alarms import current
from channels_app.models import Attachment
from distributions.models import Distribution
from tests.scenarios import stage
from tests.scenarios.stage import WHO
from tests.scenarios.world import WorldUnderTest


@pytest.fixture
def show(world: WorldUnderTest) -> WorldUnderTest:
    """A show whose distribution somebody deleted, and StreamHub replaced."""
    stage.with_show(world)
    services.breakout_curtain(stage.breakout(), True, who=WHO)
    assert current() == []
    lost = stage.distribution().aws_distribution_id
    world.control.console("cloudfront", "delete", Id=lost, force=True)
    world.settle(lambda: _replaced(lost), strict=False)
    return world


def _replaced(lost: str | None) -> bool:
    row = stage.channel().distribution
    is_new = row is not None and row.aws_distribution_id not in (None, "", lost)
    return is_new and Attachment.objects.filter(ended_at=None).exclude(aws_distribution_id="").exists()


def test_viewers_of_a_replaced_distribution_need_a_new_address(show: WorldUnderTest) -> None:
    [condition] = current()
    assert (condition.rule, condition.object_id) == ("address_changed", str(stage.breakout().pk))
    assert "Playback link" in condition.hint


def test_not_behind_a_lowered_curtain_or_an_alias_or_after_the_show(show: WorldUnderTest) -> None:
    Distribution.objects.update(alias_serves=True)
    assert current() == []
    Distribution.objects.update(alias_serves=False)
    services.breakout_curtain(stage.breakout(), False, who=WHO)
    assert current() == []
    services.breakout_curtain(stage.breakout(), True, who=WHO)
    assert len(current()) == 1
    stage.stop(show)
    assert current() == []
