"""The HTTP API of channels, distributions and breakouts (docs/api.md)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_app.models import Breakout, Channel
from distributions.models import Distribution
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from streamhub.errors import AccessDenied, AwsError, HandedOver, QuotaExceeded, Refused, Throttled
from streamhub.lifecycle.models import error_fields
from tests.scenarios.world import WorldUnderTest

CIDRS = ["203.0.113.7/32"]


class Api:
    """An API client with a token."""

    def __init__(self, scopes: list[str]) -> None:
        self.token = token_issue("event-site", scopes, timedelta(days=1))[1]
        self.client = Client()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        response = self.client.generic(
            method,
            f"/api/v1/{path}",
            data=b"" if body is None else body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )
        return response.status_code, response.json() if response.content else None

    def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return self.call("POST", path, body, **headers)

    def get(self, path: str) -> Any:
        status, body = self.call("GET", path)
        assert status == 200, body
        return body


@pytest.fixture
def api(db: None) -> Api:
    return Api(list(SCOPES))


def new_channel(api: Api, **fields: Any) -> tuple[int, Any]:
    return api.post("channels", {"name": "stage", "allowed_cidrs": CIDRS, **fields})


def test_creating_a_channel_answers_at_once_with_the_intent(api: Api) -> None:
    status, body = new_channel(api)
    assert status == 202
    assert (body["state"], body["desired"], body["endpoints"], body["input_dest_urls"]) == (
        "pending",
        "idle",
        [],
        [],
    )
    assert set(body) == {
        *("id", "name", "state", "desired", "state_since", "channel_class", "input_type", "allowed_cidrs"),
        *("source_urls", "encoding_profile", "record", "tags", "endpoints", "input_dest_urls", "ingest"),
        *("input_health", "second_input", "slate_on_loss"),
        *("playback_url", "distribution", "error", "created_at", "pending_changes", "cost_per_hour"),
        *("warm_until", "origin_closed", "settings_outdated", "alias"),
    }


PULL = {"input_type": "URL_PULL", "allowed_cidrs": [], "source_urls": ["https://a.example/x.m3u8"]}


def test_credentials_are_taken_and_never_returned(api: Api) -> None:
    status, body = new_channel(
        api, **PULL, input_credentials={"username": "anna", "password": "/streamhub/stage"}
    )
    assert status == 202
    assert "anna" not in str(body)
    assert "/streamhub/stage" not in str(api.get(f"channels/{body['id']}"))
    assert Channel.objects.get().source_password_param == "/streamhub/stage"


ERRORS = [
    # what AWS answers, whether waiting helps
    (Refused("Unknown encoding.", code="UnprocessableEntityException"), True),
    (AccessDenied("Not authorised.", code="AccessDeniedException"), True),
    (HandedOver("No longer ours."), True),
    (Throttled("Rate exceeded.", code="TooManyRequestsException"), False),
    (QuotaExceeded("Limit reached.", code="TooManyDistributions"), False),
]


@pytest.mark.parametrize(("error", "needs_person"), ERRORS)
def test_an_error_says_whether_a_person_has_to_act(api: Api, error: AwsError, needs_person: bool) -> None:
    id = new_channel(api)[1]["id"]
    Channel.objects.update(**error_fields(error, "Do this."))
    body = api.get(f"channels/{id}")["error"]
    assert set(body) == {"code", "message", "hint", "validation", "needs_person", "request_id", "at"}
    assert (body["code"], body["hint"], body["needs_person"]) == (error.code, "Do this.", needs_person)


def test_what_failed_needs_a_person_whatever_the_error(api: Api, world: WorldUnderTest) -> None:
    id = new_channel(api)[1]["id"]
    world.control.console("medialive", "fail_create")
    world.settle()
    body = api.get(f"channels/{id}")
    assert (body["state"], body["error"]["code"], body["error"]["needs_person"]) == (
        "failed",
        "CREATE_FAILED",
        True,
    )


def test_a_ready_channel_shows_its_endpoints_and_distribution(api: Api, world: WorldUnderTest) -> None:
    id = new_channel(api)[1]["id"]
    world.settle()
    body = api.get(f"channels/{id}")
    assert body["state"] == "idle"
    used, unused = body["ingest"]
    assert body["input_dest_urls"] == [used["url"]] == [f"{used['server']}/{used['stream_key']}"]
    assert [(url["pipeline"], url["active"]) for url in (used, unused)] == [(0, True), (1, False)]
    assert body["endpoints"][0].startswith("https://")
    assert body["distribution"]["state"] == "deployed"
    assert body["distribution"]["domain_name"].endswith(".cloudfront.net")


@pytest.mark.parametrize(
    ("fields", "field", "hint"),
    [
        ({"allowed_cidrs": []}, "allowed_cidrs", "1 to 10"),
        ({"allowed_cidrs": ["0.0.0.0/0"]}, "allowed_cidrs", "whole world"),
        ({"allowed_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]}, "allowed_cidrs", "whole world"),
        ({"allowed_cidrs": ["::/0"]}, "allowed_cidrs", "not IPv4"),
        ({"allowed_cidrs": ["10.0.0.1/8"]}, "allowed_cidrs", "not a CIDR"),
        ({"allowed_cidrs": ["encoder"]}, "allowed_cidrs", "not a CIDR"),
        ({"allowed_cidrs": CIDRS * 11}, "allowed_cidrs", "1 to 10"),
        ({"name": "x" * 300}, "name", "64"),
        ({"name": "  "}, "name", "Enter a name"),
        ({"channel_class": "DOUBLE"}, "channel_class", "SINGLE_PIPELINE"),
        ({"input_type": "SRT"}, "input_type", "RTMP_PUSH"),
        ({"input_type": "URL_PULL", "allowed_cidrs": []}, "source_urls", "1 source URL"),
        ({"source_urls": ["https://a.example/x"]}, "source_urls", "URL_PULL"),
        (
            {**PULL, "source_urls": ["https://127.0.0.1/a.m3u8"]},
            "source_urls",
            "not an address on the internet",
        ),
        ({**PULL, "source_urls": ["rtmp://a.example/x"]}, "source_urls", "choose RTMP_PULL"),
        (
            {**PULL, "source_urls": ["https://a:b@a.example/x.m3u8"]},
            "source_urls",
            "fields for the credentials",
        ),
        (
            {**PULL, "input_credentials": {"username": "anna", "password": "hunter2"}},
            "input_credentials.password",
            "never the password itself",
        ),
        ({"encoding_profile": "8k"}, "encoding_profile", "1080p"),
        ({"tags": {"aws:x": "y"}}, "tags", "reserved"),
        ({"tags": {"team": "R&D"}}, "tags", "'&'"),
        ({"tags": {"streamhub:x": "y"}}, "tags", "reserved"),
        ({"tags": {str(n): "" for n in range(41)}}, "tags", "40"),
        ({"nmae": "typo"}, "nmae", ""),
        ({"record": "yes"}, "record", ""),
    ],
)
def test_bad_input_names_the_field_and_creates_nothing(
    api: Api, fields: dict[str, Any], field: str, hint: str
) -> None:
    status, body = new_channel(api, **fields)
    assert status == 422
    details = {error["field"]: error["detail"] for error in body["errors"]}
    assert field in details
    assert hint in details[field]
    assert not Channel.objects.exists()


def test_a_distribution_that_has_no_domain_yet_has_null(api: Api, world: WorldUnderTest) -> None:
    _status, body = new_channel(api)
    world.settle()
    first = api.get(f"channels/{body['id']}")["distribution"]["id"]
    assert api.post(f"distributions/{first}/detach")[0] == 202
    assert api.post(f"channels/{body['id']}/distribution")[0] == 202
    found = api.get(f"channels/{body['id']}")["distribution"]
    assert (found["state"], found["aws_distribution_id"], found["domain_name"]) == ("pending", None, None)


def test_two_channels_cannot_have_the_same_name(api: Api) -> None:
    new_channel(api)
    status, body = new_channel(api)
    assert (status, body["errors"][0]["field"]) == (422, "name")


def test_a_missing_scope_is_403(db: None) -> None:
    reader = Api(["channels:read"])
    status, body = new_channel(reader)
    assert status == 403
    assert "channels:write" in body["detail"]


def test_broken_json_is_422(api: Api) -> None:
    assert api.post("channels", b"{")[0] == 422


def test_a_repeated_idempotency_key_creates_one_channel(api: Api) -> None:
    body = {"name": "stage", "allowed_cidrs": CIDRS}
    first = api.post("channels", body, **{"Idempotency-Key": "k1"})
    again = api.post("channels", body, **{"Idempotency-Key": "k1"})
    other = api.post("channels", {**body, "name": "other"}, **{"Idempotency-Key": "k1"})
    assert first == again
    assert other[0] == 422
    assert Channel.objects.count() == 1


def test_deleting_a_channel_ends_in_404(api: Api, world: WorldUnderTest) -> None:
    id = new_channel(api)[1]["id"]
    world.settle()
    status, body = api.call("DELETE", f"channels/{id}")
    assert (status, body["state"], body["desired"]) == (202, "deleting", "deleted")
    world.settle()
    assert api.call("GET", f"channels/{id}")[0] == 404


@pytest.mark.parametrize("path", ["channels/999", "channels/x", "breakouts/0", "distributions/-1"])
def test_an_unknown_id_is_404(api: Api, path: str) -> None:
    status, body = api.call("GET", path)
    assert (status, body["status"]) == (404, 404)


def test_a_retry_of_a_healthy_channel_is_409_with_its_state(api: Api, world: WorldUnderTest) -> None:
    id = new_channel(api)[1]["id"]
    world.settle()
    status, body = api.post(f"channels/{id}/retry")
    assert (status, body["state"]) == (409, "idle")


def test_lists_are_paged_newest_first(api: Api) -> None:
    for n in range(5):
        new_channel(api, name=f"stage {n}")
    first = api.get("channels?limit=2")
    assert [item["name"] for item in first["items"]] == ["stage 4", "stage 3"]
    second = api.get(first["next"].split("/api/v1/")[1])
    assert [item["name"] for item in second["items"]] == ["stage 2", "stage 1"]
    assert api.get("channels?state=idle")["items"] == []


def test_a_breakout_runs_and_completes_over_http(api: Api, world: WorldUnderTest) -> None:
    channel = new_channel(api)[1]["id"]
    world.settle()
    status, created = api.post("breakouts", {"channel": channel, "name": "keynote", "duration_minutes": 45})
    assert (status, created["state"], created["usage"]["status"]) == (201, "idle", "pending")
    id = created["id"]
    status, readiness = api.post(f"breakouts/{id}/prepare")
    assert status == 202
    assert {check["name"] for check in readiness["checks"]} >= {"channel", "distribution"}
    assert api.post(f"breakouts/{id}/start")[1]["state"] == "starting"
    world.settle()
    assert api.get(f"breakouts/{id}/readiness")["ready"] is True
    running = api.get(f"breakouts/{id}")
    assert (running["state"], running["playback_url"], len(running["distributions"])) == ("running", None, 1)
    raised = api.post(f"breakouts/{id}/curtain", {"raised": True})
    assert raised[0] == 200
    assert raised[1]["playback_url"].startswith("https://")
    assert api.get(f"channels/{channel}")["playback_url"] == raised[1]["playback_url"]
    assert api.call("DELETE", f"channels/{channel}")[0] == 409
    distribution = api.get(f"channels/{channel}")["distribution"]["id"]
    assert api.post(f"distributions/{distribution}/detach")[0] == 409
    assert api.get(f"distributions/{distribution}")["breakouts_on_air"] == ["keynote"]
    assert api.post(f"breakouts/{id}/cancel")[0] == 409
    assert api.post(f"breakouts/{id}/stop")[1]["state"] == "stopping"
    world.settle()
    assert api.get(f"breakouts/{id}")["state"] == "completed"
    assert api.get(f"breakouts?state=completed&channel={channel}")["items"][0]["id"] == id
    assert api.post(f"breakouts/{id}/start")[0] == 409


def test_a_start_asks_the_database_little(api: Api, world: WorldUnderTest) -> None:
    """Hundreds come within a second: what each reads again, all of them wait for."""
    shows = []
    for name in ("one", "two"):
        channel = new_channel(api, name=name)[1]["id"]
        world.settle()
        shows.append(api.post("breakouts", {"channel": channel, "name": "keynote"})[1]["id"])
    api.post(f"breakouts/{shows[0]}/start")
    with CaptureQueriesContext(connection) as captured:
        assert api.post(f"breakouts/{shows[1]}/start")[0] == 202
    reads = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
    assert len(reads) <= 24
    assert [sql for sql in reads if "billing_ledgerminute" in sql] == []


def test_a_breakout_cannot_start_before_its_channel_is_ready(api: Api) -> None:
    channel = new_channel(api)[1]["id"]
    id = api.post("breakouts", {"channel": channel, "name": "keynote"})[1]["id"]
    status, body = api.post(f"breakouts/{id}/start")
    assert (status, body["state"]) == (409, "pending")
    assert Breakout.objects.get().state == "idle"


def test_a_readiness_check_is_null_if_aws_cannot_be_read(api: Api, world: WorldUnderTest) -> None:
    channel = new_channel(api)[1]["id"]
    world.settle()
    id = api.post("breakouts", {"channel": channel, "name": "keynote"})[1]["id"]
    world.control.fault("cloudfront:GetDistribution", "access_denied", times=None)
    api.post(f"breakouts/{id}/prepare")
    world.step_all()
    checks = {check["name"]: check["ok"] for check in api.get(f"breakouts/{id}/readiness")["checks"]}
    assert checks["distribution"] is None
    assert checks["channel"] is True


def test_a_distribution_configuration_is_read_on_request(api: Api, world: WorldUnderTest) -> None:
    new_channel(api)
    world.settle()
    id = Distribution.objects.get().pk
    assert api.get(f"distributions/{id}/config")["config"] is None
    world.settle()
    body = api.get(f"distributions/{id}/config")
    assert body["config"]["Enabled"] is True
    assert body["observed_at"].endswith("Z")


@pytest.mark.parametrize("raised", ["yes", 1, None])
def test_a_curtain_position_must_be_true_or_false(api: Api, world: WorldUnderTest, raised: Any) -> None:
    channel = new_channel(api)[1]["id"]
    id = api.post("breakouts", {"channel": channel, "name": "keynote"})[1]["id"]
    assert api.post(f"breakouts/{id}/curtain", {"raised": raised})[0] == 422


def test_tags_are_changed_and_pending_until_aws_has_them(api: Api, world: WorldUnderTest) -> None:
    id = new_channel(api, tags={"team": "events"})[1]["id"]
    world.settle()
    status, body = api.call("PATCH", f"channels/{id}", {"tags": {"team": "news"}})
    assert (status, body["tags"], body["pending_changes"]) == (202, {"team": "news"}, ["tags"])
    world.settle()
    assert api.get(f"channels/{id}")["pending_changes"] == []
    assert api.call("PATCH", f"channels/{id}", {"tags": {"team": "news"}})[0] == 200
    assert api.call("PATCH", f"channels/{id}", {})[0] == 200


@pytest.mark.parametrize(
    ("body", "field"), [({"tags": {"team": "R&D"}}, "tags"), ({"channel_class": "STANDARD"}, "channel_class")]
)
def test_a_change_that_is_not_possible_names_the_field(api: Api, body: dict[str, Any], field: str) -> None:
    id = new_channel(api)[1]["id"]
    status, problem = api.call("PATCH", f"channels/{id}", body)
    assert status == 422
    assert field in problem["errors"][0]["field"]
