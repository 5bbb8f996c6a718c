"""`GET /alarms` and `POST /alarms/{id}/acknowledge` (docs/api.md)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from streamhub.access.services import token_issue
from streamhub.alerts import api as alarms_api
from streamhub.alerts import evaluation
from streamhub.alerts.models import Alarm
from tests.alerts.conditions import Conditions

pytestmark = pytest.mark.django_db

FIELDS = {
    *("id", "rule", "severity", "object", "since", "detail", "hint", "owner", "acknowledged_by", "note"),
    *("silenced_until", "resolved_at"),
}


def call(method: str, path: str, body: Any = None, scope: str = "channels:write", **headers: str) -> Any:
    token = token_issue("event-site", [scope])[1]
    response = Client().generic(
        method,
        f"/api/v1/{path}",
        "" if body is None else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", **headers},
    )
    return response


def listed(query: str = "") -> list[Any]:
    response = call("GET", f"alarms{query}", scope="channels:read")
    assert response.status_code == 200
    items: list[Any] = response.json()["items"]
    return items


def test_the_list_is_true_although_no_job_has_run(conditions: Conditions) -> None:
    conditions.add()
    (alarm,) = listed()
    assert set(alarm) == FIELDS
    assert alarm["object"] == {"kind": "breakout", "id": "1", "name": "keynote 1"}
    assert (alarm["rule"], alarm["severity"], alarm["owner"], alarm["note"]) == (
        "start_late",
        "critical",
        None,
        None,
    )
    conditions.clear()
    Alarm.objects.update(opened_at=Now() - timedelta(seconds=5))
    assert listed() == []
    assert [each["id"] for each in listed("?state=all")] == [alarm["id"]]
    assert listed("?state=all")[0]["resolved_at"] is not None


def test_the_list_is_paged(conditions: Conditions) -> None:
    for number in range(3):
        conditions.add(str(number))
    answer = call("GET", "alarms?limit=2", scope="channels:read").json()
    assert [each["object"]["id"] for each in answer["items"]] == ["2", "1"]
    rest = call("GET", answer["next"].partition("/api/v1/")[2], scope="channels:read").json()
    assert [each["object"]["id"] for each in rest["items"]] == ["0"]
    assert rest["next"] is None


@pytest.mark.parametrize("state", ["closed", "", "OPEN"])
def test_another_state_is_refused_by_name(conditions: Conditions, state: str) -> None:
    answer = call("GET", f"alarms?state={state}", scope="channels:read")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "state"


@pytest.mark.parametrize(
    ("body", "note"), [({"note": "restarting it"}, "restarting it"), ({}, None), (None, None)]
)
def test_a_service_acknowledges_with_or_without_a_note(conditions: Conditions, body: Any, note: Any) -> None:
    conditions.add()
    (alarm,) = listed()
    answer = call("POST", f"alarms/{alarm['id']}/acknowledge", body)
    assert answer.status_code == 200
    assert (answer.json()["acknowledged_by"], answer.json()["note"]) == ("service:event-site", note)
    assert [each["id"] for each in listed()] == [alarm["id"]], "it stays open"


def test_the_same_key_acknowledges_once(conditions: Conditions) -> None:
    conditions.add()
    (alarm,) = listed()
    path, key = f"alarms/{alarm['id']}/acknowledge", {"Idempotency-Key": "k1"}
    first = call("POST", path, {"note": "a"}, **key)
    Alarm.objects.update(note="b")
    assert call("POST", path, {"note": "a"}, **key).json() == first.json()
    assert Alarm.objects.get().note == "b"


def test_a_resolved_alarm_is_409_an_unknown_one_404_and_a_long_note_422(conditions: Conditions) -> None:
    conditions.add()
    evaluation.evaluate()
    alarm = Alarm.objects.get()
    path = f"alarms/{alarm.pk}/acknowledge"
    long = call("POST", path, {"note": "x" * 1001})
    assert (long.status_code, long.json()["errors"][0]["field"]) == (422, "note")
    Alarm.objects.update(resolved_at=Now())
    refused = call("POST", path, {})
    assert (refused.status_code, refused.json()["state"]) == (409, "resolved")
    assert call("POST", "alarms/999/acknowledge", {}).status_code == 404


def test_each_call_needs_its_scope(conditions: Conditions) -> None:
    conditions.add()
    evaluation.evaluate()
    assert call("GET", "alarms", scope="breakouts:read").status_code == 403
    path = f"alarms/{Alarm.objects.get().pk}/acknowledge"
    assert call("POST", path, {}, scope="channels:read").status_code == 403


def test_an_alarm_that_was_deleted_meanwhile_is_404(
    conditions: Conditions, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions.add()
    (alarm,) = listed()
    found = alarms_api.one

    def found_then_deleted(*args: Any) -> Any:
        row = found(*args)
        Alarm.objects.filter(pk=row.pk).delete()
        return row

    monkeypatch.setattr(alarms_api, "one", found_then_deleted)
    assert call("POST", f"alarms/{alarm['id']}/acknowledge").status_code == 404
