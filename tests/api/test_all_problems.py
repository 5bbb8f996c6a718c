"""A 422 names every field that is wrong, in one answer, whether its type or its value is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from channels_app.services import breakout_create, channel_create
from streamhub.access import limits
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from streamhub.urls import api as the_api
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db

SCHEMA: dict[str, Any] = json.loads(json.dumps(the_api.get_openapi_schema()))
# By the field that cannot be read: nothing is said of those that it decides about.
DECIDED = {
    "input_type": {"allowed_cidrs", "source_urls", "input_credentials", "second_input"},
    "channel_class": {"source_urls"},
}
# Of an edit these are judged with the row, once every type is right.
OF_THE_ROW = {"/api/v1/channels/{id}": {"allowed_cidrs"}, "/api/v1/breakouts/{id}": {"starts_at"}}
# A channel takes none of both kinds of input at once: with this one all its fields can be wrong.
CHOSEN = {"/api/v1/channels": {"input_type": "RTMP_PULL"}}
BAD_OBJECTS: dict[str, Any] = {
    "tags": {"aws:x": "1"},
    "input_credentials": {"username": "", "password": ""},
    "second_input": {"type": "PIGEON"},
}


@pytest.fixture
def send(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    for bucket in (limits.requests, limits.failures):
        monkeypatch.setattr(bucket, "take", lambda key: 0.0)
    channel = channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    show = breakout_create(channel, "keynote", who=TESTER)
    token = token_issue("wrong", list(SCOPES))[1]
    ids = {"channels": channel.pk, "breakouts": show.pk}
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})

    def post(method: str, path: str, body: dict[str, Any]) -> HttpResponse:
        url = path.replace("{id}", str(ids.get(path.split("/")[3], 1)))
        return client.generic(method, url, json.dumps(body), content_type="application/json")

    return post


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation with a body: method, path, and the fields of the body."""
    found = []
    for path, methods in SCHEMA["paths"].items():
        for method, details in methods.items():
            for kind in details.get("requestBody", {}).get("content", {}).values():
                (reference,) = (
                    each["$ref"] for each in kind["schema"].get("anyOf", [kind["schema"]]) if "$ref" in each
                )
                model = SCHEMA["components"]["schemas"][reference.rpartition("/")[2]]
                found.append((method.upper(), path, model["properties"]))
    return found


def wrong_type(field: dict[str, Any]) -> Any:
    kinds = {each.get("type") for each in field.get("anyOf", [field])}
    return {"no": "text"} if "object" not in kinds and not any("$ref" in e for e in kinds_of(field)) else 7


def kinds_of(field: dict[str, Any]) -> list[dict[str, Any]]:
    return field.get("anyOf") or field.get("allOf") or [field]  # type: ignore[no-any-return]


def wrong_value(name: str, field: dict[str, Any]) -> Any:
    """Of the right type and refused by the service; None: every value of the type is right."""
    kind = next((each for each in kinds_of(field) if each.get("type") != "null"), {})
    if name in BAD_OBJECTS:
        return BAD_OBJECTS[name]
    if kind.get("type") == "boolean":
        return None
    if kind.get("type") == "integer":
        return 10**9
    if kind.get("type") == "array":
        return ["junk"]
    return "2001-01-01T00:00:00Z" if kind.get("format") == "date-time" else "\u202ejunk" + "x" * 3000


def named(answer: HttpResponse) -> set[str]:
    assert answer.status_code == 422, answer.content
    return {error["field"].split(".")[0] for error in answer.json()["errors"]}


def test_every_field_of_a_wrong_type_is_named(send: Any) -> None:
    faults = []
    for method, path, fields in operations():
        answer = send(method, path, {name: wrong_type(field) for name, field in fields.items()})
        if answer.status_code != 404 and (missing := set(fields) - named(answer)):
            faults.append(f"{method} {path}: {missing}")
    assert len(operations()) >= 14
    assert faults == []


def test_every_wrong_field_is_named_also_beside_one_of_a_wrong_type(send: Any) -> None:
    """Each field in turn is of a wrong type, and all others have a wrong value."""
    faults = []
    for method, path, fields in operations():
        values = {name: wrong_value(name, field) for name, field in fields.items()}
        values |= CHOSEN.get(path, {})
        wrong = {name: value for name, value in values.items() if value is not None}
        for one, field in [(None, {}), *fields.items()]:
            sent = wrong if one is None else {**wrong, one: wrong_type(field)}
            wanted = set(sent) - ({"input_type"} if path in CHOSEN and one != "input_type" else set())
            wanted -= DECIDED.get(str(one), set())
            if one is not None and method == "PATCH":
                wanted -= OF_THE_ROW[path] - {one}
            answer = send(method, path, sent)
            if answer.status_code in (404, 409) or not wanted:  # nothing there, or not possible now
                continue
            if missing := wanted - named(answer):
                faults.append(f"{method} {path}, {one} of a wrong type: nothing of {sorted(missing)}")
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize(
    ("method", "path", "body", "wrong"),
    [
        ("PATCH", "channels", {"name": "Stage", "allowed_cidrs": [], "record": 7}, {"record"}),
        ("PATCH", "breakouts", {"starts_at": "2001-01-01T00:00:00Z", "note": 7}, {"note"}),
        (
            "POST",
            "channels",
            {
                "name": "new",
                "channel_class": 7,
                "input_type": "URL_PULL",
                "source_urls": ["https://a.example/x.m3u8"] * 2,
            },
            {"channel_class"},
        ),
    ],
)
def test_a_field_that_is_right_is_not_named(
    send: Any, method: str, path: str, body: dict[str, Any], wrong: set[str]
) -> None:
    url = f"/api/v1/{path}" + ("/{id}" if method == "PATCH" else "")
    assert named(send(method, url, body)) == wrong


def test_every_wrong_field_of_an_object_in_a_body_is_named(send: Any) -> None:
    body = {
        "name": "new",
        "allowed_cidrs": ["203.0.113.7/32"],
        "tags": {"aws:x": "1"},
        "second_input": {"type": "PIGEON", "x": 1},
        "input_credentials": {"username": "", "password": 7},
    }
    answer = send("POST", "/api/v1/channels", body)
    assert {error["field"] for error in answer.json()["errors"]} == {
        "tags",
        "second_input.type",
        "second_input.x",
        "input_credentials.username",
        "input_credentials.password",
    }
