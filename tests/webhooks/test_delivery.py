"""Deliveries: at least once with one id, whatever the receiver or a worker of ours does."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from streamhub.clock import from_now
from streamhub.lifecycle.lease import JobRun
from streamhub.webhooks import alarms, delivery, jobs, request, retention, tasks, turns
from streamhub.webhooks.models import Attempt, Delivery, Endpoint, EndpointState, Event
from streamhub.webhooks.patience import GIVE_UP_AFTER, LONGEST_PROBE, delivery_wait, endpoint_wait
from streamhub.webhooks.services import endpoint_dismiss, endpoint_pause, endpoint_resume
from tests.scenarios.actors import TESTER
from tests.scenarios.racing import at_once
from tests.scenarios.webhook_receiver import Receiver, age, endpoint, event, later, send

pytestmark = pytest.mark.django_db


def states() -> list[str]:
    return list(Delivery.objects.order_by("event").values_list("state", flat=True))


def test_events_go_out_in_their_order_once(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    events = [event() for _ in range(3)]
    send(row)
    send(row)
    assert receiver.ids == [each.uid for each in events]
    assert states() == ["delivered"] * 3
    body = json.loads(receiver.requests[0][2])
    assert body["id"] == events[0].uid
    assert (body["type"], body["subject"]) == ("streamhub.channel.state_changed", events[0].subject)


def test_a_receiver_that_is_down_for_an_hour_gets_everything_afterwards(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status, receiver.answer = 503, b"closed for repairs"
    events = [event() for _ in range(5)]
    for _ in range(12):  # every five minutes
        later()
        send(row)
    row.refresh_from_db()
    assert row.state == EndpointState.FAILING
    assert row.last_error == "503: closed for repairs"
    assert states() == ["waiting"] * 5
    assert Delivery.objects.filter(attempts__gt=0).exists()
    asked = len(receiver.requests)
    assert asked == 12  # one for each turn: it is not hammered
    receiver.status, receiver.answer = 200, b""
    Endpoint.objects.update(not_before=row.created_at)
    Delivery.objects.filter(attempts=0).update(not_before=row.created_at)
    send(row)
    assert states() == ["delivered"] * 5
    row.refresh_from_db()
    assert row.state == EndpointState.ACTIVE
    assert set(receiver.ids[asked:]) == {each.uid for each in events}


def test_an_endpoint_that_fails_is_left_alone_for_a_while(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status = 500
    event()
    send(row)
    send(row)
    assert len(receiver.requests) == 1
    assert not delivery.due_endpoints().exists()


def test_a_dead_endpoint_does_not_hold_back_another(receiver: Receiver, settings: Any) -> None:
    dead, alive = endpoint("http://127.0.0.1:9/"), endpoint(receiver.url)
    events = [event() for _ in range(3)]
    send(dead)
    send(alive)
    assert receiver.ids == [each.uid for each in events]
    dead.refresh_from_db()
    assert dead.failures == 1
    assert "refused" in dead.last_error


def test_what_the_receiver_refuses_holds_back_no_other_and_waits_by_itself(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    bad, good = [event() for _ in range(10)], [event() for _ in range(5)]
    receiver.of_id = {each.uid: 400 for each in bad}
    send(row)
    assert receiver.ids == [each.uid for each in [*bad, *good]]
    assert states() == ["waiting"] * 10 + ["delivered"] * 5
    row.refresh_from_db()
    assert (row.failures, row.state) == (0, EndpointState.ACTIVE)
    later()
    last = event()
    send(row)
    assert receiver.ids[15:] == [each.uid for each in [last, *bad]]
    assert not delivery.due_endpoints().exists()


def test_what_fails_is_sent_after_what_was_not_tried(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    bad, good = event(), event()
    receiver.of_id[bad.uid] = 500
    send(row)
    assert receiver.ids == [bad.uid]
    later()
    send(row)
    assert receiver.ids == [bad.uid, good.uid, bad.uid]
    assert states() == ["waiting", "delivered"]


def test_what_was_refused_is_not_due_again_because_an_outage_is_over(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    bad = event()
    receiver.of_id[bad.uid] = 422
    send(row)
    receiver.status = 503
    down = [event() for _ in range(3)]
    for _ in down:
        Endpoint.objects.update(not_before=row.created_at)
        send(row)
    Delivery.objects.update(not_before=F("not_before") + timedelta(hours=1))
    Endpoint.objects.update(not_before=row.created_at)
    receiver.status = 200
    up = event()
    asked = len(receiver.requests)
    send(row)
    assert receiver.ids[asked:] == [each.uid for each in [up, *down]]
    assert states() == ["waiting"] + ["delivered"] * 4


@pytest.mark.parametrize(
    ("status", "headers"), [(401, {}), (408, {}), (429, {}), (403, {"Retry-After": "60"})]
)
def test_an_answer_about_the_receiver_ends_the_turn(
    receiver: Receiver, status: int, headers: dict[str, str]
) -> None:
    row = endpoint(receiver.url)
    receiver.status, receiver.headers = status, headers
    event(), event()
    send(row)
    assert len(receiver.requests) == 1
    row.refresh_from_db()
    assert row.state == EndpointState.FAILING


def test_what_is_refused_for_a_while_is_an_alarm(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    refused = event()
    event()
    receiver.of_id[refused.uid] = 404
    send(row)
    assert alarms.current() == []
    age(Delivery, "due_since", timedelta(minutes=20))
    (found,) = alarms.current()
    assert (found.rule, found.sentence) == ("webhook_refused", f"{row.name} refuses 1 of its events.")
    receiver.of_id = {}
    later()
    send(row)
    assert alarms.current() == []


def test_what_was_never_tried_because_of_others_is_not_given_up(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status = 503
    event(), event()
    send(row)
    age(Delivery, "due_since", GIVE_UP_AFTER + timedelta(minutes=1))
    assert turns.give_up() == 1
    assert states() == ["failed", "waiting"]
    later()
    send(row)
    assert turns.give_up() == 0  # its five days begin with its first attempt
    assert states() == ["failed", "waiting"]


def test_a_worker_that_dies_after_sending_sends_the_same_id_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = endpoint(receiver.url)
    sent = event()
    note = delivery._note

    def die(*_args: Any, **_more: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(delivery, "_note", die)
    with pytest.raises(SystemExit):
        send(row)
    monkeypatch.setattr(delivery, "_note", note)
    assert states() == ["waiting"]
    later()
    send(row)
    assert receiver.ids == [sent.uid, sent.uid]
    assert states() == ["delivered"]
    assert Event.objects.count() == 1


def test_a_worker_that_dies_and_keeps_its_claim_is_followed_by_another_one(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    event()
    Endpoint.objects.update(claim_token="dead", claimed_until=row.created_at + timedelta(minutes=1))
    send(row)
    assert receiver.requests == []
    age(Endpoint, "claimed_until", timedelta(minutes=5))
    send(row)
    assert states() == ["delivered"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_event_once(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    events = [event() for _ in range(6)]
    ends = at_once(lambda: send(row), lambda: send(row))
    assert ends == [None, None]
    assert receiver.ids == [each.uid for each in events]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_inside_of_a_transaction(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    post = request.post

    def watched(*args: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return post(*args)

    monkeypatch.setattr(request, "post", watched)
    row = endpoint(receiver.url)
    event()
    send(row)
    assert seen == [False]


def test_after_days_it_has_failed_and_that_is_an_alarm(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status = 500
    event()
    send(row)
    age(Delivery, "due_since", GIVE_UP_AFTER + timedelta(minutes=1))
    age(Endpoint, "failing_since", timedelta(minutes=20))
    assert turns.give_up() == 1
    assert states() == ["failed"]
    found = {condition.rule: condition.sentence for condition in alarms.current()}
    assert found == {"webhook_undelivered": f"{row.name} did not get 1 of its events."}


def test_an_endpoint_that_takes_nothing_is_an_alarm_while_something_waits_for_it(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status = 500
    event()
    send(row)
    age(Endpoint, "failing_since", timedelta(minutes=20))
    (found,) = alarms.current()
    assert (found.rule, found.sentence) == (
        "webhook_failing",
        f"The webhook endpoint {row.name} takes nothing.",
    )
    Delivery.objects.update(state="failed")
    endpoint_dismiss(row, who=TESTER)
    assert alarms.current() == []


def test_one_event_alone_is_tried_every_five_minutes_while_nothing_is_taken(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status = 503
    event()
    for _ in range(12):
        later()
        send(row)
    assert row.deliveries.filter(not_before__lt=from_now(1.2 * timedelta(seconds=LONGEST_PROBE))).exists()


def test_a_receiver_that_asks_for_an_hour_is_left_alone_for_an_hour(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status, receiver.headers = 503, {"Retry-After": "3600"}
    event()
    for _ in range(4):
        later()
        send(row)
    hour = timedelta(minutes=59)
    assert Endpoint.objects.filter(not_before__gt=from_now(hour)).exists()


def test_an_event_that_alone_fails_does_not_hold_up_others_every_five_minutes(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    bad = event()
    receiver.of_id[bad.uid] = 500
    for _ in range(12):
        later()
        send(row)
    later()
    event()
    send(row)
    row.refresh_from_db()
    assert row.failures == 1
    assert row.deliveries.filter(event=bad, not_before__gt=from_now(timedelta(hours=3))).exists()


def test_a_paused_endpoint_gets_nothing_loses_nothing_and_fails_nothing(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    endpoint_pause(row, who=TESTER)
    event()
    send(row)
    age(Delivery, "due_since", GIVE_UP_AFTER + timedelta(days=1))
    assert turns.give_up() == 0
    assert receiver.requests == []
    endpoint_resume(row, who=TESTER)
    assert turns.give_up() == 0
    send(row)
    assert states() == ["delivered"]


def test_gone_pauses_it_and_is_an_alarm(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status = 410
    event()
    send(row)
    row.refresh_from_db()
    assert row.state == EndpointState.PAUSED
    assert [condition.rule for condition in alarms.current()] == ["webhook_gone"]


def test_a_redirect_is_a_failure_with_a_sentence(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status, receiver.headers = 301, {"Location": "https://example.com/"}
    event()
    send(row)
    assert "redirects are not followed" in Delivery.objects.get().answer


def test_every_attempt_is_kept_with_its_answer(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    receiver.status, receiver.answer = 500, b"\xff broken \x00"
    event()
    send(row)
    receiver.status, receiver.answer = 204, b""
    later()
    send(row)
    assert list(Attempt.objects.order_by("pk").values_list("status", "answer")) == [
        (500, "\ufffd broken "),
        (204, ""),
    ]
    assert Delivery.objects.get().attempts == 2


def test_retry_after_is_heeded() -> None:
    assert endpoint_wait(1, asked=1800) == 1800
    assert 4 <= endpoint_wait(1) <= 6
    assert endpoint_wait(50) <= LONGEST_PROBE * 1.2
    assert [round(delivery_wait(n) / 5 / 4 ** (n - 1)) for n in (1, 2, 3)] == [1, 1, 1]


def test_the_job_writes_deliveries_and_wakes_endpoints_slow_ones_behind_urgent_steps(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[Any, ...]] = []
    monkeypatch.setattr("streamhub.lifecycle.wake.send", lambda *args: woken.append(args))
    quick, slow = endpoint(receiver.url), endpoint(receiver.url)
    Endpoint.objects.filter(pk=slow.pk).update(last_duration_ms=5000)
    event()
    tasks.send_webhooks()
    assert sorted(woken) == [
        ("webhooks.send_to_endpoint", [quick.pk], "urgent"),
        ("webhooks.send_to_endpoint", [slow.pk], "bulk"),
    ]
    job = jobs.SEND_WEBHOOKS.row()
    assert job is not None
    assert job.outcome == "events 1, endpoints with a turn 2, given up 0"
    tasks.send_to_endpoint(quick.pk)
    assert len(receiver.requests) == 1


def test_events_go_after_thirty_days_and_usage_after_four_hundred(receiver: Receiver) -> None:
    endpoint(receiver.url)
    event(), event("usage.final")
    turns.spread()
    run = JobRun("purge_events", "token", 60)
    age(Event, "at", timedelta(days=31))
    event()
    retention.purge(run)
    assert sorted(Event.objects.values_list("kind", flat=True)) == ["channel.state_changed", "usage.final"]
    assert not Delivery.objects.exists()
    age(Event, "at", timedelta(days=400))
    retention.purge(run)
    assert not Event.objects.exists()
