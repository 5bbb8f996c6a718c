"""The verbs of endpoints and deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from streamhub.access.actors import staff_actor
from streamhub.access.models import AuditEntry
from streamhub.clock import database_now, from_now
from streamhub.errors import Forbidden, Gone, Invalid, NotPossible
from streamhub.webhooks import alarms, services
from streamhub.webhooks.models import Delivery, Endpoint, EndpointState
from streamhub.webhooks.services import Wanted
from tests.scenarios.actors import TESTER
from tests.scenarios.webhook_receiver import KIND, Receiver, age, endpoint, event, later, send, usage_event

pytestmark = pytest.mark.django_db


SECOND = timedelta(seconds=1)


def wanted(url: str = "", **fields: Any) -> Wanted:
    return Wanted(**{"name": "event site", "url": url, "kinds": [KIND], **fields})


@pytest.mark.parametrize(
    ("form", "fields", "field"),
    [
        ("cloudevents", {"name": " "}, "name"),
        ("cloudevents", {"url": "https://10.0.0.1/"}, "url"),
        ("cloudevents", {"kinds": []}, "kinds"),
        ("cloudevents", {"kinds": ["nothing.happened"]}, "kinds"),
        ("fax", {}, "format"),
        ("stripe", {"event_name": "bytes"}, "api_key"),
        ("stripe", {"api_key": "rk_1"}, "event_name"),
        ("openmeter", {"api_key": "two words"}, "api_key"),
    ],
    ids=lambda value: str(value),
)
def test_what_is_wrong_is_said_at_its_field(
    receiver: Receiver, form: str, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        services.endpoint_add(wanted(**{"url": receiver.url, **fields}), form, who=TESTER)
    assert list(refused.value.errors) == [field]
    assert not Endpoint.objects.exists()


def test_two_endpoints_do_not_share_a_name(receiver: Receiver) -> None:
    services.endpoint_add(wanted(receiver.url), "standard", who=TESTER)
    with pytest.raises(Invalid, match="this name"):
        services.endpoint_add(wanted(receiver.url, name="Event Site"), "standard", who=TESTER)


def test_a_test_event_goes_to_this_endpoint_alone(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    endpoint(receiver.url, kinds=[KIND, "alarm.opened"])
    services.endpoint_test(row, who=TESTER)
    send(row)
    assert len(receiver.requests) == Delivery.objects.count() == 1
    assert b'"type":"streamhub.test"' in receiver.requests[0][2]


def test_a_meter_gets_no_test_event_and_no_new_secret(receiver: Receiver) -> None:
    row = endpoint(receiver.url, "openmeter", api_key="om_1")
    with pytest.raises(NotPossible, match="would be usage"):
        services.endpoint_test(row, who=TESTER)
    with pytest.raises(NotPossible, match="receiver's"):
        services.endpoint_rotate(row, who=TESTER)


def test_what_was_missed_is_sent_again_and_what_it_has_is_not(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    had, missed = event(), event()
    send(row)
    Delivery.objects.filter(event=missed).update(state="failed")
    receiver.requests.clear()
    services.endpoint_replay(row, who=TESTER, since=had.at - SECOND)
    send(row)
    assert receiver.ids == [missed.uid]


def test_everything_is_sent_again_with_the_same_ids_and_no_second_event(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    events = [event() for _ in range(3)]
    send(row)
    said = services.endpoint_replay(row, who=TESTER, since=events[0].at - SECOND, everything=True)
    assert said.startswith("3 of all events since ")
    send(row)
    assert receiver.ids == [each.uid for each in events] * 2
    bodies = [body for _path, _headers, body in receiver.requests]
    assert bodies[:3] == bodies[3:]
    assert len(set(bodies)) == Delivery.objects.count() == 3


def test_a_range_begins_and_ends_where_it_says(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    old = event()
    send(row)
    age(type(old), "at", timedelta(days=1))
    event()
    send(row)
    receiver.requests.clear()
    day = database_now() - timedelta(days=1)
    hour = timedelta(hours=1)
    services.endpoint_replay(row, who=TESTER, since=day - hour, until=day + hour, everything=True)
    send(row)
    assert receiver.ids == [old.uid]


def test_a_new_endpoint_can_get_what_happened_before_it(receiver: Receiver) -> None:
    other = endpoint(receiver.url)
    old = event()
    send(other)
    receiver.requests.clear()
    row = endpoint(receiver.url)
    send(row)
    assert receiver.ids == []
    services.endpoint_replay(row, who=TESTER, since=old.at - SECOND)
    send(row)
    assert receiver.ids == [old.uid]


def test_stripe_is_never_sent_what_it_may_have_forgotten(receiver: Receiver) -> None:
    row = endpoint(receiver.url, "stripe", api_key="rk_1", event_name="bytes")
    sent = usage_event("cus_1")
    send(row)
    with pytest.raises(Invalid, match="twice"):
        services.endpoint_replay(row, who=TESTER, since=sent.at - SECOND, everything=True)
    with pytest.raises(NotPossible, match="twice"):
        services.delivery_replay(Delivery.objects.get(), who=TESTER)


def test_one_delivery_is_sent_again(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    sent = event()
    send(row)
    services.delivery_replay(Delivery.objects.get(), who=TESTER)
    send(row)
    assert receiver.ids == [sent.uid] * 2


def test_what_failed_is_dismissed(receiver: Receiver) -> None:
    row = endpoint(receiver.url)
    with pytest.raises(NotPossible):
        services.endpoint_dismiss(row, who=TESTER)
    event()
    send(row)
    Delivery.objects.update(state="failed")
    services.endpoint_dismiss(row, who=TESTER)
    later()
    send(row)
    assert Delivery.objects.get().state == "dismissed"
    assert len(receiver.requests) == 1


def test_an_edit_keeps_the_secret_and_the_key(receiver: Receiver) -> None:
    row = endpoint(receiver.url, "stripe", api_key="rk_1", event_name="bytes")
    services.endpoint_edit(row, wanted(receiver.url + "/new", event_name="bytes"), who=TESTER)
    row.refresh_from_db()
    assert row.url.endswith("/new")
    usage_event("cus_1")
    send(row)
    path, headers, _ = receiver.requests[0]
    assert (path, headers["authorization"]) == ("/hooks/new", "Bearer rk_1")


@pytest.mark.parametrize("form", ["stripe", "openmeter"])
def test_a_key_does_not_follow_to_another_place(settings: Any, receiver: Receiver, form: str) -> None:
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1", "localhost"]
    row = endpoint(receiver.url, form, api_key="rk_1", event_name="bytes")
    for url in (
        receiver.url.replace("127.0.0.1", "localhost"),
        receiver.url.replace("http:", "https:"),
        "http://127.0.0.1:1/hooks",
    ):
        with pytest.raises(Invalid) as refused:
            services.endpoint_edit(row, wanted(url, event_name="bytes"), who=TESTER)
        assert list(refused.value.errors) == ["api_key"]
        row.refresh_from_db()
        assert row.url == receiver.url
    elsewhere = receiver.url.replace("127.0.0.1", "localhost")
    edited = wanted(elsewhere, event_name="bytes", api_key="rk_2")
    services.endpoint_edit(row, edited, who=TESTER)
    usage_event("cus_1")
    send(row)
    assert receiver.requests[0][1]["authorization"] == "Bearer rk_2"


def test_another_spelling_of_the_same_place_keeps_the_key(settings: Any, receiver: Receiver) -> None:
    settings.WEBHOOK_INTERNAL_HOSTS = ["localhost"]
    url = receiver.url.replace("127.0.0.1", "localhost")
    row = endpoint(url, "stripe", api_key="rk_1", event_name="bytes")
    again = url.replace("localhost", "LOCALHOST.")
    services.endpoint_edit(row, wanted(again, event_name="bytes"), who=TESTER)
    row.refresh_from_db()
    assert row.url == again


def test_what_is_signed_moves_with_its_secret(settings: Any, receiver: Receiver) -> None:
    """A signature does not tell the secret."""
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1", "localhost"]
    row = endpoint(receiver.url)
    secret = row.signing_secret
    edited = services.endpoint_edit(row, wanted(receiver.url.replace("127.0.0.1", "localhost")), who=TESTER)
    assert edited.signing_secret == secret


VERBS: dict[str, Any] = {
    "add": lambda row, who: services.endpoint_add(wanted(row.url, name="another"), "standard", who=who),
    "edit": lambda row, who: services.endpoint_edit(row, wanted(row.url), who=who),
    "pause": lambda row, who: services.endpoint_pause(row, who=who),
    "rotate": lambda row, who: services.endpoint_rotate(row, who=who),
    "test": lambda row, who: services.endpoint_test(row, who=who),
    "replay": lambda row, who: services.endpoint_replay(row, who=who, since=row.created_at),
    "delete": lambda row, who: services.endpoint_delete(row, who=who),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_needs_its_permission_and_leaves_an_entry(receiver: Receiver, verb: str) -> None:
    row = endpoint(receiver.url)
    nobody = User.objects.create_user("nobody", is_staff=True)
    nobody.groups.add(Group.objects.get_or_create(name="nothing")[0])
    with pytest.raises(Forbidden):
        VERBS[verb](row, staff_actor(nobody))
    VERBS[verb](row, staff_actor(User.objects.create_superuser("anna")))
    entries = AuditEntry.objects.filter(verb=f"{verb}_endpoint", outcome__in=["done", "unchanged"])
    entries = entries.exclude(actor_kind=TESTER.kind)
    assert [entry.actor_name for entry in entries] == ["anna"]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "add"])
def test_a_verb_on_an_endpoint_that_was_deleted_meanwhile_says_so(receiver: Receiver, verb: str) -> None:
    row = endpoint(receiver.url)
    Endpoint.objects.filter(pk=row.pk).delete()
    with pytest.raises(Gone, match="It was deleted in the meantime"):
        VERBS[verb](row, staff_actor(User.objects.create_superuser("anna")))
    assert not AuditEntry.objects.filter(verb=f"{verb}_endpoint", actor_name="anna").exists()


def failing(receiver: Receiver, **fields: Any) -> Endpoint:
    """An endpoint that has been failing for an hour; its event waits for four hours more."""
    row = endpoint(receiver.url, **fields)
    receiver.status = 500
    event()
    send(row)
    age(Endpoint, "failing_since", timedelta(hours=1))
    Endpoint.objects.update(failures=9, not_before=from_now(timedelta(minutes=5)))
    Delivery.objects.update(not_before=from_now(timedelta(hours=4)))
    receiver.status = 200
    row.refresh_from_db()
    return row


def test_at_a_new_address_nothing_has_failed_yet_and_what_waits_is_due(receiver: Receiver) -> None:
    row = failing(receiver)
    assert [each.rule for each in alarms.current()] == ["webhook_failing"]
    services.endpoint_edit(row, wanted(receiver.url + "/new"), who=TESTER)
    assert alarms.current() == []
    row.refresh_from_db()
    assert (row.state, row.failures, row.last_error) == (EndpointState.ACTIVE, 0, "")
    send(row)
    assert receiver.requests[-1][0] == "/hooks/new"
    assert Delivery.objects.get().state == "delivered"


def test_with_another_name_it_goes_on_failing(receiver: Receiver) -> None:
    row = failing(receiver)
    services.endpoint_edit(row, wanted(receiver.url, name="renamed"), who=TESTER)
    assert [each.rule for each in alarms.current()] == ["webhook_failing"]
    send(row)
    assert len(receiver.requests) == 1


def test_a_meters_new_key_is_tried_at_once(receiver: Receiver) -> None:
    row = endpoint(receiver.url, "openmeter", api_key="om_1")
    receiver.status = 401
    usage_event("house")
    send(row)
    receiver.status = 200
    services.endpoint_edit(row, wanted(receiver.url, api_key="om_2"), who=TESTER)
    send(row)
    assert Delivery.objects.get().state == "delivered"


def test_a_new_address_of_a_paused_endpoint_gets_nothing_before_it_is_resumed(receiver: Receiver) -> None:
    row = failing(receiver)
    services.endpoint_pause(row, who=TESTER)
    services.endpoint_edit(row, wanted(receiver.url + "/new"), who=TESTER)
    send(row)
    assert len(receiver.requests) == 1
    services.endpoint_resume(row, who=TESTER)
    send(row)
    assert receiver.requests[-1][0] == "/hooks/new"
