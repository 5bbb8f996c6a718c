"""No field of the API is answered by a 500, whatever it holds, and a refusal names the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_app.models import Breakout, Channel
from channels_app.services import channel_create
from streamhub.access import limits
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from streamhub.urls import api as the_api
from tests.scenarios import hostile
from tests.scenarios.actors import TESTER
from tests.scenarios.volume import volume

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

CHANNEL = {"name": "stage 2", "allowed_cidrs": ["203.0.113.7/32"]}
PULL = {"name": "stage 2", "input_type": "URL_PULL", "source_urls": ["https://a.example/x.m3u8"]}
SCHEMA: dict[str, Any] = json.loads(json.dumps(the_api.get_openapi_schema()))
searching = settings(
    max_examples=volume(12, 40), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


class Caller:
    """A service with every scope, and a channel and a breakout to ask about."""

    def __init__(self) -> None:
        self.channel = channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
        self.token = token_issue("odd", list(SCOPES))[1]
        self.client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> HttpResponse:
        kind = headers.pop("Content-Type", "application/json")
        headers["Authorization"] = f"Bearer {self.token}"
        return self.client.generic(method, f"/api/v1{path}", body, content_type=kind, headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", path, raw, **headers)


@pytest.fixture
def caller(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    monkeypatch.setattr(limits.requests, "take", lambda key: 0.0)
    monkeypatch.setattr(limits.failures, "take", lambda key: 0.0)
    return Caller()  # type: ignore[return-value]


def refused_for(answer: HttpResponse) -> list[str]:
    """The fields that a 422 names."""
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"]
    return [error["field"] for error in problem["errors"]]


def never_500(answer: HttpResponse, *fields: str) -> None:
    """Accepted, or refused as the API refuses, with one of the fields named."""
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    if answer.status_code == 422 and fields:
        named = refused_for(answer)
        assert any(name.split(".")[0] in fields for name in named), (named, fields)


# --- each case that once was a 500, or passed -------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00+99:00",
        "٢٠٢٦-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
    ],
)
def test_a_time_that_has_no_utc_or_no_sense_is_refused(caller: Caller, moment: str) -> None:
    body = {"channel": str(caller.channel.pk), "name": "a", "starts_at": moment}
    assert refused_for(caller.post("/breakouts", body)) == ["starts_at"]


@pytest.mark.parametrize("moment", ["2000-01-01T00:00:00+14:00", "2199-12-31T23:59:59.999999-23:59"])
def test_the_first_and_last_times_never_end_in_a_500(caller: Caller, moment: str) -> None:
    body = {"channel": str(caller.channel.pk), "name": "a", "starts_at": moment}
    never_500(caller.post("/breakouts", body), "starts_at")


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://[",
        "http://]/",
        "http://a\u2100b/x",
        "http://a:99999/x",
        "http://a:²/x",
        "http://a b/x",
        "http://a/\n",
        "http://a/\u202e",
        "http:///x",
        "http://",
        "javascript:alert(1)",
        "http://a/" + "x" * 3000,
        "",
    ],
)
def test_a_source_that_is_no_url_is_refused(caller: Caller, url: str) -> None:
    assert refused_for(caller.post("/channels", {**PULL, "source_urls": [url]})) == ["source_urls"]


@pytest.mark.parametrize("url", ["http://[2600::1]:8080/x.m3u8", "https://a.example/.m3u8?x=%0A"])
def test_other_sources_are_accepted(caller: Caller, url: str) -> None:
    assert caller.post("/channels", {**PULL, "source_urls": [url]}).status_code == 202


@pytest.mark.parametrize(
    "cidr", ["203.0.113.7/²", "203.0.113.0/255.255.255.0", "203.0.113.7/032", " 203.0.113.7/32"]
)
def test_a_cidr_is_written_in_one_way(caller: Caller, cidr: str) -> None:
    assert refused_for(caller.post("/channels", {**CHANNEL, "allowed_cidrs": [cidr]})) == ["allowed_cidrs"]


@pytest.mark.parametrize("limit", ["²", "٣", "1e2", "9" * 5000, "NaN", "0x10", " 5", ""])
def test_a_limit_that_is_no_number_is_refused(caller: Caller, limit: str) -> None:
    answer = caller.send("GET", f"/channels?limit={quote(limit)}")
    never_500(answer, "limit")
    assert answer.status_code == 422 or limit in ("٣", " 5", "1e2")


@pytest.mark.parametrize(
    "cursor", ["²", "c", "c0", "c-1", "C1", "cfffffffffffffffff", "aWQ6MQ", "%00", "c1%00", "%ff"]
)
def test_a_cursor_that_was_tampered_with_is_refused(caller: Caller, cursor: str) -> None:
    assert refused_for(
        caller.send("GET", f"/channels?cursor={cursor if '%' in cursor else quote(cursor)}")
    ) == ["cursor"]


def test_a_cursor_beyond_every_id_is_the_first_page(caller: Caller) -> None:
    assert len(caller.send("GET", "/channels?cursor=cffffffffffffffff").json()["items"]) == 1


@pytest.mark.parametrize(
    "id", [hostile.BIG, str(2**63), "9" * 400, "²", "%00", "%ff", "%zz", "%", "1%00", "-1", "0", "%E2%80%AE1"]
)
@pytest.mark.parametrize("kind", ["channels", "breakouts", "distributions"])
def test_an_id_that_nothing_has_is_404(caller: Caller, kind: str, id: str) -> None:
    assert caller.send("GET", f"/{kind}/{id}").status_code == 404
    assert caller.send("POST", f"/{kind}/{id}/retry", **{"Idempotency-Key": "k"}).status_code == 404


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"name": "a", "name": "b"}', "name"),
        (b'{"tags": {"a": "1", "a": "2"}}', "a"),
        (b'{"name": NaN}', "body"),
        (b'{"record": Infinity}', "body"),
        (b'{"name": "\\ud800"}', "name"),
        (b'{"\\udfff": 1}', "body"),
        (b'{"name": "a\\u0000"}', "name"),
        (b"[" * 100_000, "body"),
        (b'{"a":' * 50_000, "body"),
        (b"[" * 900 + b"]" * 900, "body"),
        (b'{"name": ' + b"9" * 5000 + b"}", "body"),
        (b"\xff\xfe{}", "body"),
        (b"{} {}", "body"),
        (b"null", "body"),
        (b'"text"', "body"),
        (b"7", "body"),
    ],
)
def test_odd_json_is_refused(caller: Caller, raw: bytes, field: str) -> None:
    assert field in refused_for(caller.post("/channels", raw))
    assert Channel.objects.count() == 1


@pytest.mark.parametrize("kind", ["", "²", "text/plain", "multipart/form-data", "application/json; charset="])
def test_an_odd_content_type_is_no_500(caller: Caller, kind: str) -> None:
    never_500(caller.post("/channels", CHANNEL, **{"Content-Type": kind}))


@pytest.mark.parametrize("key", ["", " ", "²", "a\tb", "x" * 256, "ключ", "\x7f", " a "])
def test_an_odd_idempotency_key_is_refused(caller: Caller, key: str) -> None:
    assert refused_for(caller.post("/channels", CHANNEL, **{"Idempotency-Key": key})) == ["Idempotency-Key"]
    assert Channel.objects.count() == 1


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ²", "Bearer \ud800x", "Basic eA==", "Bearer " + "x" * 5000]
)
def test_an_odd_token_is_401(caller: Caller, authorization: str) -> None:
    header = authorization.encode("utf-8", "replace").decode("latin-1")
    answer = caller.client.get("/api/v1/channels", headers={"Authorization": header})
    assert answer.status_code == 401


def test_too_many_parameters_are_a_problem(caller: Caller) -> None:
    answer = caller.send("GET", "/channels?" + "a&" * 2000)
    assert answer.status_code == 400
    never_500(answer)


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("character", "said"),
    [
        ("\n", "U+000A LINE FEED"),
        ("\t", "U+0009 TAB"),
        ("\x1b", "U+001B"),
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("\u200b", "U+200B ZERO WIDTH SPACE"),
        ("\u2028", "U+2028 LINE SEPARATOR"),
    ],
)
def test_a_name_says_which_character_must_go(caller: Caller, character: str, said: str) -> None:
    text = f"a{character}b"
    for path, body, field in (
        ("/channels", {**CHANNEL, "name": text}, "name"),
        ("/channels", {**CHANNEL, "tags": {"team": text}}, "tags"),
        ("/channels", {**CHANNEL, "tags": {text: "team"}}, "tags"),
        ("/breakouts", {"channel": str(caller.channel.pk), "name": text}, "name"),
    ):
        answer = caller.post(path, body)
        assert refused_for(answer) == [field]
        assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("first", "second"), [("Caf\u00e9", "Cafe\u0301"), ("Straße", "STRASSE"), ("Hall", "hALL ")]
)
def test_twins_of_a_living_channel_are_refused(caller: Caller, first: str, second: str) -> None:
    assert caller.post("/channels", {**CHANNEL, "name": first}).status_code == 202
    assert refused_for(caller.post("/channels", {**CHANNEL, "name": second})) == ["name"]
    Channel.objects.filter(name=first).update(desired="deleted")
    assert caller.post("/channels", {**CHANNEL, "name": second}).status_code == 202


def test_names_and_tags_are_kept_composed(caller: Caller) -> None:
    body = {**CHANNEL, "name": " Cafe\u0301 ", "tags": {"e\u0301": "e\u0301", "Team": "1", "team": "2"}}
    answer = caller.post("/channels", body).json()
    assert answer["name"] == "Caf\u00e9"
    assert answer["tags"] == {"\u00e9": "\u00e9", "Team": "1", "team": "2"}
    breakout = {"channel": answer["id"], "name": "e\u0301"}
    assert caller.post("/breakouts", breakout).json()["name"] == "\u00e9"


def test_tag_keys_that_differ_only_in_their_spelling_are_refused(caller: Caller) -> None:
    body = {**CHANNEL, "tags": {"\u00e9": "1", "e\u0301": "2"}}
    assert refused_for(caller.post("/channels", body)) == ["tags"]


def test_breakouts_may_share_a_name(caller: Caller) -> None:
    body = {"channel": str(caller.channel.pk), "name": "keynote"}
    assert [caller.post("/breakouts", body).status_code for _ in range(2)] == [201, 201]
    assert Breakout.objects.count() == 2


# --- every field of the description, with everything that is odd --------------------------------


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path.removeprefix("/api/v1"), details)
        for path, methods in SCHEMA["paths"].items()
        for method, details in methods.items()
    ]


def body_fields() -> list[tuple[str, str, str]]:
    found = []
    for method, path, details in operations():
        content = details.get("requestBody", {}).get("content", {})
        for kind in content.values():
            (reference,) = (
                each["$ref"] for each in kind["schema"].get("anyOf", [kind["schema"]]) if "$ref" in each
            )
            model = SCHEMA["components"]["schemas"][reference.rpartition("/")[2]]
            found += [(method, path, field) for field in model["properties"]]
    return found


def parameters(where: str) -> list[tuple[str, str, str]]:
    return [
        (method, path, parameter["name"])
        for method, path, details in operations()
        for parameter in details.get("parameters", [])
        if parameter["in"] == where
    ]


def valid_body(caller: Caller, field: str) -> dict[str, Any]:
    """A body that would be accepted, as far as this test knows the operation."""
    bodies = {"source_urls": PULL, "raised": {}}
    return {**bodies.get(field, CHANNEL)}


def json_names(value: Any) -> list[str]:
    """The names in the value's objects, which a refusal of an unstorable one may say."""
    return list(value) if isinstance(value, dict) else []


odd_json = st.one_of(
    st.sampled_from(hostile.JSON_VALUES),
    hostile.texts,
    st.recursive(
        st.none() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
)


def test_the_description_has_fields_to_try() -> None:
    assert len(body_fields()) >= 13
    assert len(parameters("query")) >= 8
    assert len(parameters("path")) >= 15


@pytest.mark.parametrize(("method", "path", "field"), body_fields())
def test_no_value_of_a_field_is_a_500(caller: Caller, method: str, path: str, field: str) -> None:
    target = path.replace("{id}", "1")
    base = (
        {"channel": str(caller.channel.pk), "name": "a"}
        if path == "/breakouts"
        else valid_body(caller, field)
    )

    @searching
    @given(odd_json)
    def search(value: Any) -> None:
        answer = caller.send(method, target, json.dumps({**base, field: value}, allow_nan=True).encode())
        never_500(answer, *base, field, "body", *json_names(value))

    search()
    for value in hostile.JSON_VALUES:
        search.hypothesis.inner_test(value)


@pytest.mark.parametrize(("method", "path", "name"), parameters("query"))
def test_no_value_of_a_parameter_is_a_500(caller: Caller, method: str, path: str, name: str) -> None:
    @searching
    @given(hostile.texts)
    def search(value: str) -> None:
        query = f"{name}={quote(value, errors='replace')}"
        never_500(caller.send(method, f"{path}?{query}"), name)

    search()
    for value in hostile.TEXTS:
        search.hypothesis.inner_test(value)
    for raw in hostile.RAW:
        never_500(caller.send(method, f"{path}?{name}={raw}"), name)


@pytest.mark.parametrize(("method", "path", "name"), parameters("path"))
def test_no_id_in_a_path_is_a_500(caller: Caller, method: str, path: str, name: str) -> None:
    values = [quote(text, safe="", errors="replace") for text in hostile.TEXTS if text]
    for value in [*values, *hostile.RAW][:: volume(3, 1)]:
        answer = caller.send(method, path.replace(f"{{{name}}}", value), b"{}", **{"Idempotency-Key": "k"})
        never_500(answer)
        assert answer.status_code in (404, 422, 409, 405)


@pytest.mark.parametrize(("method", "path", "name"), parameters("header")[:3])
def test_no_value_of_a_header_is_a_500(caller: Caller, method: str, path: str, name: str) -> None:
    @searching
    @given(st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300))
    def search(value: str) -> None:
        never_500(caller.send(method, path.replace("{id}", "1"), b"{}", **{name: value}))

    search()
