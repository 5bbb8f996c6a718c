"""What AWS says about the input of a running channel, from ListAlerts to the row, API, readiness and alarm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_app.driver.watching import ALERT_CALLS, STILL_CALLS
from channels_app.input_health import input_figures, input_health, with_facts
from channels_app.models import Channel, InputFacts, Still
from channels_app.services import breakout_create, breakout_start
from channels_app.tasks import watch_inputs
from channels_app.thumbnails import thumbnail
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

CALLS = ("medialive:ListAlerts", "medialive:DescribeThumbnails", "cloudwatch:GetMetricData")


@pytest.fixture
def on_air(world: WorldUnderTest, stage: Channel) -> Channel:
    breakout_start(breakout_create(stage, "talk", who=TESTER), who=TESTER)
    world.settle()
    world.control.clear_calls()
    return seen(stage)


def seen(channel: Channel) -> Channel:
    return with_facts(Channel.objects.all()).get(pk=channel.pk)


def calls(world: WorldUnderTest) -> dict[str, int]:
    return {call: number for call, number in world.counts().items() if call in CALLS}


def test_an_idle_house_makes_no_call(world: WorldUnderTest, stage: Channel) -> None:
    watch_inputs()
    assert world.counts() == {}
    health = input_health(seen(stage))
    assert (health.ok, health.observed_at) == (None, None)


def test_what_is_received_is_said_with_its_figures(world: WorldUnderTest, on_air: Channel) -> None:
    assert input_health(on_air).ok is None
    watch_inputs()
    channel = seen(on_air)
    assert input_health(channel).ok is True
    assert input_health(channel).observed_at is not None
    with CaptureQueriesContext(connection) as queries:
        input_health(channel)
        input_figures(channel)
        found = thumbnail(channel)
    assert len(queries) == 0
    assert found is not None and found.pipeline == 0
    assert calls(world) == dict.fromkeys(CALLS, 1)
