"""Viewers: when bytes flow, exact amounts, and what a player gets."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.base import Clock, World
from emulator.control import ControlError
from emulator.minutes import Traffic
from emulator.server import Handle
from tests.emulator.clients import ClientFactory, change_distribution

from .stack import Stack, make_stack


@pytest.fixture
def stack(aws: Handle, client: ClientFactory) -> Stack:
    return make_stack(aws, client)


def flows(stack: Stack) -> bool:
    """Whether bytes are being delivered now."""
    before = stack.aws.control.truth(stack.distribution_id)["bytes"]
    time.sleep(0.002)
    return stack.aws.control.truth(stack.distribution_id)["bytes"] > before


# -- when bytes flow


def test_bytes_flow_while_the_channel_runs_and_has_an_audience(stack: Stack) -> None:
    control = stack.aws.control
    stack.start()
    assert not flows(stack)
    audience = control.audience_join(stack.url)
    assert flows(stack)
    control.audience_leave(audience)
    assert not flows(stack)


def test_an_audience_that_joins_early_watches_while_the_channel_runs(
    stack: Stack,
) -> None:
    stack.aws.control.audience_join(stack.domain)
    assert not flows(stack)
    stack.start()
    assert flows(stack)
    stack.stop()
    assert not flows(stack)
    stack.start()
    assert flows(stack)


def test_nothing_flows_before_the_first_deployment(aws: Handle, client: ClientFactory) -> None:
    aws.control.durations(cloudfront_deploy=100_000)
    stack = make_stack(aws, client)
    aws.control.audience_join(stack.url)
    stack.start()
    assert not flows(stack)
    aws.control.advance(100_000)
    assert flows(stack)


def test_bytes_flow_during_the_deployment_of_an_update(stack: Stack) -> None:
    stack.aws.control.audience_join(stack.url)
    stack.start()
    change_distribution(stack.client("cloudfront"), stack.distribution_id, Comment="new")
    assert flows(stack)


def test_a_disabled_distribution_delivers_again_once_its_enabling_is_deployed(
    stack: Stack,
) -> None:
    stack.aws.control.audience_join(stack.url)
    stack.start()
    change_distribution(stack.client("cloudfront"), stack.distribution_id, Enabled=False)
    assert not flows(stack)
    change_distribution(stack.client("cloudfront"), stack.distribution_id, Enabled=True)
    assert not flows(stack)
    stack.aws.control.advance(500)
    assert flows(stack)


def test_deleting_the_distribution_stops_its_bytes_and_keeps_the_amounts(stack: Stack) -> None:
    control = stack.aws.control
    control.audience_join(stack.url)
    stack.start()
    assert flows(stack)
    control.console("cloudfront", "delete", Id=stack.distribution_id, force=True)
    assert not flows(stack)
    assert control.truth(stack.domain)["bytes"] > 0


def test_nothing_flows_for_a_url_with_another_path(stack: Stack) -> None:
    stack.aws.control.audience_join(f"https://{stack.domain}/out/v1/other/index.m3u8")
    stack.start()
    assert not flows(stack)


def test_nothing_flows_when_another_channel_starts(stack: Stack) -> None:
    other = make_stack(stack.aws, stack.client, "other")
    stack.aws.control.audience_join(stack.url)
    other.start()
    assert not flows(stack)
    assert stack.aws.control.inventory()["viewers"]["audiences"][0]["watching"] is False


def test_a_failing_pipeline_interrupts_the_bytes(stack: Stack) -> None:
    stack.aws.control.audience_join(stack.url)
    stack.start()
    stack.aws.control.console("medialive", "fail_pipeline", id=stack.channel_id)
    assert not flows(stack)
    stack.aws.control.advance(100)
    assert flows(stack)


def test_an_unknown_domain_and_a_second_leave_are_refused(stack: Stack) -> None:
    with pytest.raises(ControlError, match="NoSuchDomain"):
        stack.aws.control.audience_join("dnone.cloudfront.net")
    audience = stack.aws.control.audience_join(stack.domain)
    stack.aws.control.audience_leave(audience)
    with pytest.raises(ControlError, match="NoSuchAudience"):
        stack.aws.control.audience_leave(audience)


def test_stragglers_download_a_little_more_after_the_end(stack: Stack) -> None:
    control = stack.aws.control
    stack.start()
    audience = control.audience_join(stack.url, tail_seconds=0.05)
    time.sleep(0.02)
    control.audience_leave(audience)
    left = control.truth(stack.domain)["bytes"]
    time.sleep(0.06)
    end = control.truth(stack.domain)["bytes"]
    assert left < end
    assert not flows(stack)
    tail = 100 * 3000 * 125 // 20 * 0.05
    assert end - left <= tail


# -- exact amounts


def test_an_audience_downloads_at_its_rate(stack: Stack) -> None:
    control = stack.aws.control
    stack.start()
    began = time.time()
    audience = control.audience_join(stack.url, viewers=80, kbps=1000)
    joined = time.time()
    time.sleep(0.05)
    left = time.time()
    control.audience_leave(audience)
    ended = time.time()
    a_second = 80 * 1000 * 125
    assert (left - joined) * a_second - 1 <= control.truth(stack.domain)["bytes"]
    assert control.truth(stack.domain)["bytes"] <= (ended - began) * a_second + 1


def test_two_audiences_add_up(stack: Stack) -> None:
    control = stack.aws.control
    stack.start()
    for audience in [control.audience_join(stack.url), control.audience_join(stack.domain)]:
        assert flows(stack)
        control.audience_leave(audience)
    assert not flows(stack)


class SetClock(Clock):
    """A clock that the test sets."""

    def __init__(self, at: float) -> None:
        super().__init__(1.0, lambda: self.at)
        self.at = at


def test_amounts_by_minute_do_not_depend_on_how_often_they_are_counted() -> None:
    began = datetime(2026, 3, 1, 12, 0, 50, tzinfo=UTC).timestamp()
    results = []
    for counts in (1, 1000):
        clock = SetClock(began)
        series = Traffic(World(clock=clock)).of("AWS/CloudFront", "E1")
        flow = series.open((123_456_789_777, 33_333))
        draw = random.Random(counts)
        for moment in sorted(draw.uniform(0, 130) for _ in range(counts)):
            clock.at = began + moment
            series.catch_up()
        clock.at = began + 130
        series.close(flow)
        results.append({at: minute.total for at, minute in series.minutes.items()})
    assert results[0] == results[1]
    assert [at % 60 for at in results[0]] == [0, 0, 0]
    assert [requests for _, requests in results[0].values()] == [333, 2000, 2000]
    assert sum(count for count, _ in results[0].values()) == 123_456_789_777 * 130 // 1000
    assert series.total() == (123_456_789_777 * 130 // 1000, 33_333 * 130 // 1000)


def test_setting_the_clock_back_does_not_reduce_the_amounts() -> None:
    clock = SetClock(1_000_000_000.0)
    series = Traffic(World(clock=clock)).of("AWS/CloudFront", "E1")
    series.open((8_000, 8))
    clock.at += 10
    series.catch_up()
    clock.at -= 5
    series.catch_up()
    assert series.total() == (80, 0)


def test_delivered_bytes_are_exact_and_in_their_minute(aws: Handle) -> None:
    moment = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)
    aws.control.deliver("E1EXAMPLE00001", 10**15 + 1, 3, moment)
    aws.control.deliver("E1EXAMPLE00001", 2, 1, "2026-03-01T12:34:00Z")
    assert aws.control.truth("E1EXAMPLE00001") == {
        "bytes": 10**15 + 3,
        "requests": 4,
        "minutes": {"2026-03-01T12:34:00Z": {"bytes": 10**15 + 3, "requests": 4}},
    }


def test_invalid_deliveries_are_refused(aws: Handle) -> None:
    with pytest.raises(ControlError, match="not negative"):
        aws.control.deliver("E1EXAMPLE00001", -1)
    with pytest.raises(ControlError, match="NoSuchDomain"):
        aws.control.deliver("dnone.cloudfront.net", 1)


def test_backdating_moves_traffic_and_its_publication(aws: Handle) -> None:
    control = aws.control
    control.deliver("E1EXAMPLE00001", 5, 1)
    control.deliver("E2EXAMPLE00002", 7, 1)
    then = (datetime.now(UTC) - timedelta(minutes=90)).replace(second=0, microsecond=0)
    control.backdate(90, "E1EXAMPLE00001")
    (minute,) = control.truth("E1EXAMPLE00001")["minutes"]
    assert abs(datetime.fromisoformat(minute) - then) <= timedelta(minutes=1)
    (other,) = control.truth("E2EXAMPLE00002")["minutes"]
    assert abs(datetime.fromisoformat(other) - datetime.now(UTC)) <= timedelta(minutes=2)
    service: Any = aws.world.services["cloudwatch"]
    (moved,) = service.traffic.find("AWS/CloudFront", "E1EXAMPLE00001").minutes.values()
    assert moved.shown(aws.world.clock.seconds()) == (5, 1)


def test_traffic_continues_after_backdating(stack: Stack) -> None:
    control = stack.aws.control
    stack.start()
    control.audience_join(stack.url)
    assert flows(stack)
    control.backdate(60)
    assert flows(stack)
    assert len(control.truth(stack.domain)["minutes"]) >= 2


# -- MediaPackage


def test_mediapackage_counts_ingress_and_egress(stack: Stack) -> None:
    control = stack.aws.control

    def counted(metric: str) -> float:
        control.publish_all()
        dimensions = [{"Name": "Channel", "Value": stack.package_id}]
        named = {"Namespace": "AWS/MediaPackage", "MetricName": metric, "Dimensions": dimensions}
        now = datetime.now(UTC)
        answer = stack.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": named, "Period": 60, "Stat": "Sum"}}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=1),
        )
        return sum(answer["MetricDataResults"][0]["Values"])

    assert counted("IngressBytes") == 0
    stack.start()
    time.sleep(0.01)
    assert counted("IngressBytes") > 0
    assert counted("EgressBytes") == 0
    audience = control.audience_join(stack.url)
    time.sleep(0.01)
    assert counted("EgressBytes") > 0
    control.audience_leave(audience)
    stack.stop()
    assert counted("IngressBytes") == counted("IngressBytes")
    assert counted("EgressBytes") == counted("EgressBytes")


# -- playback


def test_a_running_channel_plays(stack: Stack) -> None:
    stack.start()
    status, playlist = stack.aws.control.play(stack.url)
    assert (status, playlist.splitlines()[0]) == (200, "#EXTM3U")


Prepare = Callable[[Stack], str]


def _disabled(stack: Stack) -> str:
    change_distribution(stack.client("cloudfront"), stack.distribution_id, Enabled=False)
    return stack.url


def _endpoint_deleted(stack: Stack) -> str:
    stack.client("mediapackage").delete_origin_endpoint(Id="main")
    stack.aws.control.advance(100)
    return stack.url


def _foreign_origin(stack: Stack) -> str:
    foreign = stack.aws.control.console("cloudfront", "create_foreign", domain="gone.example.com")
    stack.aws.control.advance(500)
    listed = stack.aws.control.inventory()["cloudfront"]["distributions"]
    return next(distribution["DomainName"] for distribution in listed if distribution["Id"] == foreign["Id"])


def _not_deployed(stack: Stack) -> str:
    foreign = stack.aws.control.console("cloudfront", "create_foreign")
    listed = stack.aws.control.inventory()["cloudfront"]["distributions"]
    return next(distribution["DomainName"] for distribution in listed if distribution["Id"] == foreign["Id"])


def _stopped(stack: Stack) -> str:
    stack.stop()
    return stack.url


def _unknown_host(stack: Stack) -> str:
    return "https://dnone.cloudfront.net/out/v1/x/index.m3u8"


def _another_path(stack: Stack) -> str:
    return f"https://{stack.domain}/other.m3u8"


@pytest.mark.parametrize(
    ("status", "reason", "prepare"),
    [
        (403, "no distribution", _unknown_host),
        (403, "is disabled", _disabled),
        (503, "not deployed", _not_deployed),
        (502, "cannot resolve", _foreign_origin),
        (404, "nothing at this path", _another_path),
        (404, "nothing at this path", _endpoint_deleted),
        (404, "not running", _stopped),
    ],
)
def test_a_url_that_does_not_play_says_why(stack: Stack, status: int, reason: str, prepare: Prepare) -> None:
    stack.start()
    answered = stack.aws.control.play(prepare(stack))
    assert answered[0] == status
    assert reason in answered[1]
