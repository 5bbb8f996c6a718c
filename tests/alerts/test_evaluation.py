"""Alarms are opened once, refreshed, resolved, announced, escalated and silenced as their conditions are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streamhub.alerts import alarms, evaluation, outbox, services
from streamhub.alerts.models import Alarm, Event, Notice, open_alarms
from streamhub.alerts.rules import Severity
from streamhub.alerts.tasks import check_alarms
from streamhub.lifecycle.models import Job, Transition
from tests.alerts.conditions import Conditions, long_ago
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db


def earlier(minutes: float) -> None:
    """Let this time pass for every alarm."""
    span = timedelta(minutes=minutes)
    for column in ("opened_at", "acknowledged_at", "silenced_until"):
        Alarm.objects.filter(**{f"{column}__isnull": False}).update(**{column: F(column) - span})


def written(event: Event) -> list[str]:
    return list(Notice.objects.filter(event=event).order_by("pk").values_list("target", flat=True))


def test_a_condition_becomes_one_alarm_with_a_log(conditions: Conditions) -> None:
    conditions.add()
    assert evaluation.evaluate().opened == 1
    assert evaluation.evaluate().opened == 0
    alarm = Alarm.objects.get()
    assert (alarm.rule, alarm.kind, alarm.object_id, alarm.severity) == (
        "start_late",
        "breakout",
        "1",
        "critical",
    )
    log = Transition.objects.filter(resource_type="alarm", resource_id=alarm.pk)
    assert [(entry.from_state, entry.to_state) for entry in log] == [("", "open")]


def test_an_open_alarm_follows_its_condition_and_since_never_moves_forward(conditions: Conditions) -> None:
    since = long_ago(20)
    conditions.add(since=since)
    evaluation.evaluate()
    conditions.clear()
    conditions.add(since=timezone.now(), sentence="keynote 1 has been starting for 21 minutes.")
    evaluation.evaluate()
    alarm = Alarm.objects.get()
    assert alarm.detail == "keynote 1 has been starting for 21 minutes."
    assert alarm.since == since


def test_an_alarm_is_resolved_with_its_reason_and_opens_anew(conditions: Conditions) -> None:
    conditions.add()
    evaluation.evaluate()
    earlier(1)
    conditions.clear()
    assert evaluation.evaluate().resolved == 1
    assert not open_alarms().exists()
    conditions.add()
    evaluation.evaluate()
    assert Alarm.objects.count() == 2


def test_a_source_that_cannot_be_read_resolves_nothing_and_is_said(conditions: Conditions) -> None:
    conditions.add()
    check_alarms()
    earlier(1)
    conditions.broken = True
    check_alarms()
    assert open_alarms().count() == 1
    assert "could not be read" in Job.objects.get(name="check_alarms").error


def test_two_that_store_the_same_condition_make_one_alarm(conditions: Conditions) -> None:
    condition = conditions.add()
    assert evaluation._open([condition]) == 1
    assert evaluation._open([condition]) == 0
    assert Transition.objects.filter(resource_type="alarm").count() == 1
    with pytest.raises(IntegrityError):
        evaluation._alarm(condition).save()


def test_whoever_reads_does_not_resolve_what_was_opened_in_the_meantime(
    conditions: Conditions, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions.add()
    evaluation.evaluate()
    conditions.clear()
    Alarm.objects.update(opened_at=timezone.now() + timedelta(seconds=5))
    assert evaluation.evaluate().resolved == 0


def test_what_many_conditions_cost_does_not_grow_by_reading(conditions: Conditions) -> None:
    def selects() -> int:
        with CaptureQueriesContext(connection) as captured:
            evaluation.evaluate()
        return sum(query["sql"].startswith("SELECT") for query in captured.captured_queries)

    conditions.add("0")
    evaluation.evaluate()
    few = selects()
    for number in range(1, 40):
        conditions.add(str(number))
    evaluation.evaluate()
    assert selects() == few


# --- notices ---------------------------------------------------------------------------------------


@pytest.fixture
def told(settings: Any) -> Any:
    settings.ALARM_EMAILS = ["anna@example.com"]
    settings.ALARM_URLS = ["json://127.0.0.1/a"]
    settings.ALARM_ESCALATION_URLS = ["json://127.0.0.1/boss"]
    settings.ALARM_ESCALATION_MINUTES = 15
    return settings


def test_an_alarm_is_announced_once_it_has_lasted(conditions: Conditions, told: Any) -> None:
    conditions.add()
    evaluation.evaluate()
    assert written(Event.OPENED) == []
    earlier(0.5)
    evaluation.evaluate()
    evaluation.evaluate()
    assert written(Event.OPENED) == ["email", outbox.digest("json://127.0.0.1/a")]


def test_what_is_over_sooner_is_told_to_nobody(conditions: Conditions, told: Any) -> None:
    conditions.add()
    evaluation.evaluate()
    conditions.clear()
    earlier(0.1)
    evaluation.evaluate()
    assert not Notice.objects.exists()


def test_an_alarm_that_nobody_acknowledges_is_escalated_once(conditions: Conditions, told: Any) -> None:
    conditions.add()
    evaluation.evaluate()
    earlier(14)
    evaluation.evaluate()
    assert written(Event.ESCALATED) == []
    earlier(2)
    evaluation.evaluate()
    evaluation.evaluate()
    assert written(Event.ESCALATED) == [outbox.digest("json://127.0.0.1/boss")]


def test_an_acknowledged_alarm_is_not_escalated(conditions: Conditions, told: Any) -> None:
    conditions.add()
    evaluation.evaluate()
    earlier(1)
    evaluation.evaluate()
    services.alarm_acknowledge(Alarm.objects.get(), who=TESTER)
    earlier(60)
    evaluation.evaluate()
    assert written(Event.ESCALATED) == []


def test_the_end_is_told_to_all_who_were_told_of_the_beginning(conditions: Conditions, told: Any) -> None:
    conditions.add()
    evaluation.evaluate()
    earlier(20)
    evaluation.evaluate()
    evaluation.evaluate()
    told.ALARM_URLS = []
    conditions.clear()
    evaluation.evaluate()
    everybody = ["email", outbox.digest("json://127.0.0.1/a"), outbox.digest("json://127.0.0.1/boss")]
    assert sorted(written(Event.RESOLVED)) == sorted(everybody)


def test_nobody_is_told_the_end_of_what_another_alarm_goes_beyond(conditions: Conditions, told: Any) -> None:
    conditions.add(rule="budget_50")
    conditions.add("2", rule="budget_50")
    evaluation.evaluate()
    earlier(1)
    evaluation.evaluate()
    conditions.clear()
    conditions.add(rule="budget_80", replaces=("budget_50",))
    assert evaluation.evaluate().resolved == 2
    over = Notice.objects.filter(event=Event.RESOLVED)
    assert {notice.alarm.object_id for notice in over} == {"2"}, "of another object it is over"
    said = {row.resource_id: row.why for row in Transition.objects.filter(to_state="resolved")}
    beyond, gone = (Alarm.objects.get(rule="budget_50", object_id=each) for each in ("1", "2"))
    assert said == {beyond.pk: "another alarm goes beyond it", gone.pk: "its reason is gone"}
    earlier(1)
    evaluation.evaluate()
    conditions.clear()
    evaluation.evaluate()
    assert set(over.values_list("alarm__rule", "alarm__object_id")) == {
        ("budget_50", "2"),
        ("budget_80", "1"),
    }


@pytest.mark.parametrize("answer", ["none", "taken", "silenced"])
def test_a_warning_that_becomes_critical_is_told_anew_whatever_was_said_to_it(
    conditions: Conditions, told: Any, answer: str
) -> None:
    """Such as the error of an idle channel on which a show goes on air."""
    conditions.add(severity=Severity.WARNING, since=long_ago(30))
    evaluation.evaluate()
    earlier(1)
    evaluation.evaluate()
    warning = Alarm.objects.get()
    if answer == "taken":
        services.alarm_take(warning, who=TESTER)
        services.alarm_acknowledge(warning, who=TESTER, note="the crew comes at eight")
    if answer == "silenced":
        services.alarm_silence(warning, who=TESTER, until=timezone.now() + timedelta(days=7))
    conditions.clear()
    conditions.add(sentence="keynote 1 is on air with it.")
    assert evaluation.evaluate().opened == 1
    alarm = open_alarms().get()
    assert (alarm.severity, alarm.detail) == ("critical", "keynote 1 is on air with it.")
    assert (alarm.acknowledged_at, alarm.silenced_until) == (None, None)
    kept = (TESTER.name, "the crew comes at eight") if answer == "taken" else ("", "")
    assert (alarm.owner, alarm.note) == kept
    assert alarm.since <= long_ago(29)
    everybody = ["email", outbox.digest("json://127.0.0.1/a")]
    assert written(Event.OPENED) == everybody * 2
    earlier(16)
    evaluation.evaluate()
    evaluation.evaluate()
    assert written(Event.OPENED) == everybody * 2
    assert written(Event.ESCALATED) == [outbox.digest("json://127.0.0.1/boss")]
    assert written(Event.RESOLVED) == []
    log = Transition.objects.filter(resource_type="alarm").order_by("pk")
    assert [(entry.resource_id, entry.to_state) for entry in log][-2:] == [
        (warning.pk, "resolved"),
        (alarm.pk, "open"),
    ]


def test_who_was_told_that_nobody_answers_is_told_that_it_is_critical_and_of_its_end(
    conditions: Conditions, told: Any
) -> None:
    conditions.add(severity=Severity.WARNING)
    evaluation.evaluate()
    earlier(16)
    evaluation.evaluate()
    evaluation.evaluate()
    conditions.clear()
    conditions.add()
    evaluation.evaluate()
    earlier(1)
    conditions.clear()
    evaluation.evaluate()
    everybody = ["email", outbox.digest("json://127.0.0.1/a"), outbox.digest("json://127.0.0.1/boss")]
    assert written(Event.OPENED)[-3:] == everybody
    assert sorted(written(Event.RESOLVED)) == sorted(everybody)


def test_a_page_is_not_calm_about_what_has_become_critical_though_no_job_has_run(
    conditions: Conditions,
) -> None:
    somebody = User(is_superuser=True)
    conditions.add(severity=Severity.WARNING)
    evaluation.evaluate()
    services.alarm_acknowledge(Alarm.objects.get(), who=TESTER)
    assert [shown.calm for shown in alarms.current(somebody) or []] == [True]
    conditions.clear()
    conditions.add()
    assert [shown.calm for shown in alarms.current(somebody) or []] == [False]


def test_what_becomes_critical_before_anybody_was_told_is_one_alarm(
    conditions: Conditions, told: Any
) -> None:
    conditions.add(severity=Severity.WARNING)
    evaluation.evaluate()
    conditions.clear()
    conditions.add()
    evaluation.evaluate()
    assert Alarm.objects.get().severity == "critical"


def test_what_is_no_longer_critical_stays_the_same_alarm(conditions: Conditions, told: Any) -> None:
    conditions.add()
    evaluation.evaluate()
    earlier(1)
    evaluation.evaluate()
    conditions.clear()
    conditions.add(severity=Severity.WARNING)
    evaluation.evaluate()
    assert Alarm.objects.get().severity == "warning"
    assert written(Event.RESOLVED) == []


def test_a_silenced_alarm_is_announced_when_the_silence_ends(conditions: Conditions, told: Any) -> None:
    conditions.add()
    evaluation.evaluate()
    alarm = Alarm.objects.get()
    services.alarm_silence(alarm, who=TESTER, until=timezone.now() + timedelta(hours=1))
    earlier(30)
    evaluation.evaluate()
    assert not Notice.objects.exists()
    earlier(31)
    evaluation.evaluate()
    assert written(Event.OPENED) == ["email", outbox.digest("json://127.0.0.1/a")]


def test_without_targets_nothing_is_written(conditions: Conditions) -> None:
    conditions.add()
    evaluation.evaluate()
    earlier(60)
    evaluation.evaluate()
    assert not Notice.objects.exists()


def test_a_target_is_named_without_its_secrets() -> None:
    assert "secret" not in outbox.digest("slack://secret-token/channel")
