"""The offsets of clocks: measured, kept, and an alarm if too large."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from streamhub.lifecycle import clock_facts, clocks
from streamhub.lifecycle.clocks import Offset, between, clock_offsets, measure, note_aws_date, of_aws
from streamhub.lifecycle.health import HealthFact
from streamhub.lifecycle.models import ClockOffset

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def offset(ahead: float, error: float = 0.0) -> Offset:
    return Offset(timedelta(seconds=ahead), timedelta(seconds=error))


@pytest.mark.parametrize(
    ("before", "database", "later", "expected"),
    [
        (0.0, 0.5, 1.0, offset(0.0, 0.5)),
        (300.0, 0.5, 301.0, offset(300.0, 0.5)),
        (0.0, 300.5, 1.0, offset(-300.0, 0.5)),
    ],
)
def test_a_host_is_compared_at_the_middle_of_the_query(
    before: float, database: float, later: float, expected: Offset
) -> None:
    assert between(after(before), after(database), after(later)) == expected


def test_the_date_of_aws_is_some_moment_of_the_call_and_of_its_second() -> None:
    assert of_aws(NOON, timedelta(seconds=0.2), after(0.6)) == offset(0.0, 0.6)
    assert of_aws(after(10), timedelta(seconds=1), NOON) == offset(11.0, 1.0)


@pytest.mark.parametrize(
    ("ahead", "error", "beyond"),
    [(2.0, 0.0, False), (2.1, 0.0, True), (-2.1, 0.0, True), (3.0, 1.0, False), (-3.1, 1.0, True)],
)
def test_a_clock_is_too_far_off_only_if_that_is_certain(ahead: float, error: float, beyond: bool) -> None:
    assert offset(ahead, error).beyond is beyond


@pytest.fixture
def host(db: None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(socket, "gethostname", lambda: "web-7")
    monkeypatch.setattr(clocks, "_aws_noted", float("-inf"))
    return "web-7"


def wrong() -> list[HealthFact]:
    return [fact for fact in clock_facts.facts() if not fact.ok]


def shifted(seconds: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "word"), [(300, "300.0 s ahead of"), (-300, "300.0 s behind")])
def test_a_shifted_host_is_an_alarm_until_it_is_corrected(host: str, seconds: int, word: str) -> None:
    with shifted(seconds):
        measure("web")
        measure("beat")
    (fact,) = wrong()
    assert (fact.rule, fact.name, fact.critical) == ("host_clock", host, True)
    assert fact.detail == f"The clock of the host web-7 (beat, web) is {word} the database's."
    assert fact.for_anyone == f"The clock of a host (beat, web) is {word} the database's."
    began = fact.since
    with shifted(seconds):
        measure("web")
    assert wrong()[0].since == began
    measure("web")
    measure("beat")
    assert wrong() == []
    assert [(fact.host, fact.role) for fact in clock_offsets()] == [(host, "beat"), (host, "web")]


def test_a_few_seconds_are_a_warning(host: str) -> None:
    with shifted(5):
        measure("worker")
    assert [fact.critical for fact in wrong()] == [False]


def test_a_database_off_aws_is_an_alarm_of_its_own(host: str) -> None:
    note_aws_date(timezone.now() + timedelta(seconds=10), 0.1)
    (fact,) = wrong()
    assert (fact.rule, fact.name) == ("database_clock", "database")
    assert "behind AWS's" in fact.detail


def test_aws_is_compared_at_most_every_half_minute_and_not_after_a_slow_call(
    host: str, django_assert_num_queries
) -> None:
    note_aws_date(timezone.now(), 3.0)
    assert not ClockOffset.objects.exists()
    note_aws_date(timezone.now(), 0.1)
    assert ClockOffset.objects.get().role == "AWS"
    with django_assert_num_queries(0):
        note_aws_date(timezone.now(), 0.1)


def test_a_host_that_is_gone_is_no_alarm_and_forgotten_after_a_day(host: str) -> None:
    with shifted(300):
        measure("web")
    ClockOffset.objects.update(measured_at=timezone.now() - timedelta(minutes=11))
    assert clock_offsets() == clock_facts.facts() == []
    ClockOffset.objects.update(measured_at=timezone.now() - timedelta(hours=25))
    measure("beat")
    assert [row.role for row in ClockOffset.objects.all()] == ["beat"]


def test_the_alarms_cost_one_query_for_any_number_of_hosts(host: str, django_assert_num_queries) -> None:
    rows = [ClockOffset(host=f"h{n}", role="web", offset_ms=9000, error_ms=1) for n in range(30)]
    ClockOffset.objects.bulk_create(rows)
    ClockOffset.objects.update(beyond_since=timezone.now())
    with django_assert_num_queries(1):
        assert len(wrong()) == 30


def test_without_its_database_a_process_only_logs(
    host: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> datetime:
        raise OperationalError("the server is gone")

    monkeypatch.setattr(clocks, "database_now", refuse)
    monkeypatch.setattr("streamhub.lifecycle.clocks.connection.close", lambda: None)
    clocks.report_once("web")
    note_aws_date(NOON, 0.1)
    assert caplog.text.count("the server is gone") == 2
