"""NotFound does not prove that a new resource is gone, even if its row is old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F, Q
from django.utils import timezone

from channels_app.models import Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.lifecycle import intent
from streamhub.lifecycle.models import Transition
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import STACK
from tests.scenarios.world import WorldUnderTest

WHO = TESTER
READS = {
    "mp_channel": "mediapackage:DescribeChannel",
    "mp_endpoint": "mediapackage:DescribeOriginEndpoint",
    "ml_input": "medialive:DescribeInput",
    "ml_channel": "medialive:DescribeChannel",
    "distribution": "cloudfront:GetDistribution",
    "security_group": "medialive:DescribeInputSecurityGroup",
}
MODELS = (Channel, Distribution, SecurityGroup)


@pytest.fixture
def stage(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """A channel whose rows are two hours old and whose AWS resources were created just now."""
    scene.with_channel(world)
    for model in MODELS:
        model._default_manager.update(created_at=F("created_at") - timedelta(hours=2))
    settings.MISSING_MIN_AGE_SECONDS = 3600
    return world


def observe_three_times(world: WorldUnderTest) -> None:
    for _ in range(3):
        for model in MODELS:
            pks = list(model._default_manager.values_list("pk", flat=True))
            intent.requeue(model, pks, observe=True)
            model._default_manager.filter(suspect_since__isnull=False).update(
                suspect_since=timezone.now() - timedelta(minutes=1)
            )
        world.step_all()


@pytest.mark.parametrize("part", READS)
def test_two_notfounds_for_a_new_resource_prove_nothing(stage: WorldUnderTest, part: str) -> None:
    stage.control.clear_calls()
    fault = stage.control.fault(READS[part], "not_found", times=None)
    observe_three_times(stage)
    assert stage.control.count(READS[part]) >= 2
    stage.control.clear_faults(fault)
    observe_three_times(stage)
    stage.settle()
    assert stage.left() == STACK
    assert stage.creates() == {}
    row = Channel.objects.get()
    assert row.state == "idle"
    assert row.distribution is not None
    confirmed = Transition.objects.filter(Q(why__contains="is gone") | Q(why__contains="confirmed twice"))
    assert list(confirmed) == []


@pytest.mark.parametrize("part", READS)
def test_two_notfounds_for_an_old_resource_prove_that_it_is_gone(
    stage: WorldUnderTest, part: str, settings: Any
) -> None:
    settings.MISSING_MIN_AGE_SECONDS = 0
    stage.control.fault(READS[part], "not_found", times=None)
    observe_three_times(stage)
    row = Channel.objects.get()
    if part == "distribution":
        assert row.distribution is None
    elif part == "security_group":
        assert stage.creates().get("medialive:CreateInputSecurityGroup", 0) >= 1
    else:
        assert {definition.key: definition.of(row).gone for definition in Channel.PARTS}[part]
