"""The AWS clients over HTTP against the embedded AWS, which enforces AWS's rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator.server import EmbeddedAws, Handle
from streamhub.aws.cloudfront import CloudFront, DistributionInfo, DistributionSpec
from streamhub.aws.cloudwatch import CloudWatch, MetricQuery
from streamhub.aws.encoding import PROFILES
from streamhub.aws.medialive import ChannelSpec, InputInfo, MediaLive
from streamhub.aws.mediapackage import EndpointInfo, MediaPackage
from streamhub.aws.ownership import comment_marker, mark_of_tags, parse_comment, tags
from streamhub.aws.s3 import S3
from streamhub.aws.session import AwsCall, AwsSession
from streamhub.aws.sts import Sts
from streamhub.aws.target import embedded_target
from streamhub.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    NotFound,
    NotKnownYet,
    QuotaExceeded,
    Refused,
    Retryable,
    Throttled,
)

OWNER = "0123456789abcdef" * 2
ROLE = "arn:aws:iam::111122223333:role/MediaLiveAccessRole"
LONG = 10_000  # AWS seconds, enough for everything to finish


@pytest.fixture(scope="module")
def server() -> Iterator[Handle]:
    """One embedded AWS for all tests of this module."""
    handle = EmbeddedAws(buckets=["recordings"]).start_in_thread()
    yield handle
    handle.stop()


@pytest.fixture
def aws(server: Handle) -> Handle:
    """A reset AWS whose time passes only when the test advances it."""
    server.control.reset(scale=1.0)
    return server


@pytest.fixture(scope="module")
def clients(server: Handle) -> AwsSession:
    """One session for all tests, because making boto3 clients takes longer than most tests."""
    return AwsSession(embedded_target(server.url, "eu-central-1", "test"))


@pytest.fixture
def session(aws: Handle, clients: AwsSession, calls: list[AwsCall]) -> AwsSession:
    clients.on_call[:] = [calls.append]
    return clients


@pytest.fixture
def cloudfront(session: AwsSession) -> CloudFront:
    return CloudFront(session)


@pytest.fixture
def mediapackage(session: AwsSession) -> MediaPackage:
    return MediaPackage(session)


@pytest.fixture
def medialive(session: AwsSession) -> MediaLive:
    return MediaLive(session)


# --- CloudFront ----------------------------------------------------------------------------------


def spec(reference: str = OWNER, **changed: Any) -> DistributionSpec:
    wanted = DistributionSpec(
        caller_reference=reference,
        comment=comment_marker("test", OWNER, "Stage & café"),
        origin_url="https://abc.mediapackage.eu-central-1.amazonaws.com/out/v1/0f/index.m3u8",
        price_class="PriceClass_100",
        response_headers_policy_id="60669652-455b-4ae9-85a4-c4c02393f86c",
        key_group_id=None,
        tags=tags("test", "distribution", OWNER, {"team": "événements"}),
    )
    return replace(wanted, **changed)


@pytest.fixture
def distribution(cloudfront: CloudFront) -> DistributionInfo:
    return cloudfront.create(spec())


def test_a_distribution_is_created_with_our_mark(
    cloudfront: CloudFront, distribution: DistributionInfo
) -> None:
    assert (distribution.status, distribution.enabled) == ("InProgress", True)
    assert distribution.origin_domains == ("abc.mediapackage.eu-central-1.amazonaws.com",)
    assert distribution.request_id
    assert parse_comment(distribution.comment).belongs_to("test")
    marked = cloudfront.tags(distribution.arn)
    assert marked["team"] == "événements"
    assert mark_of_tags(marked).belongs_to("test")


def test_a_distribution_deploys_later(
    aws: Handle, cloudfront: CloudFront, distribution: DistributionInfo
) -> None:
    assert not cloudfront.get(distribution.id).deployed
    aws.control.advance(LONG)
    assert cloudfront.get(distribution.id).deployed


def test_a_caller_reference_stays_used_after_deletion(
    aws: Handle, cloudfront: CloudFront, distribution: DistributionInfo
) -> None:
    with pytest.raises(AlreadyExists) as caught:
        cloudfront.create(spec())
    assert caught.value.existing_id == distribution.id
    off = cloudfront.set_enabled(distribution.id, enabled=False, is_ours=lambda info: True)
    aws.control.advance(LONG)
    assert cloudfront.delete(off.id, off.etag or "")
    with pytest.raises(AlreadyExists) as again:
        cloudfront.create(spec())
    assert again.value.existing_id == distribution.id


def test_delete_only_after_the_disable_is_deployed(
    aws: Handle, cloudfront: CloudFront, distribution: DistributionInfo
) -> None:
    with pytest.raises(Conflict) as enabled:
        cloudfront.delete(distribution.id, distribution.etag or "")
    off = cloudfront.set_enabled(distribution.id, enabled=False, is_ours=lambda info: True)
    with pytest.raises(Conflict) as deploying:
        cloudfront.delete(off.id, off.etag or "")
    assert enabled.value.code == deploying.value.code == "DistributionNotDisabled"
    aws.control.advance(LONG)
    cloudfront.delete(off.id, off.etag or "")
    with pytest.raises(NotFound):
        cloudfront.get(off.id)
    with pytest.raises(NotFound):
        cloudfront.delete(off.id, off.etag or "")


def test_an_old_etag_is_a_conflict(cloudfront: CloudFront, distribution: DistributionInfo) -> None:
    cloudfront.set_enabled(distribution.id, enabled=False, is_ours=lambda info: True)
    with pytest.raises(Conflict) as caught:
        cloudfront.delete(distribution.id, distribution.etag or "")
    assert caught.value.code in ("PreconditionFailed", "DistributionNotDisabled")


def test_set_enabled_changes_only_that_field(
    aws: Handle, cloudfront: CloudFront, distribution: DistributionInfo
) -> None:
    before, etag, _ = cloudfront.get_config(distribution.id)
    off = cloudfront.set_enabled(distribution.id, enabled=False, is_ours=lambda info: True)
    after, new_etag, _ = cloudfront.get_config(distribution.id)
    assert after == before | {"Enabled": False}
    assert (etag, new_etag) == (distribution.etag, off.etag)
    assert aws.control.count("cloudfront:UpdateDistribution") == 1
    assert not cloudfront.set_enabled(distribution.id, enabled=False, is_ours=lambda info: True).enabled
    assert aws.control.count("cloudfront:UpdateDistribution") == 1


def test_a_list_shows_what_sync_needs(cloudfront: CloudFront, distribution: DistributionInfo) -> None:
    (page,) = cloudfront.pages()
    (item,) = page.items
    assert replace(item, request_id=None, etag=None) == replace(distribution, request_id=None, etag=None)
    assert item.etag in (None, distribution.etag)


def test_a_long_list_has_pages_of_one_hundred(cloudfront: CloudFront) -> None:
    made = {cloudfront.create(spec(f"ref-{number}")).id for number in range(120)}
    pages = list(cloudfront.pages())
    assert [len(page.items) for page in pages] == [100, 20]
    assert [page.last for page in pages] == [False, True]
    assert {item.id for page in pages for item in page.items} == made
    (rest,) = cloudfront.pages(start=pages[0].next)
    assert rest.items[0].id == pages[1].items[0].id


def test_an_unknown_key_group_is_refused(cloudfront: CloudFront) -> None:
    with pytest.raises(Refused) as caught:
        cloudfront.create(spec(key_group_id="nobody"))
    assert caught.value.code == "TrustedKeyGroupDoesNotExist"


def test_tags_of_an_unknown_resource_do_not_prove_absence(cloudfront: CloudFront) -> None:
    with pytest.raises(Conflict):
        cloudfront.tags("arn:aws:cloudfront::111122223333:distribution/E0000000000000")


# --- MediaPackage --------------------------------------------------------------------------------


@pytest.fixture
def endpoint(mediapackage: MediaPackage) -> EndpointInfo:
    mark = tags("test", "channel", OWNER)
    mediapackage.create_channel(f"sh-{OWNER}", "Stage", mark)
    return mediapackage.create_endpoint(f"sh-{OWNER}-hls", f"sh-{OWNER}", 86400, 6, mark)


def test_an_endpoint_has_an_origin_url_and_our_mark(
    mediapackage: MediaPackage, endpoint: EndpointInfo
) -> None:
    assert endpoint.url.startswith("https://")
    assert endpoint.url.endswith("/index.m3u8")
    described = mediapackage.describe_endpoint(endpoint.id)
    assert (described.url, described.channel_id) == (endpoint.url, endpoint.channel_id)
    assert mark_of_tags(described.tags).belongs_to("test")
    assert mark_of_tags(mediapackage.describe_channel(endpoint.channel_id).tags).belongs_to("test")


def test_a_taken_id_is_a_refusal_that_describe_explains(
    mediapackage: MediaPackage, endpoint: EndpointInfo
) -> None:
    with pytest.raises(Refused) as caught:
        mediapackage.create_channel(endpoint.channel_id, "", {})
    assert caught.value.status == 422
    with pytest.raises(Refused):
        mediapackage.create_endpoint(endpoint.id, endpoint.channel_id, 0, 6, {})


def test_endpoints_are_deleted_before_their_channel_and_not_at_once(
    aws: Handle, mediapackage: MediaPackage, endpoint: EndpointInfo
) -> None:
    with pytest.raises(Conflict):
        mediapackage.delete_channel(endpoint.channel_id)
    assert mediapackage.delete_endpoint(endpoint.id)
    aws.control.advance(LONG)
    with pytest.raises(NotFound):
        mediapackage.describe_endpoint(endpoint.id)
    mediapackage.delete_channel(endpoint.channel_id)
    aws.control.advance(LONG)
    with pytest.raises(NotFound):
        mediapackage.describe_channel(endpoint.channel_id)


def test_channels_and_endpoints_are_listed(mediapackage: MediaPackage, endpoint: EndpointInfo) -> None:
    (channels,) = mediapackage.channel_pages()
    (endpoints,) = mediapackage.endpoint_pages()
    assert [item.id for item in channels.items] == [endpoint.channel_id]
    assert [item.id for item in endpoints.items] == [endpoint.id]
    (none,) = mediapackage.endpoint_pages(channel_id="another")
    assert none.items == ()


def test_the_31st_channel_of_a_region_is_a_quota(mediapackage: MediaPackage) -> None:
    for number in range(30):
        mediapackage.create_channel(f"c{number}", "", {})
    with pytest.raises(QuotaExceeded):
        mediapackage.create_channel("c30", "", {})


# --- MediaLive -----------------------------------------------------------------------------------


@pytest.fixture
def push_input(medialive: MediaLive) -> InputInfo:
    mark = tags("test", "input", OWNER)
    group = medialive.create_security_group(["192.0.2.0/24"], mark)
    return medialive.create_input(
        OWNER,
        "stage",
        "RTMP_PUSH",
        security_group_ids=[group.id],
        destinations=["stage/0", "stage/1"],
        tags=mark,
    )


@pytest.fixture
def channel_spec(push_input: InputInfo, endpoint: EndpointInfo) -> ChannelSpec:
    return ChannelSpec(
        token=OWNER,
        name="stage",
        input_id=push_input.id,
        mediapackage_channel_id=endpoint.channel_id,
        channel_class="SINGLE_PIPELINE",
        role_arn=ROLE,
        profile=PROFILES["1080p"],
        archive_destination="s3ssl://recordings/0f/$dt$",
        tags=tags("test", "channel", OWNER),
    )


def test_a_push_input_has_two_ingest_urls_behind_its_group(
    aws: Handle, medialive: MediaLive, push_input: InputInfo
) -> None:
    aws.control.advance(LONG)
    described = medialive.describe_input(push_input.id)
    assert (described.state, described.attached_channels) == ("DETACHED", ())
    assert len(described.dest_urls) == 2
    assert all(url.startswith("rtmp://") for url in described.dest_urls)
    assert mark_of_tags(described.tags).belongs_to("test")
    (groups,) = medialive.security_group_pages()
    (group,) = groups.items
    assert (group.cidrs, group.inputs) == (("192.0.2.0/24",), (push_input.id,))
    assert mark_of_tags(group.tags).belongs_to("test")
    with pytest.raises(Conflict):
        medialive.delete_security_group(group.id)


@pytest.mark.parametrize("channel_class", ["SINGLE_PIPELINE", "STANDARD"])
@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_makes_a_channel(
    medialive: MediaLive, channel_spec: ChannelSpec, channel_class: str, profile: str
) -> None:
    wanted = replace(channel_spec, channel_class=channel_class, profile=PROFILES[profile])
    made = medialive.create_channel(wanted)
    assert (made.state, made.channel_class) == ("CREATING", channel_class)


def test_the_same_token_creates_nothing_twice(
    medialive: MediaLive, push_input: InputInfo, channel_spec: ChannelSpec
) -> None:
    (group,) = next(medialive.security_group_pages()).items
    again = medialive.create_input(
        OWNER,
        "stage",
        "RTMP_PUSH",
        security_group_ids=[group.id],
        destinations=["stage/0", "stage/1"],
        tags=push_input.tags,
    )
    assert again.id == push_input.id
    assert medialive.create_channel(channel_spec).id == medialive.create_channel(channel_spec).id


def test_a_channel_passes_through_its_states_from_creation_to_deletion(
    aws: Handle, medialive: MediaLive, channel_spec: ChannelSpec
) -> None:
    channel = medialive.create_channel(channel_spec)
    states = [channel.state]
    for verb in (None, medialive.start_channel, medialive.stop_channel, medialive.delete_channel):
        if verb:
            states.append(verb(channel.id).state)
        aws.control.advance(LONG)
        states.append(medialive.describe_channel(channel.id).state)
    assert states == [
        "CREATING",
        "IDLE",
        "STARTING",
        "RUNNING",
        "STOPPING",
        "IDLE",
        "DELETING",
        "DELETED",
    ]
    assert medialive.describe_channel(channel.id).gone
    (page,) = medialive.channel_pages()
    assert page.items == ()


def test_teardown_goes_in_order(aws: Handle, medialive: MediaLive, channel_spec: ChannelSpec) -> None:
    channel = medialive.create_channel(channel_spec)
    aws.control.advance(LONG)
    assert medialive.describe_input(channel_spec.input_id).attached_channels == (channel.id,)
    with pytest.raises(Conflict):
        medialive.delete_input(channel_spec.input_id)
    medialive.delete_channel(channel.id)
    aws.control.advance(LONG)
    assert medialive.describe_input(channel_spec.input_id).state == "DETACHED"
    medialive.delete_input(channel_spec.input_id)
    aws.control.advance(LONG)
    (group,) = next(medialive.security_group_pages()).items
    medialive.delete_security_group(group.id)


def test_what_the_state_forbids_is_a_conflict(medialive: MediaLive, channel_spec: ChannelSpec) -> None:
    channel = medialive.create_channel(channel_spec)
    for verb in (medialive.start_channel, medialive.stop_channel, medialive.delete_channel):
        with pytest.raises(Conflict):
            verb(channel.id)


def test_an_unknown_input_or_package_may_only_be_too_new(
    medialive: MediaLive, channel_spec: ChannelSpec
) -> None:
    for changed in ({"input_id": "1"}, {"mediapackage_channel_id": "nobody"}):
        with pytest.raises(NotKnownYet) as caught:
            medialive.create_channel(replace(channel_spec, **changed))
        assert len(caught.value.validation) == 1


def test_an_update_sends_the_settings_again(
    aws: Handle, medialive: MediaLive, channel_spec: ChannelSpec
) -> None:
    made = medialive.create_channel(channel_spec)
    aws.control.advance(60)
    assert medialive.update_channel(made.id, channel_spec).id == made.id
    assert medialive.describe_channel(made.id).tags == made.tags


def test_a_role_that_iam_has_not_propagated_is_retried(
    aws: Handle, medialive: MediaLive, channel_spec: ChannelSpec
) -> None:
    aws.control.console("medialive", "role_not_propagated", calls=1)
    with pytest.raises(Retryable) as caught:
        medialive.create_channel(channel_spec)
    assert (caught.value.after, caught.value.effect_unknown) == (10, False)
    medialive.create_channel(channel_spec)


def test_a_full_account_is_a_quota(aws: Handle, medialive: MediaLive, channel_spec: ChannelSpec) -> None:
    aws.control.console("medialive", "set_quota", channels=0, push_inputs=0, input_security_groups=0)
    with pytest.raises(QuotaExceeded):
        medialive.create_channel(channel_spec)
    with pytest.raises(QuotaExceeded):
        medialive.create_security_group(["198.51.100.0/24"], {})


def test_a_pull_input_has_no_ingest_url(medialive: MediaLive) -> None:
    made = medialive.create_input(
        "t", "pull", "URL_PULL", source_urls=["https://example.com/a.m3u8"], tags={}
    )
    assert made.dest_urls == ()
    (page,) = medialive.input_pages()
    assert [item.id for item in page.items] == [made.id]


def test_an_rtp_input_takes_no_stream_names(medialive: MediaLive) -> None:
    group = medialive.create_security_group(["192.0.2.0/24"], {})
    made = medialive.create_input("t", "rtp", "RTP_PUSH", security_group_ids=[group.id], tags={})
    assert len(made.dest_urls) == 2


# --- CloudWatch ----------------------------------------------------------------------------------


def test_a_metric_that_was_never_published_has_no_points(aws: Handle, session: AwsSession) -> None:
    if "cloudwatch" not in aws.control.status()["services"]:
        pytest.skip("the embedded AWS has no CloudWatch")
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    dimensions = {"DistributionId": "E0000000000000", "Region": "Global"}
    queries = [
        MetricQuery("b0", "AWS/CloudFront", "BytesDownloaded", dimensions, "Sum", 60),
        MetricQuery("e0", "AWS/MediaPackage", "EgressBytes", {"Channel": "nobody"}, "Sum", 60),
    ]
    series = CloudWatch(session).get_metric_data(queries, end - timedelta(minutes=5), end)
    assert [(metric.id, metric.points) for metric in series] == [("b0", ()), ("e0", ())]
    assert all(metric.request_id for metric in series)


# --- S3 and STS ----------------------------------------------------------------------------------


def test_a_bucket_is_listed(session: AwsSession) -> None:
    client = session.client("s3")
    for key in ("a/1 ü.ts", "a/2.ts", "b/1.ts"):
        client.put_object(Bucket="recordings", Key=key, Body=b"12345")
    objects = list(S3(session).list_objects("recordings", "a/"))
    assert [item.key for item in objects] == ["a/1 ü.ts", "a/2.ts"]
    assert {item.size_bytes for item in objects} == {5}
    assert all(item.last_modified.tzinfo for item in objects)


def test_a_missing_bucket_is_not_found(session: AwsSession) -> None:
    with pytest.raises(NotFound):
        list(S3(session).list_objects("nobodys"))


def test_the_embedded_account_returns_our_identity(session: AwsSession) -> None:
    identity = Sts(session).caller_identity()
    assert len(identity.account) == 12
    assert identity.request_id


# --- faults --------------------------------------------------------------------------------------

READ = "cloudfront:GetDistribution"
WRITE = "cloudfront:CreateDistributionWithTags"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("throttle", Throttled),
        ("error500", Retryable),
        ("access_denied", AccessDenied),
        ("not_found", NotFound),
    ],
)
@pytest.mark.parametrize(
    "operation", [READ, "medialive:DescribeChannel", "mediapackage:DescribeChannel", "s3:ListObjectsV2"]
)
def test_the_faults_of_each_service_become_our_errors(
    aws: Handle, session: AwsSession, kind: str, expected: type[Exception], operation: str
) -> None:
    aws.control.fault(operation, kind, times=None)
    read = {
        READ: lambda: CloudFront(session).get("E1"),
        "medialive:DescribeChannel": lambda: MediaLive(session).describe_channel("1"),
        "mediapackage:DescribeChannel": lambda: MediaPackage(session).describe_channel("1"),
        "s3:ListObjectsV2": lambda: list(S3(session).list_objects("recordings")),
    }[operation]
    with pytest.raises(expected) as caught:
        read()
    assert type(caught.value) is expected


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_after_a_broken_connection_the_effect_is_unknown(
    aws: Handle, cloudfront: CloudFront, kind: str
) -> None:
    aws.control.fault(WRITE, kind, times=2)
    with pytest.raises(Retryable) as caught:
        cloudfront.create(spec())
    assert caught.value.effect_unknown


def test_the_second_attempt_finds_a_create_whose_answer_was_lost(aws: Handle, cloudfront: CloudFront) -> None:
    aws.control.fault(WRITE, "cut_after")
    with pytest.raises(AlreadyExists) as caught:
        cloudfront.create(spec())
    assert cloudfront.get(caught.value.existing_id or "").comment == spec().comment


def test_a_security_group_whose_answer_was_lost_is_not_created_twice(
    aws: Handle, medialive: MediaLive
) -> None:
    aws.control.fault("medialive:CreateInputSecurityGroup", "cut_after")
    with pytest.raises(Retryable) as caught:
        medialive.create_security_group(["192.0.2.0/24"], {})
    assert caught.value.effect_unknown
    (page,) = medialive.security_group_pages()
    assert len(page.items) == 1


def test_a_single_fault_is_hidden_by_the_second_attempt(
    aws: Handle, cloudfront: CloudFront, distribution: DistributionInfo
) -> None:
    aws.control.fault(READ, "error500")
    assert cloudfront.get(distribution.id).id == distribution.id
