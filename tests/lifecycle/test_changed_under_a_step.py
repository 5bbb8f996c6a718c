"""A verb changes the state while a step is in AWS: the row is free at once, and reads what the step did."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from distributions.models import Distribution
from streamhub.aws.medialive import MediaLive
from streamhub.clock import database_now
from streamhub.errors import Refused
from streamhub.lifecycle import states
from streamhub.lifecycle.claim import StateChanged, take
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios import stage as scene
from tests.scenarios.world import WorldUnderTest


def gone(world: WorldUnderTest) -> bool:
    world.reap()
    return scene.nothing()


def test_a_channel_that_is_deleted_during_its_start_is_stopped_by_the_next_step(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.with_channel(world)
    scene.warm(world)
    real = MediaLive.start_channel

    def start_channel(self: MediaLive, channel_id: str) -> Any:
        info = real(self, channel_id)
        scene.delete(world)
        return info

    monkeypatch.setattr(MediaLive, "start_channel", start_channel)
    pk = scene.channel().pk
    assert reconcile("channels_app.channel", pk)
    row = scene.channel()
    assert (row.state, row.claim_token, row.observe_requested, row.attempts) == ("deleting", None, True, 1)
    assert row.queued_until is not None  # it is woken
    assert reconcile("channels_app.channel", pk)
    assert world.counts()["medialive:StopChannel"] == 1
    world.settle(until=partial(gone, world))


@pytest.mark.django_db
def test_a_step_that_fails_steps_aside_too() -> None:
    row = Distribution.objects.create(origin_url="https://origin.example.com/a", not_before=database_now())
    held = take(Distribution, row.pk)
    assert held is not None
    assert states.change(row, "disabled", why="a verb")
    with pytest.raises(StateChanged):
        held.fail("failed", "create it", Refused("no"))
    held.step_aside()
    row.refresh_from_db()
    assert (row.state, row.error_code, row.attempts, row.observe_requested) == ("disabled", "", 1, True)
    again = take(Distribution, row.pk)
    assert again is not None
    assert again.row.outcome_unknown
    held.step_aside()  # the claim is another's now
    row.refresh_from_db()
    assert row.claim_token == again.token
