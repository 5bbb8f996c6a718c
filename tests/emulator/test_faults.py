"""Injected faults, rate limits and held calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from emulator.control import ControlError
from emulator.server import Handle
from tests.emulator.clients import (
    CREATE,
    ONE_METRIC,
    Background,
    ClientFactory,
    Refused,
    change_distribution,
    existing,
    make_distribution,
)

GET = "cloudfront:GetDistribution"


READS: dict[str, Callable[[Any], Any]] = {
    "cloudfront": lambda client: client.get_distribution(Id="E0"),
    "medialive": lambda client: client.describe_channel(ChannelId="1"),
    "mediapackage": lambda client: client.describe_channel(Id="a"),
    "cloudwatch": lambda client: client.get_metric_data(**ONE_METRIC),
    "s3": lambda client: client.get_object(Bucket="media", Key="a"),
    "sts": lambda client: client.get_caller_identity(),
}


@pytest.mark.parametrize(
    ("kind", "service", "code", "status"),
    [
        ("throttle", "cloudfront", "Throttling", 400),
        ("throttle", "medialive", "TooManyRequestsException", 429),
        ("throttle", "mediapackage", "TooManyRequestsException", 429),
        ("throttle", "cloudwatch", "Throttling", 400),
        ("throttle", "s3", "SlowDown", 503),
        ("throttle", "sts", "Throttling", 400),
        ("error500", "cloudfront", "InternalFailure", 500),
        ("error500", "medialive", "InternalServerErrorException", 500),
        ("error500", "s3", "InternalError", 500),
        ("access_denied", "cloudfront", "AccessDenied", 403),
        ("access_denied", "medialive", "AccessDeniedException", 403),
        ("access_denied", "mediapackage", "AccessDeniedException", 403),
        ("access_denied", "s3", "AccessDenied", 403),
        ("not_found", "cloudfront", "NoSuchDistribution", 404),
        ("not_found", "medialive", "NotFoundException", 404),
        ("not_found", "mediapackage", "NotFoundException", 404),
        ("not_found", "s3", "NoSuchKey", 404),
    ],
)
def test_each_service_uses_its_own_error_code(
    aws: Handle, client: ClientFactory, kind: str, service: str, code: str, status: int
) -> None:
    aws.control.fault(f"{service}:*", kind)
    with Refused(code, status) as refusal:
        READS[service](client(service))
    assert refusal.request_id
    entry = aws.control.calls()[-1]
    assert (entry["error"], entry["status"], entry["fault"], entry["illegal"]) == (code, status, kind, False)


def test_a_false_not_found_has_the_operations_own_code(aws: Handle, cloudfront: Any) -> None:
    arn = make_distribution(cloudfront)["Distribution"]["ARN"]
    aws.control.fault("cloudfront:ListTagsForResource", "not_found")
    with Refused("NoSuchResource", 404):
        cloudfront.list_tags_for_resource(Resource=arn)


def test_a_refusing_fault_has_no_effect(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(CREATE, "error500")
    with Refused("InternalFailure", 500):
        make_distribution(cloudfront, "ref")
    assert existing(aws) == []
    make_distribution(cloudfront, "ref")


def test_a_fault_can_skip_calls_and_apply_several_times(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(CREATE, "throttle", skip=1, times=2)
    make_distribution(cloudfront)
    for _ in range(2):
        with Refused("Throttling", 400):
            make_distribution(cloudfront)
    make_distribution(cloudfront)
    assert (aws.control.faults()[0]["seen"], aws.control.faults()[0]["done"]) == (4, 2)


def test_faults_of_one_operation_apply_in_turn_and_count_the_same_calls(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(GET, "throttle")
    aws.control.fault(GET, "error500")
    aws.control.fault(GET, "access_denied", skip=3)
    codes = []
    for _ in range(5):
        with pytest.raises(ClientError) as raised:
            cloudfront.get_distribution(Id="E0")
        codes.append(raised.value.response["Error"]["Code"])
    assert codes == [
        "Throttling",
        "InternalFailure",
        "NoSuchDistribution",
        "AccessDenied",
        "NoSuchDistribution",
    ]


def test_a_fault_can_be_limited_to_one_resource(aws: Handle, cloudfront: Any) -> None:
    affected, other = (make_distribution(cloudfront)["Distribution"]["Id"] for _ in range(2))
    aws.control.fault(GET, "access_denied", times=None, where={"Id": affected})
    cloudfront.get_distribution(Id=other)
    for _ in range(3):
        with Refused("AccessDenied", 403):
            cloudfront.get_distribution(Id=affected)


def test_faults_can_be_removed(aws: Handle, cloudfront: Any) -> None:
    first = aws.control.fault("cloudfront:*", "throttle", times=None)
    aws.control.fault(GET, "error500", times=None)
    aws.control.clear_faults(first)
    cloudfront.list_distributions()
    aws.control.clear_faults()
    assert aws.control.faults() == []


@pytest.mark.parametrize(("kind", "made"), [("conflict", 0), ("conflict_after", 1)])
def test_a_conflict_answers_with_the_services_code_before_or_after_the_effect(
    aws: Handle, cloudfront: Any, kind: str, made: int
) -> None:
    aws.control.fault(CREATE, kind)
    with Refused("DistributionAlreadyExists", 409):
        make_distribution(cloudfront)
    assert len(existing(aws)) == made
    assert sum(aws.control.counts()["illegal"].values()) == 0


@pytest.mark.parametrize(("kind", "made"), [("refuse", 0), ("refuse_after", 1)])
def test_a_given_error_is_answered_before_or_after_the_effect(
    aws: Handle, cloudfront: Any, kind: str, made: int
) -> None:
    aws.control.fault(CREATE, kind, error={"code": "AccessDenied", "message": "Not today.", "status": 403})
    with Refused("AccessDenied", 403) as refusal:
        make_distribution(cloudfront)
    assert (refusal.message, len(existing(aws))) == ("Not today.", made)


def test_a_given_error_may_list_reasons(aws: Handle, client: ClientFactory) -> None:
    reasons = [["a.b", "is wrong"]]
    aws.control.fault("medialive:StartChannel", "refuse", error={"message": "No.", "reasons": reasons})
    with pytest.raises(ClientError) as caught:
        client("medialive").start_channel(ChannelId="1")
    response: Any = caught.value.response
    assert response["ValidationErrors"] == [{"ElementPath": "a.b", "ErrorMessage": "is wrong"}]
    assert response["Error"]["Message"] == "No."


def test_a_refusal_without_an_error_is_no_fault(aws: Handle) -> None:
    with pytest.raises(ControlError, match="needs an error"):
        aws.control.fault("*", "refuse")


def test_an_unknown_kind_of_fault_is_refused(aws: Handle) -> None:
    with pytest.raises(ControlError, match="no fault 'earthquake'"):
        aws.control.fault(GET, "earthquake")


def test_cut_before_breaks_the_connection_without_effect(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(CREATE, "cut_before")
    with pytest.raises(ConnectionClosedError):
        make_distribution(cloudfront)
    assert existing(aws) == []
    assert aws.control.calls()[-1]["status"] == 0


def test_cut_after_breaks_the_connection_after_the_effect(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(CREATE, "cut_after")
    with pytest.raises(ConnectionClosedError):
        make_distribution(cloudfront, "ref")
    assert [distribution["CallerReference"] for distribution in existing(aws)] == ["ref"]
    with Refused("DistributionAlreadyExists", 409) as refusal:
        make_distribution(cloudfront, "ref")
    assert existing(aws)[0]["Id"] in refusal.message


def test_a_delay_lasts_real_seconds_and_blocks_no_other_call(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(CREATE, "delay", seconds=0.4)
    began = time.monotonic()
    slow = Background(lambda: make_distribution(cloudfront))
    cloudfront.list_distributions()
    assert time.monotonic() - began < 0.35
    assert slow.join().result["Distribution"]["Status"] == "InProgress"
    assert time.monotonic() - began >= 0.4


# -- stale reads


def test_a_stale_read_shows_the_state_before_the_last_update(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront, Comment="one")
    distribution_id = created["Distribution"]["Id"]
    two = change_distribution(cloudfront, distribution_id, Comment="two")
    change_distribution(cloudfront, distribution_id, Comment="three")
    aws.control.fault(GET, "stale_read")
    aws.control.fault("cloudfront:GetDistributionConfig", "stale_read")
    before = cloudfront.get_distribution(Id=distribution_id)
    assert (before["ETag"], before["Distribution"]["DistributionConfig"]["Comment"]) == (two["ETag"], "two")
    assert cloudfront.get_distribution_config(Id=distribution_id)["ETag"] == two["ETag"]
    assert cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]["Comment"] == "three"


def test_a_stale_read_may_be_limited_to_a_recent_write(aws: Handle, cloudfront: Any) -> None:
    distribution_id = make_distribution(cloudfront, Comment="one")["Distribution"]["Id"]
    change_distribution(cloudfront, distribution_id, Comment="two")

    def comment(seconds: float) -> str:
        aws.control.fault(GET, "stale_read", seconds=seconds)
        return str(
            cloudfront.get_distribution(Id=distribution_id)["Distribution"]["DistributionConfig"]["Comment"]
        )

    assert comment(60) == "one"
    time.sleep(0.2)
    assert comment(0.1) == "two"
    assert comment(0) == "one"


def test_a_stale_read_after_a_creation_finds_nothing(aws: Handle, cloudfront: Any) -> None:
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    aws.control.fault(GET, "stale_read")
    with Refused("NoSuchDistribution", 404):
        cloudfront.get_distribution(Id=distribution_id)
    cloudfront.get_distribution(Id=distribution_id)


def test_a_stale_read_after_a_deletion_still_finds_it(aws: Handle, cloudfront: Any) -> None:
    created = make_distribution(cloudfront, Enabled=False)
    aws.control.advance(1000)
    cloudfront.delete_distribution(Id=created["Distribution"]["Id"], IfMatch=created["ETag"])
    aws.control.fault(GET, "stale_read")
    assert cloudfront.get_distribution(Id=created["Distribution"]["Id"])["ETag"] == created["ETag"]


def test_a_stale_list_lacks_the_newest_resource(aws: Handle, cloudfront: Any) -> None:
    make_distribution(cloudfront)
    aws.control.fault("cloudfront:ListDistributions", "stale_read")
    make_distribution(cloudfront)
    assert cloudfront.list_distributions()["DistributionList"]["Quantity"] == 1
    assert cloudfront.list_distributions()["DistributionList"]["Quantity"] == 2


def test_a_stale_read_works_for_mediapackage_too(aws: Handle, client: ClientFactory) -> None:
    mediapackage = client("mediapackage")
    mediapackage.create_channel(Id="a")
    mediapackage.delete_channel(Id="a")
    aws.control.advance(100)
    aws.control.fault("mediapackage:DescribeChannel", "stale_read")
    assert mediapackage.describe_channel(Id="a")["Id"] == "a"
    with Refused("NotFoundException", 404):
        mediapackage.describe_channel(Id="a")


# -- held calls


def test_pause_holds_the_answer_after_the_effect(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(CREATE, "pause")
    call = Background(lambda: make_distribution(cloudfront, "ref"))
    held = aws.control.wait_held()
    assert (held[0]["name"], held[0]["kind"]) == (CREATE, "pause")
    assert [distribution["CallerReference"] for distribution in existing(aws)] == ["ref"]
    assert not call.over
    assert aws.control.release(held[0]["id"]) == 1
    assert call.join().result["Distribution"]["Id"] == existing(aws)[0]["Id"]


def test_hold_before_holds_the_call_before_its_effect(aws: Handle, cloudfront: Any) -> None:
    aws.control.fault(CREATE, "hold_before")
    call = Background(lambda: make_distribution(cloudfront))
    aws.control.wait_held()
    assert existing(aws) == []
    assert aws.control.calls()[-1]["status"] is None
    aws.control.release()
    assert call.join().error is None
    assert len(existing(aws)) == 1


def test_a_held_call_has_no_effect_if_its_client_died(aws: Handle) -> None:
    import socket

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    aws.control.console("cloudfront", "create_foreign", Enabled=False)
    aws.control.advance(1000)
    distribution = existing(aws)[0]
    aws.control.fault("cloudfront:DeleteDistribution", "hold_before")
    path = f"/2020-05-31/distribution/{distribution['Id']}"
    request = AWSRequest("DELETE", aws.url + path, {"If-Match": distribution["ETag"]})
    SigV4Auth(Credentials("a", "b"), "cloudfront", "us-east-1").add_auth(request)
    lines = [f"DELETE {path} HTTP/1.1", "Host: aws"] + [f"{k}: {v}" for k, v in request.headers.items()]
    port = int(aws.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        aws.control.wait_held()
    time.sleep(0.1)
    aws.control.release()
    time.sleep(0.1)
    assert len(existing(aws)) == 1
    assert aws.control.calls()[-1]["status"] == 0


# -- limits


def test_calls_beyond_the_rate_are_throttled_until_the_bucket_refills(aws: Handle, cloudfront: Any) -> None:
    aws.control.limit(GET, per_second=10, burst=3)
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    for _ in range(3):
        cloudfront.get_distribution(Id=distribution_id)
    with Refused("Throttling", 400):
        for _ in range(3):
            cloudfront.get_distribution(Id=distribution_id)
    time.sleep(0.25)
    cloudfront.get_distribution(Id=distribution_id)
    cloudfront.list_distributions()
    aws.control.clear_limits()
    for _ in range(10):
        cloudfront.get_distribution(Id=distribution_id)
    assert aws.control.counts()["illegal"] == {}


def test_a_limited_call_has_no_effect(aws: Handle, cloudfront: Any) -> None:
    aws.control.limit("cloudfront:Create*", per_second=0.001, burst=1)
    make_distribution(cloudfront)
    with Refused("Throttling", 400):
        make_distribution(cloudfront)
    assert len(existing(aws)) == 1
