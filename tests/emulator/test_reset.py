"""A reset restores exactly the state after the start, and earlier calls cannot change it."""

from __future__ import annotations

import gc
import socket
import weakref
from typing import Any

import pytest

from emulator.control import Control, ControlError
from emulator.server import EmbeddedAws, Handle
from tests.emulator.clients import (
    CREATE,
    ONE_METRIC,
    Background,
    ClientFactory,
    Refused,
    boto3_client,
    existing,
    make_distribution,
)

from .signer import Signer, policy
from .stack import make_encoder, make_stack
from .state import module_states, states_of

DIFFERENT_AFTER_RESET = {"server.number", "server.url"}
# State that no call can change: initial settings and registered callbacks.
CONSTANT = {
    "account.settings",
    "cloudfront.on_change",
    "medialive.on_running_change",
    "s3._names",
    "secretsmanager.on_change",
    "s3.before_request",
    "server._control_routes",
    "server.settings",
    "world.account",
    "world.region",
    "world.seed",
    "world.services",
}


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    assert one.keys() == other.keys()
    return {name for name in one if one[name] != other[name]}


def leave_traces(aws: Handle, client: ClientFactory) -> None:
    """Change all state that can be changed."""
    _create_resources(aws, client)
    _change_settings(aws)
    aws.control.fault("*:List*", "stale_read", times=None)
    client("cloudfront").list_distributions()
    make_distribution(client("cloudfront"))
    _refuse_from_now_on(aws, client)


def _create_resources(aws: Handle, client: ClientFactory) -> None:
    console = aws.control.console
    stack = make_stack(aws, client, key_group=Signer(aws).group_id)
    aws.control.play(stack.url + ".bak", Signer(aws).cookies(policy("*")))
    console("secretsmanager", "put_secret", text="a")
    closed = {
        "CdnIdentifierSecret": console("mediapackage", "put_secret", value="a")["arn"],
        "SecretsRoleArn": "arn:aws:iam::111122223333:role/Secrets",
    }
    endpoint = client("mediapackage").create_origin_endpoint(
        Id="closed", ChannelId=stack.package_id, HlsPackage={}, Authorization=closed
    )
    aws.control.play(endpoint["Url"], headers={"X-MediaPackage-CDNIdentifier": "a"})
    console("cloudfront", "create_mediamanager", Id="EMEDIA", recording_bucket="a", media_bucket="b")
    console("cloudfront", "create_header_policy", origins=["https://www.example.com"])
    console("iam", "deny", Role="arn:aws:iam::111122223333:role/MediaLive", Action="s3:PutObject")
    zone = console("route53", "create_zone", Name="example.com")["Id"]
    record = {"Name": "live.example.com.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"a"'}]}
    console("route53", "set_record", Id=zone, record=record)
    certificate = {
        "ACMCertificateArn": console("cloudfront", "import_certificate", names=["a.example.com"])["Arn"],
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    expired = console("cloudfront", "import_certificate", names=["b.example.com"])["Arn"]
    console("cloudfront", "set_certificate_status", Arn=expired, Status="EXPIRED")
    aliases = {"Quantity": 1, "Items": ["a.example.com"]}
    make_distribution(client("cloudfront"), Aliases=aliases, ViewerCertificate=certificate)
    aws.control.audience_join(stack.url)
    aws.control.deliver(stack.distribution_id, 1000)
    client("medialive").create_input_security_group(WhitelistRules=[{"Cidr": "10.0.0.0/8"}])
    client("mediapackage").create_channel(Id="other")
    recorder = make_encoder(client, "other", archive="s3://recordings/a")
    aws.control.advance(100)
    client("medialive").start_channel(ChannelId=recorder)
    stack.start()
    client("s3").put_object(Bucket="media", Key="a", Body=b"b")


def _change_settings(aws: Handle) -> None:
    control = aws.control
    control.console("cloudfront", "set_quota", distributions=600)
    control.console("medialive", "set_quota", channels=1)
    control.console("mediapackage", "set_quota", channels=3)
    control.console("medialive", "fail_start")
    control.console("medialive", "fail_create")
    control.console("medialive", "fail_update")
    control.console("medialive", "role_not_propagated", calls=1, seconds=1)
    control.console("cloudwatch", "set_page", points=1)
    control.console("pricing", "put_products", products=[{"serviceCode": "AmazonS3", "product": {}}])
    control.publish_delay(least=1)
    control.durations(medialive_start=7)
    control.scale(0.5)
    control.limit("*:Nothing", per_second=1)


def _refuse_from_now_on(aws: Handle, client: ClientFactory) -> None:
    """What makes AWS refuse other calls comes last."""
    console = aws.control.console
    console("medialive", "deny_pass_role")
    console("cloudfront", "set_verified", verified=False)
    console("cloudfront", "set_pricing_plan", Id="EMEDIA", plan="Pro")
    console("cloudfront", "set_staging", Id="EMEDIA", in_use=True)
    aws.control.durations(mediapackage_channel_unknown_to_medialive=1000)
    client("mediapackage").create_channel(Id="unknown")


def test_after_a_reset_the_state_is_that_of_a_new_server(aws: Handle, client: ClientFactory) -> None:
    client("s3").list_buckets()  # imports moto, which is imported late
    modules = module_states()
    new = states_of(EmbeddedAws(scale=1.0, buckets=["recordings", "media"]))
    leave_traces(aws, client)
    assert new.keys() - differing(states_of(aws.aws), new) == CONSTANT  # all other state was changed
    aws.reset()
    assert differing(states_of(aws.aws), new) <= DIFFERENT_AFTER_RESET
    assert differing(module_states(), modules) == set()
    assert client("s3").list_objects_v2(Bucket="media")["KeyCount"] == 0


def test_after_a_reset_nothing_refers_to_the_old_world(aws: Handle, client: ClientFactory) -> None:
    leave_traces(aws, client)
    old = weakref.ref(aws.world)
    aws.reset()
    client("s3").list_buckets()
    gc.collect()
    assert old() is None


def test_settings_of_a_reset_hold_until_the_next_reset(aws: Handle) -> None:
    aws.reset(scale=0.5, buckets=["other"])
    assert aws.control.status()["scale"] == 0.5
    assert aws.control.inventory()["s3"]["buckets"] == [{"Name": "other"}]
    aws.reset()
    assert aws.control.status()["scale"] == 1.0
    assert len(aws.control.inventory()["s3"]["buckets"]) == 2


def test_a_reset_creates_the_mediamanager_distribution_again() -> None:
    server = EmbeddedAws(mediamanager=("E3FEGSC0PV886G", "rec", "media")).start_in_thread()
    try:
        server.control.console("cloudfront", "delete", Id="E3FEGSC0PV886G", force=True)
        server.control.reset()
        assert [distribution["Id"] for distribution in existing(server)] == ["E3FEGSC0PV886G"]
    finally:
        server.stop()


# -- calls in progress


@pytest.mark.parametrize(
    ("kind", "seconds"), [("hold_before", 0), ("pause", 0), ("delay", 0.2)], ids=lambda each: str(each)
)
def test_a_call_in_progress_during_a_reset_is_refused_without_effect(
    aws: Handle, cloudfront: Any, kind: str, seconds: float
) -> None:
    aws.control.fault(CREATE, kind, seconds=seconds)
    call_in_progress = Background(lambda: make_distribution(cloudfront))
    while not aws.control.count(CREATE):
        pass
    aws.reset()
    error: Any = call_in_progress.join().error
    assert error.response["Error"]["Code"] == "AccountReset"
    assert (existing(aws), aws.control.calls()) == ([], [])


def test_a_call_whose_body_arrives_after_the_reset_is_refused(aws: Handle) -> None:
    order = b'{"service": "cloudfront", "action": "create_foreign"}'
    head = f"POST /_embedded/console HTTP/1.1\r\nHost: aws\r\nContent-Length: {len(order)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(aws.url.rpartition(":")[2])), 5) as connection:
        connection.sendall(head.encode())
        aws.control.status()  # answered by the same thread, so the head was read before
        aws.reset()
        connection.sendall(order)
        assert connection.recv(1000).startswith(b"HTTP/1.1 410 ")
    assert existing(aws) == []


def test_calls_to_the_accounts_own_address_are_refused_after_a_reset(aws: Handle) -> None:
    own = {name: boto3_client(aws.own_url, name) for name in ("cloudfront", "s3", "cloudwatch", "medialive")}
    make_distribution(own["cloudfront"])
    own["s3"].put_object(Bucket="media", Key="a/b c", Body=b"")
    assert own["s3"].list_objects_v2(Bucket="media")["Contents"][0]["Key"] == "a/b c"
    assert own["cloudwatch"].get_metric_data(**ONE_METRIC)["MetricDataResults"]
    control = Control(aws.own_url)
    assert control.count(CREATE) == 1
    aws.reset()
    with Refused("AccountReset", 403):
        make_distribution(own["cloudfront"])
    with Refused("AccountReset", 403):
        own["s3"].put_object(Bucket="media", Key="a", Body=b"")
    with Refused("AccountReset", 403):
        own["medialive"].list_channels()
    with pytest.raises(ControlError, match="was reset"):
        control.fault("*", "throttle")
    assert aws.control.calls() == []
    assert boto3_client(aws.own_url, "cloudfront").list_distributions()["DistributionList"]["Quantity"] == 0
