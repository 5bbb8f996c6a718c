"""The server: wire formats, the call log, concurrent clients, and the process."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.base import Refusal
from emulator.calls import is_illegal
from emulator.control import Control, ControlError
from emulator.server import EmbeddedAws, Handle
from tests.emulator.clients import (
    ClientFactory,
    Refused,
    boto3_client,
    change_distribution,
    distribution_config,
    make_distribution,
)

CREATE = "cloudfront:CreateDistributionWithTags"


# -- wire formats


def test_every_answer_has_the_request_id_of_its_log_entry(aws: Handle, client: ClientFactory) -> None:
    answers = [
        client("cloudfront").list_distributions(),
        client("medialive").list_channels(),
        client("mediapackage").list_channels(),
        client("sts").get_caller_identity(),
        client("s3").list_buckets(),
    ]
    ids = [answer["ResponseMetadata"]["RequestId"] for answer in answers]
    assert ids == [entry["request_id"] for entry in aws.control.calls()]


def test_medialive_and_mediapackage_use_json_with_lists_and_tags(client: ClientFactory) -> None:
    medialive = client("medialive")
    created = medialive.create_input_security_group(
        WhitelistRules=[{"Cidr": "10.0.0.0/8"}], Tags={"a:b": "c"}
    )
    group = created["SecurityGroup"]
    assert group["WhitelistRules"] == [{"Cidr": "10.0.0.0/8"}]
    assert medialive.describe_input_security_group(InputSecurityGroupId=group["Id"])["Tags"] == {"a:b": "c"}
    with Refused("NotFoundException", 404):
        client("mediapackage").describe_origin_endpoint(Id="none")


def test_sts_returns_the_account(client: ClientFactory) -> None:
    assert client("sts").get_caller_identity()["Account"] == "111122223333"


def test_buckets_named_at_the_start_exist_and_keep_objects(aws: Handle, client: ClientFactory) -> None:
    s3 = client("s3")
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {"recordings", "media"}
    s3.put_object(Bucket="media", Key="a b/ö&c.txt", Body=b"hello", ContentType="text/plain")
    stored = s3.get_object(Bucket="media", Key="a b/ö&c.txt")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"hello", "text/plain")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="media")["Contents"]] == ["a b/ö&c.txt"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    s3.put_bucket_policy(Bucket="media", Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket="media")["Policy"])["Statement"] == []
    with Refused("NoSuchKey", 404):
        s3.get_object(Bucket="media", Key="none")
    with Refused("NoSuchBucket", 404):
        s3.list_objects_v2(Bucket="none")
    assert [entry["operation"] for entry in aws.control.calls(since=1)] == [
        "PutObject",
        "GetObject",
        "ListObjectsV2",
        "PutBucketPolicy",
        "GetBucketPolicy",
        "GetObject",
        "ListObjectsV2",
    ]
    assert aws.control.counts()["errors"] == {"s3:GetObject NoSuchKey": 1, "s3:ListObjectsV2 NoSuchBucket": 1}


def test_a_large_object_is_uploaded_in_parts(client: ClientFactory) -> None:
    s3 = client("s3")
    content = os.urandom(9 * 2**20)
    s3.upload_fileobj(io.BytesIO(content), "recordings", "big")
    assert s3.get_object(Bucket="recordings", Key="big")["Body"].read() == content


def test_cloudwatch_calls_arrive_with_their_parameters(aws: Handle, client: ClientFactory) -> None:
    received: list[dict[str, Any]] = []

    class Metrics:
        def get_metric_data(self, params: dict[str, Any]) -> dict[str, Any]:
            received.append(params)
            result = {
                "Id": "m1",
                "Timestamps": [params["StartTime"]],
                "Values": [1.5],
                "StatusCode": "Complete",
            }
            if "NextToken" in params:
                raise Refusal("InvalidNextToken", "That is no token.", 400)
            return {"MetricDataResults": [result]}

    aws.run(lambda: aws.world.services.__setitem__("cloudwatch", Metrics()))  # type: ignore[assignment]
    start, end = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC)
    query = {
        "Id": "m1",
        "MetricStat": {"Metric": {"Namespace": "AWS/CloudFront"}, "Period": 60, "Stat": "Sum"},
    }
    request = {"MetricDataQueries": [query], "StartTime": start, "EndTime": end}
    answer = client("cloudwatch").get_metric_data(**request)
    assert received == [request]
    assert answer["MetricDataResults"][0]["Timestamps"] == [start]
    assert answer["MetricDataResults"][0]["Values"] == [1.5]
    with Refused("InvalidNextToken", 400) as refusal:
        client("cloudwatch").get_metric_data(**request, NextToken="x")
    assert refusal.message == "That is no token."


def test_unknown_operations_and_services_are_not_implemented(client: ClientFactory) -> None:
    with Refused("NotImplemented", 501):
        client("cloudfront").list_invalidations(DistributionId="E0")
    with Refused("NotImplemented", 501):
        client("sqs").list_queues()


# -- the call log


def test_the_log_has_each_call_with_its_client_and_result(aws: Handle, cloudfront: Any) -> None:
    make_distribution(cloudfront, "ref")
    with Refused("NoSuchDistribution", 404):
        cloudfront.get_distribution(Id="E0")
    create, get = aws.control.calls()
    assert (create["n"], create["name"], create["status"]) == (
        1,
        CREATE,
        201,
    )
    assert create["params"]["DistributionConfigWithTags"]["DistributionConfig"]["CallerReference"] == "ref"
    assert "Boto3" in create["user_agent"]
    assert datetime.fromisoformat(create["time"]).tzinfo is not None
    assert (get["status"], get["error"], get["params"]) == (404, "NoSuchDistribution", {"Id": "E0"})
    assert aws.control.counts() == {
        "total": 2,
        "calls": {CREATE: 1, "cloudfront:GetDistribution": 1},
        "errors": {"cloudfront:GetDistribution NoSuchDistribution": 1},
        "illegal": {},
    }


def test_the_log_can_be_read_from_a_number_filtered_and_cleared(aws: Handle, cloudfront: Any) -> None:
    make_distribution(cloudfront)
    cloudfront.list_distributions()
    with Refused("NoSuchOrigin", 404):
        make_distribution(cloudfront, Origins={"Quantity": 1, "Items": [_other_origin()]})
    assert [entry["n"] for entry in aws.control.calls(since=1)] == [2, 3]
    assert [entry["n"] for entry in aws.control.calls(operation="*:Create*")] == [1, 3]
    assert [entry["n"] for entry in aws.control.calls(illegal=True)] == [3]
    assert [entry["n"] for entry in aws.control.calls(limit=1)] == [1]
    aws.control.clear_calls()
    assert (aws.control.calls(), aws.control.counts()["total"]) == ([], 0)


def _other_origin() -> dict[str, Any]:
    return {**distribution_config()["Origins"]["Items"][0], "Id": "other"}


@pytest.mark.parametrize(
    ("operation", "refusal", "illegal"),
    [
        ("DeleteDistribution", Refusal("DistributionNotDisabled", "", 409), True),
        ("UpdateDistribution", Refusal("IllegalUpdate", "", 400), True),
        ("CreateDistribution", Refusal("NoSuchCachePolicy", "", 404), True),
        ("GetCachePolicy", Refusal("NoSuchCachePolicy", "", 404), False),
        ("StartChannel", Refusal("ConflictException", "The channel is running.", 409), True),
        ("CreateChannel", Refusal("UnprocessableEntityException", "SegmentDuration is bad", 422), True),
        ("CreateChannel", Refusal("UnprocessableEntityException", "Channel a already exists", 422), False),
        ("DeleteChannel", Refusal("NotFoundException", "", 404), False),
        ("CreateChannel", Refusal("TooManyRequestsException", "", 429), False),
        ("CreateDistribution", Refusal("TooManyDistributions", "", 400), False),
        ("UpdateDistribution", Refusal("PreconditionFailed", "", 412), False),
        ("GetDistribution", Refusal("Throttling", "", 400), False),
        ("CreateChannel", Refusal("BadRequestException", "role not there yet", 400, illegal=False), False),
    ],
)
def test_a_call_is_illegal_if_the_client_broke_a_rule(
    operation: str, refusal: Refusal, illegal: bool
) -> None:
    assert is_illegal(operation, refusal) is illegal


# -- many clients


CLIENTS = 32


def at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(work, range(count)))


def test_32_clients_create_distributions_without_losses_or_duplicates(aws: Handle) -> None:
    client = boto3_client(aws.url, "cloudfront", pool=CLIENTS)
    ids = at_once(lambda n: make_distribution(client, f"ref-{n}")["Distribution"]["Id"], 128)
    assert len(set(ids)) == 128
    listed = aws.control.inventory()["cloudfront"]["distributions"]
    assert {distribution["Id"] for distribution in listed} == set(ids)
    assert aws.control.count(CREATE) == 128


def test_32_clients_with_one_reference_get_one_distribution(aws: Handle) -> None:
    client = boto3_client(aws.url, "cloudfront", pool=CLIENTS)

    def create(_: int) -> str:
        try:
            return make_distribution(client, "the one")["Distribution"]["Id"]
        except ClientError as error:
            return error.response["Error"]["Message"].rpartition(" ")[2]

    assert len(set(at_once(create, CLIENTS))) == 1
    assert aws.control.counts()["errors"] == {f"{CREATE} DistributionAlreadyExists": CLIENTS - 1}


def test_32_clients_update_one_distribution_and_no_update_is_lost(aws: Handle) -> None:
    client = boto3_client(aws.url, "cloudfront", pool=CLIENTS)
    distribution_id = make_distribution(client, Comment="0")["Distribution"]["Id"]

    def increment(_: int) -> int:
        conflicts = 0
        while True:
            current = client.get_distribution_config(Id=distribution_id)
            config = current["DistributionConfig"]
            config["Comment"] = str(int(config["Comment"]) + 1)
            try:
                client.update_distribution(
                    Id=distribution_id, IfMatch=current["ETag"], DistributionConfig=config
                )
            except client.exceptions.PreconditionFailed:
                conflicts += 1
            else:
                return conflicts

    conflicts = sum(at_once(increment, CLIENTS))
    assert client.get_distribution_config(Id=distribution_id)["DistributionConfig"]["Comment"] == str(CLIENTS)
    counts = aws.control.counts()
    assert counts["calls"]["cloudfront:UpdateDistribution"] == CLIENTS + conflicts
    assert counts["errors"].get("cloudfront:UpdateDistribution PreconditionFailed", 0) == conflicts


# -- speed, as a ratio


def test_calls_are_as_fast_with_ten_thousand_distributions_as_with_a_hundred(
    aws: Handle, cloudfront: Any
) -> None:
    aws.control.console("cloudfront", "set_quota", distributions=20_000)
    foreign = aws.control.console("cloudfront", "create_foreign", count=100)["Id"]

    def cost() -> float:
        """Seconds of the best of three rounds of get, list and update."""
        rounds = []
        for _ in range(3):
            began = time.perf_counter()
            for _ in range(10):
                cloudfront.get_distribution(Id=foreign)
                cloudfront.list_distributions(MaxItems="10")
                change_distribution(cloudfront, foreign)
            rounds.append(time.perf_counter() - began)
        return min(rounds)

    cost()
    few = cost()
    aws.control.console("cloudfront", "create_foreign", count=9_900)
    assert cost() < 3 * few


# -- control and process


def test_a_reset_discards_resources_faults_and_limits(aws: Handle, cloudfront: Any) -> None:
    make_distribution(cloudfront)
    aws.control.fault("*", "throttle", times=None)
    aws.control.limit("*", per_second=0.001)
    aws.control.reset(scale=0.5)
    assert aws.control.status()["scale"] == 0.5
    assert cloudfront.list_distributions()["DistributionList"]["Quantity"] == 0
    assert aws.control.counts()["total"] == 1


def test_status_has_the_address_the_services_and_the_durations(aws: Handle) -> None:
    status = aws.control.status()
    assert (status["aws_endpoint"], status["pid"]) == (aws.url, os.getpid())
    assert {"cloudfront", "mediapackage", "medialive", "s3", "sts"} <= set(status["services"])
    assert aws.control.durations(cloudfront_deploy=(1, 2))["cloudfront_deploy"] == [1, 2]
    with pytest.raises(ControlError, match="no duration 'coffee'"):
        aws.control.durations(coffee=1)


def test_unknown_and_failed_console_actions_are_refused(aws: Handle) -> None:
    with pytest.raises(ControlError, match="no console action 'dance'"):
        aws.control.console("cloudfront", "dance")
    with pytest.raises(ControlError, match="NoSuchDistribution"):
        aws.control.console("cloudfront", "disable", Id="E0")


def test_work_on_the_servers_thread_runs_after_due_timers(aws: Handle, cloudfront: Any) -> None:
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    aws.control.advance(1000)
    service: Any = aws.world.services["cloudfront"]
    assert aws.run(lambda: service.distributions[distribution_id].deployed) is True


def test_at_scale_0_everything_is_done_at_once(aws: Handle, cloudfront: Any) -> None:
    aws.control.scale(0)
    distribution_id = make_distribution(cloudfront)["Distribution"]["Id"]
    assert cloudfront.get_distribution(Id=distribution_id)["Distribution"]["Status"] == "Deployed"


def test_two_servers_in_one_process_are_two_accounts(aws: Handle, cloudfront: Any) -> None:
    other = EmbeddedAws().start_in_thread()
    try:
        make_distribution(cloudfront)
        assert other.control.inventory()["cloudfront"]["distributions"] == []
    finally:
        other.stop()


def test_it_runs_as_a_process_prints_its_address_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "emulator", "--scale", "0.5", "--bucket", "media"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        status = Control(url).status()
        assert (status["pid"], status["scale"]) == (process.pid, 0.5)
        assert boto3_client(url, "s3").list_buckets()["Buckets"][0]["Name"] == "media"
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
