"""AWS sessions: timeouts, retries, isolation in embedded mode, forks and listeners."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fakeredis
import pytest

from streamhub.aws import session as session_module
from streamhub.aws.call_queue import LocalQueues
from streamhub.aws.ratelimit import PREFIX, Limiter, step_of
from streamhub.aws.redis_call_queue import RedisQueues
from streamhub.aws.session import (
    AwsCall,
    AwsSession,
    _date,
    _pass_date_on,
    current_session,
    default_limiter,
    use_session,
)
from streamhub.aws.target import Target, embedded_target
from streamhub.errors import (
    AccessDenied,
    AwsError,
    Conflict,
    Misconfigured,
    NotSent,
    Refused,
    Retryable,
    Throttled,
)
from streamhub.token_bucket import Rate
from tests.aws.stubs import NOWHERE, REGION
from tests.aws.wire import BreakingTls, ScriptedServer
from tests.scenarios import models

GROUP = json.dumps({"securityGroup": {"id": "1"}})
CHANNEL = json.dumps({"id": "42", "arn": "a", "state": "IDLE"})
OOPS = (500, "{}")

Sessions = Callable[..., AwsSession]


@pytest.fixture(autouse=True)
def _short_read_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up quickly on a server that hangs."""
    monkeypatch.setattr(session_module, "READ_SECONDS", 0.2)


def test_a_call_returns_the_response_and_awss_request_id(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [(200, CHANNEL)]
    response, request_id = session_at(wire.url).call("medialive", "DescribeChannel", ChannelId="42")
    assert (response["Id"], request_id) == ("42", "req-1")


def test_a_call_is_repeated_after_a_fault(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [OOPS, (200, CHANNEL)]
    session_at(wire.url).call("medialive", "DescribeChannel", ChannelId="42")
    assert len(wire.requests) == 2


def test_a_persistent_fault_ends_after_two_attempts(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [OOPS]
    with pytest.raises(Retryable) as caught:
        session_at(wire.url).call("mediapackage", "DeleteChannel", Id="42")
    assert caught.value.effect_unknown
    assert (caught.value.status, caught.value.request_id) == (500, "req-2")
    assert len(wire.requests) == 2


@pytest.mark.parametrize("silence", ["hang", "close"])
def test_a_write_without_an_answer_has_an_unknown_effect(
    session_at: Sessions, wire: ScriptedServer, silence: str
) -> None:
    wire.script = [silence]
    with pytest.raises(Retryable) as caught:
        session_at(wire.url).call("medialive", "StartChannel", ChannelId="42")
    assert caught.value.effect_unknown


def test_a_refused_connection_has_no_effect(session: AwsSession) -> None:
    with pytest.raises(Retryable) as caught:
        session.call("medialive", "StartChannel", ChannelId="42")
    assert caught.value.code == "EndpointConnectionError"
    assert not caught.value.effect_unknown


def test_an_earlier_attempts_unknown_effect_is_remembered(session_at: Sessions, wire: ScriptedServer) -> None:
    throttled = (429, json.dumps({"__type": "TooManyRequestsException", "message": "Too Many Requests"}))
    wire.script = ["hang", throttled]
    session = session_at(wire.url)
    with pytest.raises(Throttled) as caught:
        session.call("mediapackage", "DeleteChannel", Id="42")
    assert caught.value.effect_unknown
    with pytest.raises(Throttled) as next_call:
        session.call("mediapackage", "DeleteChannel", Id="42")
    assert not next_call.value.effect_unknown


def test_a_call_without_an_idempotency_token_is_sent_once(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = ["hang", (200, GROUP)]
    with pytest.raises(Retryable) as caught:
        session_at(wire.url).call("medialive", "CreateInputSecurityGroup", WhitelistRules=[])
    assert caught.value.effect_unknown
    assert len(wire.requests) == 1


@pytest.mark.parametrize("verb", ["StartChannel", "StopChannel", "DeleteChannel"])
def test_a_call_that_medialive_refuses_to_repeat_is_sent_once(
    session_at: Sessions, wire: ScriptedServer, verb: str
) -> None:
    wire.script = ["hang", (200, CHANNEL)]
    with pytest.raises(Retryable) as caught:
        session_at(wire.url).call("medialive", verb, ChannelId="42")
    assert caught.value.effect_unknown
    assert len(wire.requests) == 1


def test_parameters_are_checked_before_anything_is_sent(session: AwsSession) -> None:
    with pytest.raises(Refused, match="ChannelId"):
        session.call("medialive", "DescribeChannel", Chanel="42")
    assert len(models.found) == 2  # the missing field and the unknown one
    models.found.clear()


def test_listeners_are_notified_of_each_call(
    session_at: Sessions, wire: ScriptedServer, calls: list[AwsCall]
) -> None:
    wire.script = [(200, CHANNEL), (409, json.dumps({"__type": "ConflictException"}))]
    ticks = iter([1.0, 1.5, 2.0, 2.25])
    session = session_at(wire.url, clock=lambda: next(ticks))
    session.call("medialive", "StartChannel", ChannelId="42")
    with pytest.raises(Conflict) as caught:
        session.call("medialive", "StartChannel", region="us-east-1", ChannelId="42")
    assert [replace(call, date=None) for call in calls] == [
        AwsCall("medialive:StartChannel", REGION, 0.5, "req-1", None),
        AwsCall("medialive:StartChannel", "us-east-1", 0.25, "req-2", caught.value),
    ]


def test_a_failing_listener_does_not_fail_the_call(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [(200, CHANNEL)]
    session = session_at(wire.url)
    session.on_call.insert(0, lambda call: 1 / 0)
    session.call("medialive", "DescribeChannel", ChannelId="42")


def test_the_limiter_is_called_first_with_the_urgency(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [(200, CHANNEL)]
    session = session_at(wire.url, limiter=Limiter(LocalQueues(), {"*": Rate(0.001, 3)}))
    describe = {"service": "medialive", "operation": "DescribeChannel", "ChannelId": "42"}
    with step_of("channel:1", urgent=False):
        session.call(**describe)
        session.call(**describe)
        with pytest.raises(NotSent):
            session.call(**describe)
    assert len(wire.requests) == 2
    with step_of("channel:1", urgent=True):
        session.call(**describe)


def test_a_throttle_slows_the_operation_down(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [(429, json.dumps({"__type": "TooManyRequestsException", "message": "Too Many Requests"}))]
    queues = LocalQueues()
    session = session_at(wire.url, limiter=Limiter(queues))
    with pytest.raises(Throttled):
        session.call("medialive", "DescribeChannel", ChannelId="42")
    (state,) = queues.states(["medialive:DescribeChannel", "medialive:StartChannel"])
    assert (state.operation, state.share) == ("medialive:DescribeChannel", pytest.approx(0.45, abs=0.01))


def test_racing_threads_make_a_client_only_once(session: AwsSession) -> None:
    made: list[Any] = []
    threads = [threading.Thread(target=lambda: made.append(session.client("medialive"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(map(id, made))) == 1


def test_a_forked_child_makes_its_own_clients(session: AwsSession, monkeypatch: pytest.MonkeyPatch) -> None:
    parents = session.client("medialive")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert session.client("medialive") is not parents
    monkeypatch.undo()
    assert session.client("medialive") is parents


def test_clients_have_short_timeouts_and_a_user_agent(
    session: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "READ_SECONDS", 10)
    config = session.client("cloudfront").meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 10)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 2
    assert config.max_pool_connections == 20
    assert config.parameter_validation
    assert "streamhub" in config.user_agent


# --- embedded mode never reaches a real account --------------------------------------------------


@pytest.fixture
def hostile_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment with every setting that can point boto3 to another endpoint."""
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = ap-south-1\nuse_fips_endpoint = true\nendpoint_url = https://aws.invalid\n"
        "ca_bundle = /nowhere.pem\nmax_attempts = 9\n"
    )
    variables = {
        "AWS_ACCESS_KEY_ID": "REALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_CONFIG_FILE": str(config),
        "AWS_PROFILE": "does-not-exist",
        "AWS_ENDPOINT_URL": "https://aws.invalid",
        "AWS_ENDPOINT_URL_S3": "https://s3.invalid",
        "AWS_ENDPOINT_URL_CLOUDFRONT": "https://cloudfront.invalid",
        "AWS_ENDPOINT_URL_STS": "https://sts.invalid",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_RETRY_MODE": "nonsense",
        "HTTP_PROXY": "http://proxy.invalid:3128",
        "http_proxy": "http://proxy.invalid:3128",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)


EMPTY = {
    "medialive": "{}",
    "mediapackage": "{}",
    "sts": "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>",
}
READS = [
    ("cloudfront", "ListDistributions", {}),
    ("mediapackage", "ListChannels", {}),
    ("medialive", "ListChannels", {}),
    ("s3", "ListObjectsV2", {"Bucket": "recordings"}),
    ("sts", "GetCallerIdentity", {}),
]


@pytest.mark.usefixtures("hostile_environment")
@pytest.mark.parametrize(("service", "operation", "params"), READS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_embedded_mode_ignores_the_environment(
    session_at: Sessions,
    wire: ScriptedServer,
    service: str,
    operation: str,
    params: dict[str, str],
    host: str,
) -> None:
    wire.script = [(200, EMPTY.get(service, "<r/>"))]
    session = session_at(wire.url.replace("127.0.0.1", host))
    session.call(service, operation, **params)
    (request,) = wire.requests
    assert "REALREAL" not in str(request.headers)
    assert "EMBEDDEDSTREAMHUB" in request.headers["Authorization"]
    assert "Security-Token" not in str(request.headers)
    assert request.headers["Host"].startswith(host)


@pytest.mark.usefixtures("hostile_environment")
def test_embedded_mode_reads_metrics_on_this_machine(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [OOPS]
    with pytest.raises(Retryable):
        session_at(wire.url).call(
            "cloudwatch", "GetMetricData", region="us-east-1", MetricDataQueries=[], StartTime=1, EndTime=2
        )
    assert len(wire.requests) == 2


def test_a_session_refuses_an_embedded_target_on_another_machine() -> None:
    elsewhere = Target("embedded", "https://cloudfront.amazonaws.com", REGION, "test")
    with pytest.raises(Misconfigured):
        AwsSession(elsewhere).call("cloudfront", "ListDistributions")


def test_a_request_to_another_machine_is_stopped_before_it_is_sent(session: AwsSession) -> None:
    client = session.client("medialive")
    client.meta.events.register(
        "before-sign", lambda request, **_: setattr(request, "url", "https://medialive.invalid/prod/channels")
    )
    with pytest.raises(Misconfigured):
        session.call("medialive", "ListChannels")


# --- live mode uses boto3's usual chain ----------------------------------------------------------


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwsSession:
    """A live session in an environment without any AWS configuration."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return AwsSession(Target("live", None, REGION, "prod"))


def test_live_mode_honours_endpoint_and_credentials_of_the_environment(
    live: AwsSession, wire: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYSKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    wire.script = [(200, CHANNEL)]
    live.call("medialive", "DescribeChannel", ChannelId="42")
    assert "SOMEBODYSKEY" in wire.requests[0].headers["Authorization"]


NO_PROVIDER = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>Couldn't retrieve "
    "verification key from your identity provider</Message></Error><RequestId>sts-1</RequestId>"
    "</ErrorResponse>"
)


@pytest.mark.parametrize("verb", ["DescribeChannel", "DeleteChannel"])
def test_credentials_that_sts_does_not_renew_are_no_refusal_of_the_call(
    live: AwsSession, wire: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str
) -> None:
    """STS cannot reach the identity provider of a pod: botocore raises its 400 from any call."""
    token = tmp_path / "token"
    token.write_text("a token of the cluster")
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/StreamHub")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    wire.script = [(400, NO_PROVIDER)]
    with pytest.raises(AccessDenied) as caught:
        live.call("medialive", verb, ChannelId="42")
    assert not caught.value.effect_unknown
    assert (caught.value.operation, caught.value.code) == (f"medialive:{verb}", "InvalidIdentityToken")
    assert [request.path for request in wire.requests] == ["/"]  # STS's; MediaLive was not called


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_that_breaks_after_the_request_leaves_the_effect_unknown(
    live: AwsSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trusted: bool
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYSKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with BreakingTls(tmp_path) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        if trusted:
            monkeypatch.setenv("AWS_CA_BUNDLE", str(server.certificate))
        with pytest.raises(Retryable) as caught:
            live.call("medialive", "CreateInputSecurityGroup", WhitelistRules=[])
    assert caught.value.code == "SSLError"
    assert (caught.value.effect_unknown, bool(server.received)) == (trusted, trusted)


def test_live_mode_without_credentials_is_access_denied(
    live: AwsSession, wire: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", wire.url)
    with pytest.raises(AccessDenied) as caught:
        live.call("medialive", "StartChannel", ChannelId="42")
    assert not caught.value.effect_unknown
    assert wire.requests == []


def test_live_mode_with_an_unknown_profile_is_access_denied(
    live: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "does-not-exist")
    with pytest.raises(AccessDenied, match="does-not-exist"):
        live.call("medialive", "DescribeChannel", ChannelId="42")


# --- the process's own session -------------------------------------------------------------------


@pytest.fixture
def addresses(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    monkeypatch.setattr(session_module, "_default", None)
    settings.STREAMHUB_AWS = "embedded"
    settings.EMBEDDED_ADDRESSES = tmp_path / "embedded.json"

    def write(endpoint: str) -> None:
        words = {"aws_endpoint": endpoint, "broker_url": "redis://127.0.0.1:1", "pid": os.getpid()}
        settings.EMBEDDED_ADDRESSES.write_text(json.dumps(words))

    return write


def test_the_current_session_stays_until_the_embedded_address_changes(
    addresses: Callable[[str], None],
) -> None:
    addresses(NOWHERE)
    first = current_session()
    assert current_session() is first
    addresses("http://127.0.0.1:10")
    assert current_session().target.endpoint_url == "http://127.0.0.1:10"


def test_a_chosen_session_is_current_in_all_threads(session: AwsSession) -> None:
    current: list[AwsSession] = []
    with use_session(session):
        thread = threading.Thread(target=lambda: current.append(current_session()))
        thread.start()
        thread.join()
        with use_session(AwsSession(session.target)) as inner:
            assert current_session() is inner
        assert current_session() is session
    assert current == [session]


def test_a_real_account_is_limited_through_the_brokers_redis(settings: Any) -> None:
    target = Target("live", None, REGION, "prod")
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert isinstance(default_limiter(target).queues, RedisQueues)
    settings.CELERY_BROKER_URL = "memory://"
    assert isinstance(default_limiter(target).queues, LocalQueues)


def test_the_embedded_aws_has_high_limits_per_process() -> None:
    limiter = default_limiter(embedded_target(NOWHERE, REGION, "test"))
    assert isinstance(limiter.queues, LocalQueues)
    for _ in range(300):
        limiter.acquire("cloudfront:UpdateDistribution")


def test_a_dead_redis_does_not_stop_a_call(session_at: Sessions, wire: ScriptedServer) -> None:
    wire.script = [(200, CHANNEL)]
    server = fakeredis.FakeServer()
    server.connected = False
    queues = RedisQueues(fakeredis.FakeRedis(server=server), prefix=PREFIX)
    session = session_at(wire.url, limiter=Limiter(queues))
    session.call("medialive", "DescribeChannel", ChannelId="42")


# --- AWS's time --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"), [pytest.param(200, CHANNEL, id="answer"), pytest.param(403, "{}", id="refusal")]
)
def test_a_call_tells_awss_time_whether_it_succeeded_or_not(
    session_at: Sessions, wire: ScriptedServer, calls: list[AwsCall], status: int, body: str
) -> None:
    wire.script = [(status, body)]
    with suppress(AwsError):
        session_at(wire.url).call("medialive", "DescribeChannel", ChannelId="42")
    (call,) = calls
    assert call.date is not None
    assert abs(datetime.now(UTC) - call.date) < timedelta(seconds=30)


def test_a_call_without_an_answer_tells_no_time(
    session_at: Sessions, wire: ScriptedServer, calls: list[AwsCall]
) -> None:
    session = session_at(wire.url)
    wire.script = [(200, CHANNEL), "close"]
    session.call("medialive", "DescribeChannel", ChannelId="42")
    with suppress(AwsError):
        session.call("medialive", "DescribeChannel", ChannelId="42")
    assert [call.date is None for call in calls] == [False, True]


def test_the_time_of_aws_reaches_those_who_declared_that_they_want_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[datetime, float]] = []
    wanted = {"aws_dates": (lambda date, seconds: told.append((date, seconds)),)}
    monkeypatch.setattr("streamhub.aws.session.contributed", wanted.__getitem__)
    date = datetime(2026, 3, 1, 12, tzinfo=UTC)
    _pass_date_on(AwsCall("s3:ListObjectsV2", "eu-central-1", 0.2, None, None, date))
    _pass_date_on(AwsCall("s3:ListObjectsV2", "eu-central-1", 0.2, None, None))
    assert told == [(date, 0.2)]


@pytest.mark.parametrize("header", [None, "", "yesterday"])
def test_a_header_that_is_no_date_tells_no_time(header: str | None) -> None:
    assert _date(header) is None
