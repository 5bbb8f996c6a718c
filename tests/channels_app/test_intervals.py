"""Intervals by the database's clock: in order, whatever clock a host has."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_app import breakout_sync, services
from channels_app.models import Attachment, Breakout, Channel
from channels_app.models.breakout import State
from streamhub.clock import database_now
from streamhub.lifecycle.models import Job
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

MINUTE = timedelta(minutes=1)


@pytest.fixture
def on_air(world: WorldUnderTest, stage: Channel) -> Breakout:
    """A breakout that was started by a host five minutes ahead, and runs."""
    with time_machine.travel(timezone.now() + 5 * MINUTE):
        row = services.breakout_create(stage, "keynote", who=TESTER)
        services.breakout_start(row, who=TESTER)
    world.settle(lambda: Breakout.objects.get().state == State.RUNNING)
    return Breakout.objects.get()


def near(moment) -> bool:
    return abs(database_now() - moment) < MINUTE


@pytest.mark.parametrize("minutes", [-5, 5])
def test_all_times_of_a_show_are_the_databases(world: WorldUnderTest, on_air: Breakout, minutes: int) -> None:
    with time_machine.travel(timezone.now() + minutes * MINUTE):
        services.breakout_stop(on_air, who=TESTER)
    world.settle()
    on_air.refresh_from_db()
    attachment = Attachment.objects.get()
    moments = [on_air.created_at, on_air.session_started_at, on_air.session_ended_at, on_air.state_since]
    assert all(near(moment) for moment in [*moments, attachment.started_at, attachment.ended_at])
    assert attachment.started_at <= attachment.ended_at


def backwards_show() -> None:
    Breakout.objects.update(session_started_at=timezone.now(), session_ended_at=timezone.now() - MINUTE)


def backwards_attachment() -> None:
    Attachment.objects.update(ended_at=timezone.now() - 9 * MINUTE)


def backwards_lease() -> None:
    Job.objects.update_or_create(
        name="sweep", defaults={"started_at": timezone.now(), "leased_until": timezone.now() - MINUTE}
    )


@pytest.mark.parametrize("write", [backwards_show, backwards_attachment, backwards_lease])
def test_an_interval_that_ends_before_it_starts_is_refused(on_air: Breakout, write) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        write()


def test_a_show_ends_even_if_the_clock_of_the_database_went_back(
    world: WorldUnderTest, on_air: Breakout
) -> None:
    later = timezone.now() + 3 * MINUTE
    Attachment.objects.update(started_at=later)
    Breakout.objects.update(session_started_at=later)
    on_air.refresh_from_db()
    services.breakout_stop(on_air, who=TESTER)
    world.settle()
    breakout_sync.attachments_close(on_air)
    assert Breakout.objects.get().state == State.COMPLETED
    assert Attachment.objects.get().ended_at == Breakout.objects.get().session_ended_at == later
