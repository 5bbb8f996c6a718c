"""The observer notes what it could not read; beat's heartbeat is its own; a job's failure has a beginning."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.db.models import F
from django_celery_beat.schedulers import DatabaseScheduler

from channels_app import services
from streamhub.celery import app
from streamhub.lifecycle import heartbeat, unread
from streamhub.lifecycle.beat import Scheduler
from streamhub.lifecycle.models import Heartbeat, Job, Listing
from streamhub.lifecycle.tasks import observe
from tests.scenarios.actors import TESTER
from tests.scenarios.stage import with_show
from tests.scenarios.world import WorldUnderTest


def full_observation() -> None:
    Listing.objects.update(listed_at=F("listed_at") - timedelta(hours=1))
    observe()


@pytest.fixture
def settled(world: WorldUnderTest) -> WorldUnderTest:
    services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle()
    full_observation()
    return world


def by_name() -> dict[str, unread.Service]:
    return {service.name: service for service in unread.services()}


@pytest.mark.parametrize(
    ("operation", "kind", "service", "hint", "said"),
    [
        ("medialive:ListChannels", "throttle", "MediaLive", unread.WAIT, "MediaLive channels"),
        ("medialive:ListInputs", "throttle", "MediaLive", unread.WAIT, "MediaLive inputs"),
        ("cloudfront:ListDistributions", "throttle", "CloudFront", unread.WAIT, "CloudFront distributions"),
        (
            "mediapackage:ListOriginEndpoints",
            "access_denied",
            "MediaPackage",
            unread.NO_PERMISSION,
            "MediaPackage endpoints",
        ),
    ],
)
def test_a_service_that_throttles_or_refuses_is_unread_until_it_is_read(
    settled: WorldUnderTest, operation: str, kind: str, service: str, hint: str, said: str
) -> None:
    settled.control.fault(operation, kind, times=None)
    full_observation()
    first = by_name()[service]
    assert first.unread_since is not None
    assert operation in first.error
    assert first.hint == hint
    assert [name for name, each in by_name().items() if each.unread_since] == [service]
    assert Job.objects.get(name="observe").error.startswith(f"{said} could not be read (")
    full_observation()
    assert by_name()[service].unread_since == first.unread_since, "since the first failure"
    settled.control.clear_faults()
    full_observation()
    assert by_name()[service].unread_since is None
    assert Job.objects.get(name="observe").error == ""


def test_a_failing_job_is_failing_since_its_first_failure_and_well_after_a_good_run(
    settled: WorldUnderTest,
) -> None:
    settled.control.fault("medialive:ListChannels", "throttle", times=None)
    full_observation()
    first = Job.objects.get(name="observe")
    full_observation()
    second = Job.objects.get(name="observe")
    assert first.failing_since == second.failing_since is not None
    assert second.finished_at != first.finished_at
    settled.control.clear_faults()
    full_observation()
    assert Job.objects.get(name="observe").failing_since is None


def test_a_service_that_no_row_needs_is_not_unread(settled: WorldUnderTest) -> None:
    from channels_app.models import Channel

    Listing.objects.filter(key="ml_channel").update(unread_since="2026-11-26T00:00Z")
    Channel.objects.update(ml_channel_id="")
    observe()
    assert by_name()["MediaLive"].unread_since is None


@pytest.mark.django_db
def test_beat_writes_its_own_heartbeat_at_each_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_noted_at", {})
    monkeypatch.setattr(DatabaseScheduler, "tick", lambda self: 5)
    scheduler = Scheduler(app=app, lazy=True)
    assert scheduler.tick() == 5
    beat_at = Heartbeat.objects.get(name="beat").beat_at
    scheduler.tick()
    assert Heartbeat.objects.get(name="beat").beat_at == beat_at, "not at every tick"
    assert not Heartbeat.objects.filter(name="worker").exists()


@pytest.mark.django_db
def test_beat_ticks_on_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(name: str) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(heartbeat, "_noted_at", {})
    monkeypatch.setattr(heartbeat, "beat", away)
    monkeypatch.setattr(DatabaseScheduler, "tick", lambda self: 5)
    assert Scheduler(app=app, lazy=True).tick() == 5


def test_what_is_on_air_was_read_again_before_the_whole_list_is_due(world: WorldUnderTest) -> None:
    with_show(world)
    full_observation()
    fault = world.control.fault("medialive:DescribeChannel", "throttle", times=None)
    observe()
    assert by_name()["MediaLive"].unread_since is not None
    world.control.clear_faults(fault)
    observe()
    assert by_name()["MediaLive"].unread_since is None
    assert world.counts()["medialive:DescribeChannel"] > 1
