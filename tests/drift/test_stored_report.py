"""The reading of AWS that is kept for the page: what it tells, how old it is, how another is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from channels_app import services
from channels_app.models import Channel
from distributions.models import Distribution
from drift import services as drift
from drift.models import DriftReading, DriftSighting
from drift.services import Finding, ResourceKind
from drift.tasks import drift_report
from streamhub.access.actors import staff_actor
from streamhub.errors import Forbidden, NotPossible
from streamhub.lifecycle.models import Job
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import forget_rows
from tests.scenarios.world import WorldUnderTest

WHO = TESTER


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were handed to the broker."""
    tasks: list[str] = []
    monkeypatch.setattr("streamhub.lifecycle.wake.send", lambda task, args, queue: tasks.append(task))
    return tasks


def only() -> Finding:
    (finding,) = drift.last().findings
    return finding


def test_nothing_was_read_yet(db: None) -> None:
    assert drift.last() == drift.StoredReport()
    assert not drift.last().agrees


def test_the_last_reading_is_shown_without_asking_aws(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    world.control.console("cloudfront", "create_foreign", count=2)
    found = drift.take()
    world.control.clear_calls()
    shown = drift.last()
    assert world.counts() == {}
    (missing,) = found.findings
    assert (only().key, only().detail, only().name, only().pk) == (
        missing.key,
        missing.detail,
        "stage",
        stage.pk,
    )
    assert (shown.foreign, shown.ours["ml_channel"], shown.ours["distribution"]) == (
        {"distribution": 2},
        1,
        1,
    )
    assert shown.observed_at == only().first_seen_at == found.observed_at
    assert not shown.agrees


def test_a_finding_keeps_its_age_from_reading_to_reading(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    first = drift.take().observed_at
    drift.take()
    assert only().first_seen_at == first
    world.control.fault("mediapackage:ListOriginEndpoints", "access_denied", times=1)
    drift.take()
    assert drift.last().findings == ()
    drift.take()
    assert only().first_seen_at == first


def test_what_may_be_deleted_is_told_as_of_now(world: WorldUnderTest, stage: Channel) -> None:
    forget_rows()
    drift.take()
    assert {one.verbs for one in drift.last().findings} == {()}
    assert all("can be deleted from" in one.waits for one in drift.last().findings)
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))
    assert {one.verbs for one in drift.last().findings} == {("delete",)}


def test_what_could_not_be_read_is_told_in_plain_words(world: WorldUnderTest, stage: Channel) -> None:
    read = drift.take().observed_at
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    world.control.fault("mediapackage:ListChannels", "throttle", times=None)
    world.control.fault("cloudfront:ListDistributions", "error500", times=None)
    drift.take()
    shown = drift.last()
    assert not shown.agrees
    assert set(shown.unread) == {"ml_channel", "mp_channel", "distribution"}
    assert "may not list" in shown.unread["ml_channel"].words
    assert shown.unread["ml_channel"].code == "AccessDeniedException"
    assert "fewer calls" in shown.unread["mp_channel"].words
    assert "did not answer" in shown.unread["distribution"].words
    assert shown.read_at["ml_channel"] == read < shown.read_at["ml_input"]


def test_rows_that_are_on_their_way_are_counted(world: WorldUnderTest, stage: Channel) -> None:
    Distribution.objects.create(
        aws_distribution_id="E1", origin_url="https://f.example.com/", protected=True, attached=False
    )
    services.channel_create("hall", who=WHO, allowed_cidrs=["198.51.100.7/32"])
    drift.take()
    assert drift.last().moving == 2  # the channel and its security group; others' own is not on its way
    assert drift.last().agrees


def test_a_surplus_channel_that_runs_is_said_to_cost(world: WorldUnderTest, stage: Channel) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=WHO), who=WHO)
    world.settle()
    forget_rows()
    drift.take()
    (costs,) = (one for one in drift.last().findings if one.costs)
    assert (costs.kind, "RUNNING: it costs" in costs.detail) == (ResourceKind.ML_CHANNEL, True)


def test_known_finds_what_the_last_reading_told(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    drift.take()
    assert drift.known(only().key) == only()
    with pytest.raises(NotPossible, match="last reading"):
        drift.known("missing:mp_endpoint:none")


def test_a_reading_that_is_asked_for_is_taken_by_a_worker(
    world: WorldUnderTest, stage: Channel, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert drift.ask(WHO)
        assert not drift.ask(WHO)  # one is enough
    assert sent == ["drift.read"]
    assert (drift.last().asked_by, drift.last().observed_at) == (str(WHO), None)
    drift_report()
    assert drift.last().asked_at is None
    assert drift.last().agrees
    assert Job.objects.get(name="drift").outcome == "no drift"


def test_a_reading_that_no_worker_took_up_can_be_asked_for_again(db: None) -> None:
    assert drift.ask(WHO)
    DriftReading.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert drift.ask(WHO)


def test_what_is_asked_for_during_a_reading_is_read_after_it(world: WorldUnderTest, stage: Channel) -> None:
    read = []

    def asks_once(call: Any) -> None:
        read.append(call.operation)
        if len(read) == 1:
            drift.ask(WHO)

    world.session.on_call.append(asks_once)
    drift_report()
    assert len(read) == 12
    assert drift.last().asked_at is None


def test_reading_again_needs_its_permission(db: None) -> None:
    with pytest.raises(Forbidden):
        drift.ask(staff_actor(User.objects.create_user("ada")))
    assert not DriftReading.objects.exists()
