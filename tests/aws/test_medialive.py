"""Requests to MediaLive, and the results from its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from streamhub.aws.channel_request import channel_request
from streamhub.aws.encoding import PROFILES
from streamhub.aws.input_sources import sources_params
from streamhub.aws.medialive import ChannelSpec, MediaLive
from streamhub.aws.session import AwsSession
from streamhub.errors import Conflict, NotFound, Refused, Retryable
from tests.aws.stubs import meta

ARN = "arn:aws:medialive:eu-central-1:111122223333:x:1"
GROUP = {
    "Id": "7",
    "State": "IN_USE",
    "Tags": {"a": "1"},
    "Inputs": ["5"],
    "WhitelistRules": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "192.0.2.1/32"}],
}
INPUT = {
    "Id": "5",
    "Arn": ARN,
    "Name": "stage",
    "State": "ATTACHED",
    "Type": "RTMP_PUSH",
    "Destinations": [{"Url": "rtmp://1.2.3.4:1935/a/0"}, {"Url": "rtmp://1.2.3.5:1935/a/1"}],
    "AttachedChannels": ["9"],
    "Tags": {"a": "1"},
}
CHANNEL = {
    "Id": "9",
    "Arn": ARN,
    "Name": "stage",
    "State": "IDLE",
    "Tags": {"a": "1"},
    "ChannelClass": "SINGLE_PIPELINE",
}
SPEC = ChannelSpec(
    token="token",
    name="stage",
    input_id="5",
    mediapackage_channel_id="mp-1",
    channel_class="SINGLE_PIPELINE",
    role_arn="arn:aws:iam::111122223333:role/MediaLive",
    profile=PROFILES["1080p"],
    archive_destination=None,
    tags={"a": "1"},
)
ARCHIVE = "s3ssl://recordings/channels/0f/$dt$"

Stub = Callable[..., Stubber]


@pytest.fixture
def medialive(session: AwsSession) -> MediaLive:
    return MediaLive(session)


@pytest.fixture
def stubber(stub: Stub) -> Stubber:
    return stub("medialive")


@pytest.fixture
def once(stub: Stub) -> Stubber:
    """For calls that are never repeated by botocore (`session.NEVER_REPEATED`)."""
    return stub("medialive", attempts=1)


# --- input security groups -----------------------------------------------------------------------


def test_a_group_is_created_with_rules_and_tags(medialive: MediaLive, stub: Stub) -> None:
    rules = [{"Cidr": "10.0.0.0/8"}, {"Cidr": "192.0.2.1/32"}]
    stub("medialive", attempts=1).add_response(
        "create_input_security_group",
        {"SecurityGroup": GROUP} | meta(),
        {"WhitelistRules": rules, "Tags": {"a": "1"}},
    )
    info = medialive.create_security_group(["10.0.0.0/8", "192.0.2.1/32"], {"a": "1"})
    assert (info.id, info.cidrs, info.state) == ("7", ("10.0.0.0/8", "192.0.2.1/32"), "IN_USE")
    assert (info.inputs, info.tags, info.request_id, info.gone) == (("5",), {"a": "1"}, "req-1", False)


def test_groups_are_described_listed_and_deleted(medialive: MediaLive, stubber: Stubber) -> None:
    stubber.add_response("describe_input_security_group", GROUP | meta(), {"InputSecurityGroupId": "7"})
    stubber.add_response(
        "list_input_security_groups", {"InputSecurityGroups": [GROUP]} | meta(), {"MaxResults": 100}
    )
    stubber.add_response("delete_input_security_group", meta("req-5"), {"InputSecurityGroupId": "7"})
    assert medialive.describe_security_group("7").id == "7"
    (page,) = medialive.security_group_pages()
    assert page.items[0].tags == {"a": "1"}
    assert medialive.delete_security_group("7") == "req-5"


@pytest.mark.parametrize(("code", "status"), [("BadRequestException", 400), ("ConflictException", 409)])
def test_a_group_in_use_is_a_conflict(medialive: MediaLive, stubber: Stubber, code: str, status: int) -> None:
    stubber.add_client_error("delete_input_security_group", code, "in use", status)
    with pytest.raises(Conflict):
        medialive.delete_security_group("7")


# --- inputs --------------------------------------------------------------------------------------


def test_an_rtmp_input_has_its_streams_and_security_group(medialive: MediaLive, stubber: Stubber) -> None:
    stubber.add_response(
        "create_input",
        {"Input": INPUT} | meta(),
        {
            "RequestId": "token",
            "Name": "stage",
            "Type": "RTMP_PUSH",
            "InputSecurityGroups": ["7"],
            "Destinations": [{"StreamName": "a/0"}, {"StreamName": "a/1"}],
            "Tags": {"a": "1"},
        },
    )
    info = medialive.create_input(
        "token", "stage", "RTMP_PUSH", security_group_ids=["7"], destinations=["a/0", "a/1"], tags={"a": "1"}
    )
    assert info.dest_urls == ("rtmp://1.2.3.4:1935/a/0", "rtmp://1.2.3.5:1935/a/1")
    assert (info.id, info.name, info.state, info.type) == ("5", "stage", "ATTACHED", "RTMP_PUSH")
    assert (info.attached_channels, info.tags, info.request_id) == (("9",), {"a": "1"}, "req-1")


def test_a_pull_input_has_its_sources_and_role(medialive: MediaLive, stubber: Stubber) -> None:
    stubber.add_response(
        "create_input",
        {"Input": INPUT | {"Type": "URL_PULL", "Destinations": []}} | meta(),
        {
            "RequestId": "token",
            "Name": "stage",
            "Type": "URL_PULL",
            "Sources": [{"Url": "https://example.com/a.m3u8"}],
            "RoleArn": "role",
            "Tags": {},
        },
    )
    info = medialive.create_input(
        "token", "stage", "URL_PULL", source_urls=["https://example.com/a.m3u8"], tags={}, role_arn="role"
    )
    assert info.dest_urls == ()


def test_an_edit_of_an_input_names_only_what_it_changes(medialive: MediaLive, stubber: Stubber) -> None:
    pulled = [{"Url": "https://example.com/a.m3u8", "Username": "anna", "PasswordParam": "/a"}]
    answer = INPUT | {"SecurityGroups": ["7"], "Sources": pulled}
    for sent in (
        {},
        {"InputSecurityGroups": ["7"]},
        {"InputSecurityGroups": []},
        {"Destinations": [{"StreamName": "a/0"}]},
        {"Sources": pulled},
    ):
        stubber.add_response(
            "update_input", {"Input": answer} | meta(), {"InputId": "5", "Name": "stage"} | sent
        )
    medialive.update_input("5", name="stage", type="RTMP_PUSH")
    medialive.update_input("5", name="stage", type="RTMP_PUSH", security_group_ids=["7"])
    medialive.update_input("5", name="stage", type="RTMP_PUSH", security_group_ids=[])
    medialive.update_input("5", name="stage", type="RTMP_PUSH", destinations=["a/0"])
    info = medialive.update_input(
        "5", name="stage", type="URL_PULL", source_urls=[pulled[0]["Url"]], credentials=("anna", "/a")
    )
    assert (info.security_groups, info.sources) == (("7",), tuple(pulled))


def test_an_input_that_is_on_air_is_a_conflict(medialive: MediaLive, stubber: Stubber) -> None:
    stubber.add_client_error("update_input", "ConflictException", "Channel is running", 409)
    with pytest.raises(Conflict):
        medialive.update_input("5", name="stage", type="RTMP_PUSH")


def test_a_standard_input_with_one_destination_is_refused_without_a_call(medialive: MediaLive) -> None:
    with pytest.raises(Refused, match="two pipelines"):
        medialive.create_input("t", "n", "RTMP_PUSH", destinations=["a/0"], input_class="STANDARD", tags={})


def test_inputs_are_described_listed_and_deleted(
    medialive: MediaLive, stubber: Stubber, once: Stubber
) -> None:
    stubber.add_response("describe_input", INPUT | {"State": "DELETED"} | meta(), {"InputId": "5"})
    stubber.add_response("list_inputs", {"Inputs": [INPUT], "NextToken": "t"} | meta(), {"MaxResults": 100})
    stubber.add_response("list_inputs", {"Inputs": []} | meta(), {"MaxResults": 100, "NextToken": "t"})
    once.add_response("delete_input", meta("req-6"), {"InputId": "5"})
    assert medialive.describe_input("5").gone
    assert [len(page.items) for page in medialive.input_pages()] == [1, 0]
    assert medialive.delete_input("5") == "req-6"


def test_a_missing_input_is_not_found(medialive: MediaLive, stubber: Stubber) -> None:
    stubber.add_client_error("describe_input", "NotFoundException", "no", 404)
    with pytest.raises(NotFound):
        medialive.describe_input("5")


@pytest.mark.parametrize(
    ("type", "url", "expected"),
    [
        (
            "MP4_FILE",
            "s3://a/x.mp4",
            {"Sources": [{"Url": "s3://a/x.mp4", "Username": "u", "PasswordParam": "/p"}]},
        ),
        (
            "SRT_CALLER",
            "srt://[2600::1]:9000?streamid=a%20b",
            {
                "SrtSettings": {
                    "SrtCallerSources": [
                        {
                            "SrtListenerAddress": "2600::1",
                            "SrtListenerPort": "9000",
                            "MinimumLatency": 2000,
                            "StreamId": "a b",
                        }
                    ]
                }
            },
        ),
    ],
)
def test_each_source_is_sent_in_the_form_of_its_type(type: str, url: str, expected: dict[str, Any]) -> None:
    assert sources_params(type, [url], ("u", "/p")) == expected


# --- channels ------------------------------------------------------------------------------------

VARIANTS = [
    SPEC,
    replace(SPEC, archive_destination=ARCHIVE),
    replace(SPEC, channel_class="STANDARD", archive_destination=ARCHIVE),
    replace(SPEC, input_type="URL_PULL", profile=PROFILES["480p"]),
]


@pytest.mark.parametrize("spec", VARIANTS)
def test_botocores_model_accepts_the_request(
    medialive: MediaLive, stubber: Stubber, spec: ChannelSpec
) -> None:
    stubber.add_response("create_channel", {"Channel": CHANNEL} | meta(), channel_request(spec))
    info = medialive.create_channel(spec)
    assert (info.id, info.name, info.state, info.channel_class) == ("9", "stage", "IDLE", "SINGLE_PIPELINE")
    assert (info.tags, info.request_id, info.gone) == ({"a": "1"}, "req-1", False)


def test_the_request_carries_the_rows_token() -> None:
    assert channel_request(SPEC)["RequestId"] == "token"


def destinations(spec: ChannelSpec) -> dict[str, Any]:
    return {each.pop("Id"): each for each in channel_request(spec)["Destinations"]}


def test_the_stream_goes_to_the_mediapackage_channel_by_id() -> None:
    assert destinations(SPEC) == {"mediapackage": {"MediaPackageSettings": [{"ChannelId": "mp-1"}]}}


def test_a_recording_goes_to_s3_once_per_pipeline() -> None:
    single = destinations(replace(SPEC, archive_destination=ARCHIVE))
    assert single["archive"] == {"Settings": [{"Url": ARCHIVE}]}
    double = destinations(replace(SPEC, archive_destination=ARCHIVE, channel_class="STANDARD"))
    assert double["archive"] == {"Settings": [{"Url": f"{ARCHIVE}-0"}, {"Url": f"{ARCHIVE}-1"}]}


@pytest.mark.parametrize("spec", VARIANTS)
def test_every_output_group_has_its_destination(spec: ChannelSpec) -> None:
    groups = channel_request(spec)["EncoderSettings"]["OutputGroups"]
    settings = [next(iter(group["OutputGroupSettings"].values())) for group in groups]
    assert {each["Destination"]["DestinationRefId"] for each in settings} == set(destinations(spec))


def test_attaching_the_input_sends_only_its_role_beside(medialive: MediaLive, once: Stubber) -> None:
    attachments = channel_request(SPEC)["InputAttachments"]
    once.add_response(
        "update_channel",
        {"Channel": CHANNEL | {"InputAttachments": attachments}} | meta(),
        {"ChannelId": "9", "InputAttachments": attachments, "RoleArn": SPEC.role_arn},
    )
    assert medialive.attach_input("9", SPEC).input_ids == (SPEC.input_id,)


def test_a_role_that_iam_has_not_propagated_is_retried(medialive: MediaLive, stubber: Stubber) -> None:
    stubber.add_client_error("create_channel", "BadRequestException", "cannot assume the role", 400)
    with pytest.raises(Retryable) as caught:
        medialive.create_channel(SPEC)
    assert caught.value.after == 10


@pytest.mark.parametrize(
    "role", ["", "MediaLiveAccessRole", "arn:aws:iam::1:role/x", "arn:aws:iam::111122223333:user/x"]
)
def test_an_invalid_role_is_refused_without_a_call(medialive: MediaLive, role: str) -> None:
    with pytest.raises(Refused, match="MEDIALIVE_ROLE_ARN"):
        medialive.create_channel(replace(SPEC, role_arn=role))


def test_members_that_aws_may_leave_out_spoil_no_list(medialive: MediaLive, stubber: Stubber) -> None:
    """The list holds what others made too. botocore's model requires neither `Cidr` nor `InputId`."""
    odd: dict[str, Any] = CHANNEL | {"InputAttachments": [{"InputAttachmentName": "x"}, {"InputId": "5"}]}
    stubber.add_response("list_channels", {"Channels": [odd]} | meta())
    group: dict[str, Any] = GROUP | {"WhitelistRules": [{}, {"Cidr": "10.0.0.0/8"}]}
    stubber.add_response("list_input_security_groups", {"InputSecurityGroups": [group]} | meta())
    assert [info.input_ids for page in medialive.channel_pages() for info in page.items] == [("5",)]
    (groups,) = medialive.security_group_pages()
    assert [info.cidrs for info in groups.items] == [("10.0.0.0/8",)]


def test_channels_are_described_and_listed(medialive: MediaLive, stubber: Stubber) -> None:
    stubber.add_response("describe_channel", CHANNEL | {"State": "DELETED"} | meta(), {"ChannelId": "9"})
    stubber.add_response(
        "list_channels", {"Channels": [CHANNEL]} | meta(), {"MaxResults": 100, "NextToken": "t"}
    )
    assert medialive.describe_channel("9").gone
    (page,) = medialive.channel_pages(start="t")
    assert [item.state for item in page.items] == ["IDLE"]


@pytest.mark.parametrize(
    ("verb", "state"),
    [("start_channel", "STARTING"), ("stop_channel", "STOPPING"), ("delete_channel", "DELETING")],
)
def test_start_stop_and_delete_return_the_new_state(
    medialive: MediaLive, once: Stubber, verb: str, state: str
) -> None:
    once.add_response(verb, CHANNEL | {"State": state} | meta("req-8"), {"ChannelId": "9"})
    info = getattr(medialive, verb)("9")
    assert (info.state, info.request_id) == (state, "req-8")


@pytest.mark.parametrize("verb", ["start_channel", "stop_channel", "delete_channel", "delete_input"])
@pytest.mark.parametrize(("code", "status"), [("BadRequestException", 400), ("ConflictException", 409)])
def test_what_the_state_forbids_is_a_conflict(
    medialive: MediaLive, once: Stubber, verb: str, code: str, status: int
) -> None:
    once.add_client_error(verb, code, "not in this state", status)
    with pytest.raises(Conflict):
        getattr(medialive, verb)("9")
