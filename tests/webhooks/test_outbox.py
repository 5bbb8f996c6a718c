"""Events: one for each change, in its transaction."""

from __future__ import annotations

import pytest
from django.db import transaction

from channels_app.models import Channel
from streamhub.alerts import evaluation
from streamhub.alerts.models import Alarm
from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now
from streamhub.lifecycle import states
from streamhub.lifecycle.models import Transition
from streamhub.webhooks.models import Delivery, Event
from streamhub.webhooks.outbox import at_transition
from streamhub.webhooks.spreading import spread
from tests.scenarios import rows
from tests.scenarios.racing import at_once
from tests.scenarios.webhook_receiver import KIND, endpoint, event

URL = "https://93.184.216.34/hooks"


@pytest.mark.django_db
def test_a_state_change_is_one_event() -> None:
    row = rows.channel("idle", name="stage")
    states.change(row, "starting", why="start of keynote", request_id="r-1")
    (found,) = Event.objects.all()
    assert (found.kind, found.subject, found.spread) == (KIND, f"channel/{row.pk}", False)
    assert found.data == {
        "id": str(row.pk),
        "name": "stage",
        "from": "idle",
        "to": "starting",
        "why": "start of keynote",
        "who": "StreamHub",
        "error": None,
        "aws_request_id": "r-1",
    }


@pytest.mark.django_db
def test_what_changes_no_state_is_none() -> None:
    row = rows.channel("idle")
    states.record(row, "idle", "idle", why="AWS accepted a call")
    states.record(
        rows.channel("idle").security_group or _group(), "creating", "ready", why="no kind of event"
    )
    assert not Event.objects.exists()


def _group():
    from channels_app.models import SecurityGroup

    return SecurityGroup.objects.create(cidrs="203.0.113.0/24", state="ready")


@pytest.mark.django_db
def test_a_change_that_is_rolled_back_leaves_none() -> None:
    row = rows.channel("idle")
    with transaction.atomic():
        states.change(row, "starting", why="start")
        assert Event.objects.exists()
        transaction.set_rollback(True)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_many_changes_at_once_are_an_event_each() -> None:
    channels = [rows.channel("idle") for _ in range(3)]
    states.change_all(Channel.objects.all(), "starting", why="start")
    assert set(Event.objects.values_list("subject", flat=True)) == {f"channel/{row.pk}" for row in channels}


@pytest.mark.django_db
def test_a_transition_that_is_told_twice_is_one_event() -> None:
    states.change(rows.channel("idle"), "starting", why="start")
    at_transition(list(Transition.objects.all()))
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_an_alarm_is_an_event_when_it_opens_and_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    condition = Condition(
        rule="start_late",
        severity=Severity.CRITICAL,
        kind="breakout",
        object_id="1",
        name="keynote 1",
        url="/admin/",
        sentence="keynote 1 has been starting for 20 minutes.",
        since=database_now(),
    )
    made = [condition]
    source = AlarmSource("alerts.view_alarm", lambda: list(made))
    monkeypatch.setattr("streamhub.alerts.evaluation.sources", lambda: [source])
    evaluation.evaluate()
    evaluation.evaluate()
    made.clear()
    evaluation.evaluate()
    opened, over = Event.objects.order_by("pk")
    alarm = Alarm.objects.get()
    assert (opened.kind, over.kind) == ("alarm.opened", "alarm.resolved")
    assert opened.subject == over.subject == f"alarm/{alarm.pk}"
    assert opened.data["rule"] == condition.rule
    assert opened.data["object"] == {"kind": "breakout", "id": "1", "name": "keynote 1"}


@pytest.mark.django_db
def test_only_who_wants_the_kind_gets_a_delivery() -> None:
    wants = endpoint(URL)
    endpoint(URL, kinds=["alarm.opened"])
    event()
    event("usage.final")
    assert spread() == 2
    assert spread() == 0
    assert [(row.endpoint, row.event.kind) for row in Delivery.objects.all()] == [(wants, KIND)]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_change_and_spread_at_once_make_one_event_and_one_delivery_each() -> None:
    endpoint(URL)
    row = rows.channel("idle")
    mine, other = Channel.objects.get(pk=row.pk), Channel.objects.get(pk=row.pk)
    ends = at_once(
        lambda: states.change(mine, "starting", why="start"),
        lambda: states.change(other, "starting", why="start"),
    )
    assert sorted(ends) == [False, True]
    for _ in range(20):
        event()
    counts = at_once(spread, spread)
    assert not [end for end in counts if isinstance(end, BaseException)], counts
    assert Event.objects.count() == Delivery.objects.count() == 21


@pytest.mark.django_db
def test_a_change_whose_event_cannot_be_written_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are one transaction."""
    row = rows.channel("idle")
    monkeypatch.setattr("streamhub.webhooks.outbox.events_add", lambda events: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        states.change(row, "starting", why="start")
    assert Channel.objects.get().state == "idle"
    assert not Transition.objects.filter(to_state="starting").exists()
