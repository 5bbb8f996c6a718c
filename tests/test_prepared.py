"""A prepared world is stored once and restored as if it had been prepared just now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from channels_app import services
from channels_app.models import Channel
from distributions.models import Distribution
from streamhub.aws.cloudfront import CloudFront
from streamhub.errors import NotFound
from streamhub.lifecycle.models import Listing, Transition
from tests.scenarios import prepared, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import everything
from tests.scenarios.world import WorldUnderTest, clean


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_kept", {})


def without_times(tables: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """All rows without their times."""
    return {
        label: [{k: v for k, v in row.items() if not isinstance(v, datetime)} for row in rows]
        for label, rows in tables.items()
    }


def test_rows_and_account_are_restored(world: WorldUnderTest) -> None:
    stage.with_channel(world)
    rows, aws, calls = without_times(everything()), world.control.inventory(), world.counts()
    clean(world)
    assert (Channel.objects.count(), world.left()) == (0, {})
    stage.with_channel(world)
    assert (without_times(everything()), world.control.inventory(), world.counts()) == (rows, aws, calls)


def test_changes_to_a_world_do_not_reach_the_kept_copy(world: WorldUnderTest) -> None:
    for _ in range(3):
        clean(world)
        stage.with_channel(world)
        assert (stage.channel().state, world.left()) == ("idle", stage.STACK)
        world.control.fault("*", "throttle")
        stage.delete(world)
        world.control.clear_faults()
        world.settle()
        world.reap()
        assert not Channel.objects.exists()


def test_restored_times_are_moved_to_now(world: WorldUnderTest) -> None:
    stage.with_channel(world)
    clean(world)
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        stage.with_channel(world)
        for model, column in ((Channel, "created_at"), (Distribution, "observed_at"), (Transition, "at")):
            newest = model._default_manager.latest(column)
            assert timezone.now() - getattr(newest, column) < timedelta(minutes=1), model
    assert Listing.objects.exists()


def test_more_rows_can_be_created_after_a_restore(world: WorldUnderTest) -> None:
    stage.with_channel(world)
    clean(world)
    stage.with_channel(world)
    services.channel_create("another", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    assert Channel.objects.filter(state="idle").count() == 2
    assert world.illegal() == []


@pytest.mark.parametrize(
    "happen",
    [
        pytest.param(
            lambda world: world.control.console("cloudfront", "create_foreign", count=1), id="console"
        ),
        pytest.param(lambda world: CloudFront(world.session).get("E1"), id="call"),
        pytest.param(lambda world: world.control.fault("cloudfront:List*", "throttle"), id="fault"),
        pytest.param(lambda world: world.control.durations(cloudfront_deploy=7), id="durations"),
        pytest.param(lambda world: world.control.scale(1e-9), id="scale"),
    ],
)
def test_a_used_world_is_prepared_without_the_cache(
    world: WorldUnderTest, happen: Callable[[WorldUnderTest], object]
) -> None:
    assert world.is_new()
    with suppress(NotFound):
        happen(world)
    assert not world.is_new()
    stage.with_channel(world)
    assert prepared._kept == {}
