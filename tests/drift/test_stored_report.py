"""The stored report: what it holds, how old it is, and how staff ask for a new one."""

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
from drift.admin.alarms import ALARMS
from drift.models import DriftReading, DriftSighting
from drift.services import Finding, ResourceKind
from drift.tasks import drift_report
from streamhub.access.actors import staff_actor
from streamhub.errors import Forbidden, NotPossible
from streamhub.lifecycle.models import Job
from tests.scenarios.actors import TESTER
from tests.scenarios.rows import delete_rows
from tests.scenarios.world import WorldUnderTest

WHO = TESTER


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were handed to the broker."""
    tasks: list[str] = []
    monkeypatch.setattr(
        "streamhub.lifecycle.wake.send", lambda task, args, queue, countdown=0: tasks.append(task)
    )
    return tasks


def only() -> Finding:
    (finding,) = drift.last_report().findings
    return finding


def test_the_report_is_empty_before_the_first_reading(db: None) -> None:
    assert drift.last_report() == drift.StoredReport()
    assert not drift.last_report().agrees


def test_the_last_report_is_shown_without_reading_aws(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    world.control.console("cloudfront", "create_foreign", count=2)
    report = drift.read_and_store()
    world.control.clear_calls()
    stored = drift.last_report()
    assert world.counts() == {}
    (missing,) = report.findings
    assert (only().key, only().detail, only().name, only().pk) == (
        missing.key,
        missing.detail,
        "stage",
        stage.pk,
    )
    assert (stored.foreign, stored.ours["ml_channel"], stored.ours["distribution"]) == (
        {"distribution": 2},
        1,
        1,
    )
    assert stored.observed_at == only().first_seen_at == report.observed_at
    assert not stored.agrees


def test_a_finding_keeps_its_age_from_report_to_report(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    first = drift.read_and_store().observed_at
    drift.read_and_store()
    assert only().first_seen_at == first
    world.control.fault("mediapackage:ListOriginEndpoints", "access_denied", times=1)
    drift.read_and_store()
    assert drift.last_report().findings == ()
    drift.read_and_store()
    assert only().first_seen_at == first


def test_whether_a_finding_may_be_deleted_is_decided_now(world: WorldUnderTest, stage: Channel) -> None:
    delete_rows()
    drift.read_and_store()
    assert {finding.resolutions for finding in drift.last_report().findings} == {()}
    assert all("can be deleted from" in finding.wait_reason for finding in drift.last_report().findings)
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))
    assert {finding.resolutions for finding in drift.last_report().findings} == {("delete",)}


def test_an_unread_list_is_explained(world: WorldUnderTest, stage: Channel) -> None:
    read = drift.read_and_store().observed_at
    world.control.fault("medialive:ListChannels", "access_denied", times=None)
    world.control.fault("mediapackage:ListChannels", "throttle", times=None)
    world.control.fault("cloudfront:ListDistributions", "error500", times=None)
    drift.read_and_store()
    stored = drift.last_report()
    assert not stored.agrees
    assert set(stored.unread) == {"ml_channel", "mp_channel", "distribution"}
    assert "may not list" in stored.unread["ml_channel"].explanation
    assert stored.unread["ml_channel"].code == "AccessDeniedException"
    assert "fewer calls" in stored.unread["mp_channel"].explanation
    assert "did not answer" in stored.unread["distribution"].explanation
    assert stored.read_at["ml_channel"] == read < stored.read_at["ml_input"]


def test_rows_in_transition_are_counted(world: WorldUnderTest, stage: Channel) -> None:
    Distribution.objects.create(
        aws_distribution_id="E1", origin_url="https://f.example.com/", protected=True, attached=False
    )
    services.channel_create("hall", who=WHO, allowed_cidrs=["198.51.100.7/32"])
    drift.read_and_store()
    assert drift.last_report().in_transition == 2  # the channel and its security group, not the protected one
    assert drift.last_report().agrees


def test_a_running_surplus_channel_is_costly(world: WorldUnderTest, stage: Channel) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=WHO), who=WHO)
    world.settle()
    delete_rows()
    drift.read_and_store()
    (costly,) = (finding for finding in drift.last_report().findings if finding.costs)
    assert (costly.kind, "RUNNING and costs money" in costly.detail) == (ResourceKind.ML_CHANNEL, True)


def test_the_alarm_of_a_running_surplus_channel_lasts_until_a_list_shows_its_end(
    world: WorldUnderTest, stage: Channel
) -> None:
    services.breakout_start(services.breakout_create(stage, "keynote", who=WHO), who=WHO)
    world.settle()
    delete_rows()
    drift.read_and_store()
    (before,) = ALARMS.current()
    world.control.fault("medialive:ListChannels", "throttle", times=None)
    drift.read_and_store()
    drift.read_and_store()
    (now,) = ALARMS.current()
    assert (now.key, now.since, now.sentence) == (before.key, before.since, before.sentence)
    world.control.clear_faults()
    world.control.console("medialive", "stop_channel", id=now.sentence.partition(":")[0])
    world.settle()
    drift.read_and_store()
    assert ALARMS.current() == []


def test_a_stored_finding_is_found_by_its_key(world: WorldUnderTest, stage: Channel) -> None:
    world.control.console("mediapackage", "delete_endpoint", id=stage.mp_endpoint_id)
    drift.read_and_store()
    assert drift.stored_finding(only().key) == only()
    with pytest.raises(NotPossible, match="last report"):
        drift.stored_finding("missing:mp_endpoint:none")


def test_a_worker_reads_aws_on_request(
    world: WorldUnderTest, stage: Channel, sent: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert drift.ask_to_read(WHO)
        assert not drift.ask_to_read(WHO)  # one is enough
    assert sent == ["drift.read"]
    assert (drift.last_report().asked_by, drift.last_report().observed_at) == (str(WHO), None)
    drift_report()
    assert drift.last_report().asked_at is None
    assert drift.last_report().agrees
    assert Job.objects.get(name="drift").outcome == "no drift"


def test_staff_can_ask_again_when_no_worker_has_started(db: None) -> None:
    assert drift.ask_to_read(WHO)
    DriftReading.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert drift.ask_to_read(WHO)


def test_a_request_during_a_reading_is_served_after_it(world: WorldUnderTest, stage: Channel) -> None:
    operations = []

    def ask_once(call: Any) -> None:
        operations.append(call.operation)
        if len(operations) == 1:
            drift.ask_to_read(WHO)

    world.session.on_call.append(ask_once)
    drift_report()
    assert len(operations) == 14
    assert drift.last_report().asked_at is None


def test_reading_again_needs_its_permission(db: None) -> None:
    with pytest.raises(Forbidden):
        drift.ask_to_read(staff_actor(User.objects.create_user("ada")))
    assert not DriftReading.objects.exists()
