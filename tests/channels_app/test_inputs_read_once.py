"""MediaLive's list of inputs serves first and second inputs: an observation or a step reads it once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from channels_app import services
from channels_app.decide.steps import Step
from channels_app.driver import parts
from channels_app.driver.observing import decided, look_before
from channels_app.models import Channel
from streamhub.clock import database_now
from streamhub.lifecycle.claim import Claim, take
from streamhub.lifecycle.models import Listing
from streamhub.lifecycle.tasks import observe
from tests.scenarios import passing_time, rows, two_inputs
from tests.scenarios.stage import WHO, channel
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
INPUTS = "medialive:ListInputs"


def test_an_observation_reads_the_inputs_once_for_both(world: WorldUnderTest) -> None:
    two_inputs.with_failover(world)
    Listing.objects.update(listed_at=F("listed_at") - timedelta(days=1))
    world.control.clear_calls()
    observe()
    assert world.counts()[INPUTS] == 1
    first, second = (Listing.objects.get(key=part.key) for part in (parts.INPUT, parts.SECOND))
    assert first.listed_at == second.listed_at
    assert (first.items, second.items) == (2, 2)

    Listing.objects.update(listed_at=F("listed_at") - timedelta(days=1))
    world.control.clear_calls()
    observe()
    assert world.counts()[INPUTS] == 1, "what was read is kept for one observation only"


def start_with_others(world: WorldUnderTest, settings: Any, **aws_of_others: str) -> Claim:
    """The step of a channel with two inputs that starts on an old observation, together with three others."""
    two_inputs.with_failover(world)
    passing_time.begin(world, settings)
    passing_time.pass_time(world, 16)
    services.breakout_start(services.breakout_create(channel(), "talk", who=WHO), who=WHO)
    row = channel()
    due = {"priority": row.priority, "not_before": database_now() - timedelta(seconds=1)}
    for n in range(3):
        rows.channel("idle", **{name: f"{id}{n}" for name, id in aws_of_others.items()}, **due)
    claim = take(Channel, row.pk)
    assert claim is not None
    assert decided(claim.row) is Step.START
    world.control.clear_calls()
    return claim


def test_a_start_among_many_reads_the_inputs_once_for_both(world: WorldUnderTest, settings: Any) -> None:
    others = {"ml_channel_id": "channel", "ml_input_id": "input", "ml_second_id": "second"}
    look_before(start_with_others(world, settings, **others), Step.START)
    assert world.counts()[INPUTS] == 1


def test_starts_without_a_second_input_cause_no_list_of_second_ones(
    world: WorldUnderTest, settings: Any
) -> None:
    claim = start_with_others(world, settings, ml_channel_id="channel", ml_input_id="input")
    claim.looked_at.add(parts.INPUT.key)
    look_before(claim, Step.START)
    assert INPUTS not in world.counts()
    assert world.counts()["medialive:DescribeInput"] == 1
