"""What each kind of receiver gets, and which answers count as taken."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from streamhub.webhooks import alarms
from streamhub.webhooks.formats import taken
from streamhub.webhooks.models import Delivery, Endpoint, Event
from streamhub.webhooks.request import Answer
from streamhub.webhooks.services import Wanted, endpoint_edit, endpoint_replay
from tests.scenarios.actors import TESTER
from tests.scenarios.webhook_receiver import Receiver, age, endpoint, event, later, send, usage_event

pytestmark = pytest.mark.django_db

KEY = "rk_test_0123456789"


def meter(receiver: Receiver, form: str, **fields: Any) -> Endpoint:
    return endpoint(receiver.url, form, api_key=KEY, **fields)


def delivery() -> Delivery:
    return Delivery.objects.get()


def test_cloudevents(receiver: Receiver, settings: Any) -> None:
    row = endpoint(receiver.url)
    sent = event()
    send(row)
    ((_path, headers, body),) = receiver.requests
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": sent.uid,
        "source": f"urn:streamhub:{settings.STREAMHUB_ENVIRONMENT}",
        "type": "streamhub.channel.state_changed",
        "subject": sent.subject,
        "time": sent.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": sent.data,
    }


def test_standard_webhooks(receiver: Receiver) -> None:
    row = endpoint(receiver.url, "standard")
    sent = event()
    send(row)
    ((_path, headers, body),) = receiver.requests
    assert headers["webhook-id"] == sent.uid
    found = json.loads(body)
    assert (found["type"], found["data"]) == (sent.kind, {"subject": sent.subject, **sent.data})


def test_a_stripe_meter_event(receiver: Receiver) -> None:
    row = meter(receiver, "stripe", event_name="bytes_delivered")
    event()  # no usage: a meter gets none of it
    sent = usage_event("cus_NciAYcXfLnqBoz")
    send(row)
    ((_path, headers, body),) = receiver.requests
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "webhook-signature" not in headers
    assert dict(parse_qsl(body.decode(), strict_parsing=True)) == {
        "event_name": "bytes_delivered",
        "identifier": sent.uid,
        "timestamp": str(int(sent.at.timestamp())),
        "payload[stripe_customer_id]": "cus_NciAYcXfLnqBoz",
        "payload[value]": "1200",
    }


def test_an_openmeter_event(receiver: Receiver) -> None:
    row = meter(receiver, "openmeter")
    sent = usage_event("acme")
    send(row)
    ((_path, headers, body),) = receiver.requests
    assert headers["content-type"] == "application/cloudevents+json"
    found = json.loads(body)
    assert (found["id"], found["type"], found["subject"]) == (sent.uid, "streamhub.usage", "acme")
    assert found["data"] == {**sent.data, "subject": sent.subject}
    assert type(found["data"]["bytes"]) is int


@pytest.mark.parametrize("form", ["stripe", "openmeter"])
def test_usage_of_nobody_is_not_sent_and_is_an_alarm_until_it_has_a_customer(
    receiver: Receiver, form: str
) -> None:
    row = meter(receiver, form, event_name="bytes")
    sent = usage_event("")
    send(row)
    assert receiver.requests == []
    assert (delivery().state, delivery().answer[:22]) == ("failed", "Nobody is the customer")
    assert [condition.rule for condition in alarms.current()] == ["webhook_undelivered"]
    wanted = Wanted(row.name, row.url, event_name="bytes", default_customer="cus_house")
    endpoint_edit(row, wanted, who=TESTER)
    endpoint_replay(row, who=TESTER, since=sent.at - timedelta(seconds=1))
    send(row)
    assert b"cus_house" in receiver.requests[0][2]
    assert delivery().state == "delivered"
    assert alarms.current() == []


def test_what_stripe_cannot_take_is_a_sentence(receiver: Receiver) -> None:
    row = meter(receiver, "stripe", event_name="bytes")
    usage_event("acme")
    usage_event("cus_old")
    age(Event, "at", timedelta(days=36))
    Event.objects.filter(customer="acme").update(at=row.created_at)
    send(row)
    assert receiver.requests == []
    answers = list(Delivery.objects.order_by("event").values_list("answer", flat=True))
    assert "cus_" in answers[0]
    assert "35 days" in answers[1]


STRIPE_HAS_IT = '{"error": {"message": "An event already exists with identifier evt_1.", "type": "x"}}'


@pytest.mark.parametrize(
    ("form", "status", "text", "expected"),
    [
        ("cloudevents", 200, "", True),
        ("cloudevents", 204, "", True),
        ("cloudevents", 302, "", False),
        ("cloudevents", 400, STRIPE_HAS_IT, False),
        ("cloudevents", 500, "", False),
        ("stripe", 200, "", True),
        ("stripe", 400, STRIPE_HAS_IT, True),
        ("stripe", 400, '{"error": {"code": "duplicate_meter_event"}}', True),
        ("stripe", 400, '{"error": {"code": "no_meter"}}', False),
        ("stripe", 401, STRIPE_HAS_IT, False),
        ("openmeter", 204, "", True),
        ("openmeter", 400, "", False),
    ],
    ids=lambda value: str(value)[:24],
)
def test_which_answers_mean_that_it_has_the_event(form: str, status: int, text: str, expected: bool) -> None:
    assert taken(form, Answer(status, text)) is expected


def test_without_the_key_that_sealed_it_nothing_is_sent_and_the_page_says_why(
    receiver: Receiver, settings: Any
) -> None:
    row = endpoint(receiver.url)
    event()
    settings.SECRET_KEY = "another one, of at least fifty random characters, as it should be"
    send(row)
    assert receiver.requests == []
    assert "SECRET_KEY" in delivery().answer


def corrected(subject: str, number: int, customer: str = "", size: int = -1200) -> Event:
    data = {"id": "1", "bytes": size, "requests": 0, "number": number}
    return event("usage.corrected", subject=subject, customer=customer, data=data)


def told(receiver: Receiver) -> list[tuple[str, int]]:
    """Whom the meter was told of, and the bytes."""
    bodies = [json.loads(body) for _path, _headers, body in receiver.requests]
    return [(body["subject"], body["data"]["bytes"]) for body in bodies]


def default(row: Endpoint, customer: str) -> None:
    endpoint_edit(row, Wanted(row.name, row.url, default_customer=customer), who=TESTER)


def test_usage_of_nobody_is_taken_back_from_the_customer_who_was_told_of_it(receiver: Receiver) -> None:
    row = meter(receiver, "openmeter", default_customer="X")
    first = usage_event()
    send(row)
    default(row, "Y")
    corrected(first.subject, 2)
    corrected(first.subject, 3, "Z", 1200)
    usage_event()
    send(row)
    assert told(receiver) == [("X", 1200), ("X", -1200), ("Z", 1200), ("Y", 1200)]


def test_usage_of_nobody_keeps_its_customer_when_the_answer_was_lost(receiver: Receiver) -> None:
    row = meter(receiver, "openmeter", default_customer="X")
    first = usage_event()
    receiver.status = 504
    send(row)
    default(row, "Y")
    receiver.status = 200
    corrected(first.subject, 2)
    later()
    send(row)
    assert told(receiver) == [("X", 1200), ("X", -1200), ("X", 1200)]


def test_usage_of_nobody_goes_to_the_new_default_if_the_old_one_was_refused(receiver: Receiver) -> None:
    row = meter(receiver, "openmeter", default_customer="X")
    first = usage_event()
    receiver.status = 400
    send(row)
    default(row, "Y")
    receiver.status = 200
    corrected(first.subject, 2)
    later()
    send(row)
    assert told(receiver) == [("X", 1200), ("Y", -1200), ("Y", 1200)]


def test_each_endpoint_takes_back_from_its_own_customer(receiver: Receiver) -> None:
    one = meter(receiver, "openmeter", default_customer="X")
    other = meter(receiver, "openmeter", default_customer="W")
    first = usage_event()
    for row in (one, other):
        send(row)
        default(row, "Y")
    corrected(first.subject, 2)
    for row in (one, other):
        send(row)
    assert told(receiver) == [("X", 1200), ("W", 1200), ("X", -1200), ("W", -1200)]
