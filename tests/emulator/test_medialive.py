"""The embedded MediaLive keeps AWS_RULES 15 to 22."""

import copy
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.base import Clock, Refusal, World
from emulator.medialive import MediaLive
from emulator.mediapackage import MediaPackage
from emulator.server import Handle

ROLE = "arn:aws:iam::111122223333:role/MediaLiveAccess"
ARCHIVE = {"Id": "archive", "Settings": [{"Url": "s3://recordings/main/$dt$"}]}
Params = dict[str, Any]


class Wall:
    """A wall clock that a test can set."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def world(wall: Wall) -> World:
    return World(clock=Clock(scale=1.0, now=wall))


@pytest.fixture
def ml(world: World) -> MediaLive:
    MediaPackage(world).create_channel({"Id": "main"})
    return MediaLive(world)


def pass_time(ml: MediaLive, seconds: float = 120) -> None:
    ml.world.clock.advance(seconds)
    ml.world.settle()


@contextmanager
def refused(code: str, status: int) -> Iterator[pytest.ExceptionInfo[Refusal]]:
    with pytest.raises(Refusal) as caught:
        yield caught
    assert (caught.value.code, caught.value.status) == (code, status)


def group(ml: MediaLive, cidr: str = "203.0.113.0/24") -> str:
    made = ml.create_input_security_group({"WhitelistRules": [{"Cidr": cidr}]})
    return made["SecurityGroup"]["Id"]


def push_input(ml: MediaLive, urls: int = 2, **more: Any) -> Params:
    names = [{"StreamName": f"live/{number}"} for number in range(urls)]
    wanted = {"Name": "encoder", "Type": "RTMP_PUSH", "Destinations": names}
    groups = more.pop("InputSecurityGroups", None) or [group(ml)]
    return ml.create_input({**wanted, "InputSecurityGroups": groups, **more})["Input"]


def encoder_settings() -> Params:
    """A video and an audio, sent to MediaPackage and to the archive."""
    package = {
        "Name": "package",
        "OutputGroupSettings": {
            "MediaPackageGroupSettings": {"Destination": {"DestinationRefId": "package"}}
        },
        "Outputs": [
            {
                "OutputName": "hd",
                "VideoDescriptionName": "video",
                "AudioDescriptionNames": ["audio"],
                "OutputSettings": {"MediaPackageOutputSettings": {}},
            }
        ],
    }
    archive = {
        "Name": "archive",
        "OutputGroupSettings": {"ArchiveGroupSettings": {"Destination": {"DestinationRefId": "archive"}}},
        "Outputs": [
            {
                "OutputName": "recording",
                "VideoDescriptionName": "video",
                "AudioDescriptionNames": ["audio"],
                "OutputSettings": {"ArchiveOutputSettings": {"ContainerSettings": {"M2tsSettings": {}}}},
            }
        ],
    }
    return {
        "VideoDescriptions": [{"Name": "video", "Height": 720, "Width": 1280}],
        "AudioDescriptions": [{"Name": "audio", "AudioSelectorName": "default"}],
        "OutputGroups": [package, archive],
        "TimecodeConfig": {"Source": "SYSTEMCLOCK"},
    }


def settings(input_id: str, **more: Any) -> Params:
    return {
        "Name": "hall-1",
        "ChannelClass": "SINGLE_PIPELINE",
        "RoleArn": ROLE,
        "InputAttachments": [{"InputId": input_id, "InputAttachmentName": "encoder"}],
        "Destinations": [{"Id": "package", "MediaPackageSettings": [{"ChannelId": "main"}]}, ARCHIVE],
        "EncoderSettings": encoder_settings(),
        "InputSpecification": {"Codec": "AVC", "Resolution": "HD", "MaximumBitrate": "MAX_10_MBPS"},
        **more,
    }


def channel(ml: MediaLive, **more: Any) -> str:
    """An idle channel on an input of its own."""
    made = ml.create_channel(settings(push_input(ml)["Id"], **more))["Channel"]
    pass_time(ml)
    return made["Id"]


def running(ml: MediaLive) -> str:
    key = channel(ml)
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "RUNNING"
    return key


def state(ml: MediaLive, key: str) -> str:
    return ml.describe_channel({"ChannelId": key})["State"]


def input_state(ml: MediaLive, key: str) -> str:
    return ml.describe_input({"InputId": key})["State"]


# Input security groups


def test_security_group_is_idle_until_an_input_uses_it(ml: MediaLive) -> None:
    key = group(ml)
    assert ml.describe_input_security_group({"InputSecurityGroupId": key})["State"] == "IDLE"
    made = push_input(ml, InputSecurityGroups=[key])
    described = ml.describe_input_security_group({"InputSecurityGroupId": key})
    assert (described["State"], described["Inputs"]) == ("IN_USE", [made["Id"]])


def test_security_groups_have_no_idempotency_token(ml: MediaLive) -> None:
    assert group(ml) != group(ml)


@pytest.mark.parametrize("cidr", ["203.0.113.0/33", "203.0.113.5", "everybody", "2001:db8::/32", None])
def test_whitelist_rule_that_is_no_ipv4_block_is_400(ml: MediaLive, cidr: str | None) -> None:
    with refused("BadRequestException", 400):
        ml.create_input_security_group({"WhitelistRules": [{"Cidr": cidr}]})


def test_group_open_to_the_world_is_accepted_by_aws(ml: MediaLive) -> None:
    assert group(ml, "0.0.0.0/0")


def test_eleventh_rule_is_400(ml: MediaLive) -> None:
    with refused("BadRequestException", 400):
        ml.create_input_security_group({"WhitelistRules": [{"Cidr": f"10.0.{n}.0/24"} for n in range(11)]})


def test_group_rules_can_change_while_in_use(ml: MediaLive) -> None:
    key = group(ml)
    push_input(ml, InputSecurityGroups=[key])
    wanted = {"InputSecurityGroupId": key, "WhitelistRules": [{"Cidr": "198.51.100.0/24"}]}
    assert ml.update_input_security_group(wanted)["SecurityGroup"]["State"] == "UPDATING"
    with refused("ConflictException", 409):
        ml.update_input_security_group(wanted)
    pass_time(ml, 5)
    described = ml.describe_input_security_group({"InputSecurityGroupId": key})
    assert described["State"] == "IN_USE"
    assert described["WhitelistRules"] == [{"Cidr": "198.51.100.0/24"}]


def test_group_used_by_an_input_cannot_be_deleted_until_the_input_is_gone(ml: MediaLive) -> None:
    key = group(ml)
    made = push_input(ml, InputSecurityGroups=[key])
    pass_time(ml)
    with refused("BadRequestException", 400):
        ml.delete_input_security_group({"InputSecurityGroupId": key})
    ml.delete_input({"InputId": made["Id"]})
    with refused("BadRequestException", 400):  # DELETING is not gone
        ml.delete_input_security_group({"InputSecurityGroupId": key})
    pass_time(ml, 20)
    ml.delete_input_security_group({"InputSecurityGroupId": key})


def test_deleted_group_is_described_for_a_while_but_not_listed(ml: MediaLive) -> None:
    key = group(ml)
    ml.delete_input_security_group({"InputSecurityGroupId": key})
    assert ml.describe_input_security_group({"InputSecurityGroupId": key})["State"] == "DELETED"
    assert ml.list_input_security_groups({})["InputSecurityGroups"] == []
    with refused("BadRequestException", 400):
        push_input(ml, InputSecurityGroups=[key])
    pass_time(ml, 301)
    with refused("NotFoundException", 404):
        ml.describe_input_security_group({"InputSecurityGroupId": key})


# Inputs


def test_rtmp_push_input_has_one_url_per_stream_name(ml: MediaLive) -> None:
    first, second = push_input(ml)["Destinations"]
    assert first["Url"] == f"rtmp://{first['Ip']}:1935/live/0"
    assert second["Url"] == f"rtmp://{second['Ip']}:1935/live/1"
    assert push_input(ml)["InputClass"] == "STANDARD"
    assert push_input(ml, urls=1)["InputClass"] == "SINGLE_PIPELINE"


def test_rtp_push_input_has_two_urls_on_port_5000(ml: MediaLive) -> None:
    made = ml.create_input({"Type": "RTP_PUSH", "InputSecurityGroups": [group(ml)]})["Input"]
    assert [one["Url"] for one in made["Destinations"]] == [
        f"rtp://{one['Ip']}:5000" for one in made["Destinations"]
    ]
    assert made["InputClass"] == "STANDARD"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Type": "RTMP_PUSH", "Destinations": [{"StreamName": "a/b"}]},
        {"Type": "RTMP_PUSH", "Destinations": [{"StreamName": "a/b"}], "InputSecurityGroups": ["1234567"]},
        {"Type": "RTMP_PUSH", "InputSecurityGroups": ["GROUP"]},
        {"Type": "RTMP_PUSH", "InputSecurityGroups": ["GROUP"], "Destinations": [{}]},
        {"Type": "URL_PULL"},
        {"Type": "URL_PULL", "Sources": [{"Url": ""}]},
        {"Type": "CARRIER_PIGEON"},
        {},
    ],
)
def test_input_without_what_its_type_needs_is_400(ml: MediaLive, wrong: Params) -> None:
    if wrong.get("InputSecurityGroups") == ["GROUP"]:
        wrong = wrong | {"InputSecurityGroups": [group(ml)]}
    with refused("BadRequestException", 400):
        ml.create_input(wrong)


def test_input_is_created_then_detached_then_attached(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    assert input_state(ml, key) == "CREATING"
    pass_time(ml, 5)
    assert input_state(ml, key) == "DETACHED"
    made = ml.create_channel(settings(key))["Channel"]
    described = ml.describe_input({"InputId": key})
    assert (described["State"], described["AttachedChannels"]) == ("ATTACHED", [made["Id"]])


def test_same_request_id_returns_the_same_input(ml: MediaLive) -> None:
    first = push_input(ml, RequestId="token")
    assert push_input(ml, RequestId="token")["Id"] == first["Id"]
    assert push_input(ml, RequestId="other")["Id"] != first["Id"]
    assert len(ml.inventory()["inputs"]) == 2


def test_request_id_of_a_deleted_input_is_spent(ml: MediaLive) -> None:
    key = push_input(ml, RequestId="token")["Id"]
    pass_time(ml)
    ml.delete_input({"InputId": key})
    for seconds in (0, 20, 400):
        pass_time(ml, seconds)
        with refused("ConflictException", 409):
            push_input(ml, RequestId="token")


def test_attached_input_cannot_be_deleted(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    ml.create_channel(settings(key))
    pass_time(ml)
    with refused("ConflictException", 409):
        ml.delete_input({"InputId": key})


def test_deleted_input_is_described_for_a_while_but_not_listed(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    pass_time(ml)
    ml.delete_input({"InputId": key})
    assert input_state(ml, key) == "DELETING"
    assert len(ml.list_inputs({})["Inputs"]) == 1
    pass_time(ml, 20)
    assert input_state(ml, key) == "DELETED"
    assert ml.list_inputs({})["Inputs"] == []
    with refused("NotFoundException", 404):
        ml.delete_input({"InputId": key})
    pass_time(ml, 301)
    with refused("NotFoundException", 404):
        ml.describe_input({"InputId": key})


def test_update_of_input_keeps_its_addresses(ml: MediaLive) -> None:
    before = push_input(ml)
    pass_time(ml)
    names = [{"StreamName": "new/a"}, {"StreamName": "new/b"}]
    after = ml.update_input({"InputId": before["Id"], "Name": "other", "Destinations": names})["Input"]
    assert [one["Ip"] for one in after["Destinations"]] == [one["Ip"] for one in before["Destinations"]]
    assert after["Destinations"][0]["Url"].endswith("/new/a")
    assert after["Name"] == "other"


def test_input_moves_between_security_groups(ml: MediaLive) -> None:
    old, new = group(ml), group(ml)
    key = push_input(ml, InputSecurityGroups=[old])["Id"]
    pass_time(ml)
    ml.update_input({"InputId": key, "InputSecurityGroups": [new]})
    assert ml.describe_input_security_group({"InputSecurityGroupId": old})["State"] == "IDLE"
    assert ml.describe_input_security_group({"InputSecurityGroupId": new})["Inputs"] == [key]


def test_input_of_a_running_channel_cannot_be_updated(ml: MediaLive) -> None:
    key = ml.channel(running(ml)).input_ids[0]
    with refused("ConflictException", 409):
        ml.update_input({"InputId": key, "Name": "other"})


# Creating channels


def test_channel_is_created_then_idle(ml: MediaLive) -> None:
    made = ml.create_channel(settings(push_input(ml)["Id"], Tags={"a": "b"}))["Channel"]
    assert (made["State"], made["Tags"]) == ("CREATING", {"a": "b"})
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": made["Id"]})
    pass_time(ml, 21)
    assert state(ml, made["Id"]) == "IDLE"


def test_same_request_id_returns_the_same_channel(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    first = ml.create_channel(settings(key, RequestId="token"))["Channel"]
    second = ml.create_channel(settings(key, RequestId="token"))["Channel"]
    assert second["Id"] == first["Id"]
    assert len(ml.inventory()["channels"]) == 1


def test_request_id_of_a_refused_creation_is_not_spent(ml: MediaLive) -> None:
    with refused("UnprocessableEntityException", 422):
        ml.create_channel(settings("0000000", RequestId="token"))
    assert ml.create_channel(settings(push_input(ml)["Id"], RequestId="token"))


def test_request_id_of_a_deleted_channel_is_spent(ml: MediaLive) -> None:
    key = channel(ml, RequestId="token")
    ml.delete_channel({"ChannelId": key})
    for seconds in (0, 60, 400):
        pass_time(ml, seconds)
        with refused("ConflictException", 409):
            channel(ml, RequestId="token")


def test_role_not_propagated_is_400_for_some_calls(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    ml.console("role_not_propagated", {"calls": 2})
    for _ in range(2):
        with refused("BadRequestException", 400):
            ml.create_channel(settings(key))
    assert ml.create_channel(settings(key))


def test_role_not_propagated_is_400_for_some_time(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    ml.console("role_not_propagated", {"seconds": 90})
    pass_time(ml, 89)
    with refused("BadRequestException", 400):
        ml.create_channel(settings(key))
    pass_time(ml, 2)
    assert ml.create_channel(settings(key))


@pytest.mark.parametrize("role", [None, "MediaLiveAccess", "arn:aws:iam::1:role/x", "arn:aws:s3:::bucket"])
def test_something_that_is_no_role_is_400(ml: MediaLive, role: str | None) -> None:
    with refused("BadRequestException", 400):
        ml.create_channel(settings(push_input(ml)["Id"], RoleArn=role))


def fault_in(ml: MediaLive, **more: Any) -> list[Params]:
    input_id = more.pop("input_id", None) or push_input(ml)["Id"]
    with refused("UnprocessableEntityException", 422) as caught:
        ml.create_channel(settings(input_id, **more))
    return caught.value.ValidationErrors


def test_unknown_input_is_422(ml: MediaLive) -> None:
    (fault,) = fault_in(ml, input_id="7654321")
    assert fault["ElementPath"] == "inputAttachments[0].inputId"


def test_unknown_mediapackage_channel_is_422(ml: MediaLive) -> None:
    gone = {"Id": "package", "MediaPackageSettings": [{"ChannelId": "gone"}]}
    (fault,) = fault_in(ml, Destinations=[gone, ARCHIVE])
    assert fault["ElementPath"] == "destinations[0].mediaPackageSettings[0].channelId"


def test_mediapackage_channel_on_its_way_out_is_422(ml: MediaLive, world: World) -> None:
    world.services["mediapackage"].delete_channel({"Id": "main"})  # type: ignore[attr-defined]
    assert fault_in(ml)


def test_input_attached_elsewhere_is_422(ml: MediaLive) -> None:
    key = ml.channel(channel(ml)).input_ids[0]
    assert "already attached" in fault_in(ml, input_id=key)[0]["ErrorMessage"]


def test_standard_channel_needs_two_archive_urls(ml: MediaLive) -> None:
    (fault,) = fault_in(ml, ChannelClass="STANDARD")
    assert fault["ElementPath"] == "destinations[1].settings"


def test_standard_channel_needs_an_input_with_two_urls(ml: MediaLive) -> None:
    two = {"Id": "archive", "Settings": [{"Url": "s3://a/1"}, {"Url": "s3://a/2"}]}
    package = {"Id": "package", "MediaPackageSettings": [{"ChannelId": "main"}]}
    wanted = {"ChannelClass": "STANDARD", "Destinations": [package, two]}
    assert "two sources" in fault_in(ml, input_id=push_input(ml, urls=1)["Id"], **wanted)[0]["ErrorMessage"]
    assert channel(ml, **wanted)


def test_single_pipeline_channel_may_have_an_input_with_two_urls(ml: MediaLive) -> None:
    assert channel(ml)


def broken(number: int, what: str, value: Any) -> Params:
    settings = encoder_settings()
    settings["OutputGroups"][number]["Outputs"][0][what] = value
    return settings


def test_output_with_undefined_video_description_is_422(ml: MediaLive) -> None:
    (fault,) = fault_in(ml, EncoderSettings=broken(0, "VideoDescriptionName", "4k"))
    assert fault["ElementPath"] == "outputGroups[0].outputs[0].videoDescriptionName"


def test_output_with_undefined_audio_description_is_422(ml: MediaLive) -> None:
    (fault,) = fault_in(ml, EncoderSettings=broken(1, "AudioDescriptionNames", ["audio", "surround"]))
    assert fault["ElementPath"] == "outputGroups[1].outputs[0].audioDescriptionNames"


def test_output_names_are_unique_in_the_whole_channel(ml: MediaLive) -> None:
    assert (
        '"hd" is used 2 times'
        in fault_in(ml, EncoderSettings=broken(1, "OutputName", "hd"))[0]["ErrorMessage"]
    )


def test_output_settings_must_fit_their_group(ml: MediaLive) -> None:
    assert fault_in(ml, EncoderSettings=broken(0, "OutputSettings", {"HlsOutputSettings": {}}))


def test_description_that_no_output_uses_is_422(ml: MediaLive) -> None:
    encoder = encoder_settings()
    encoder["AudioDescriptions"].append({"Name": "surround"})
    assert "not referenced" in fault_in(ml, EncoderSettings=encoder)[0]["ErrorMessage"]


def test_description_names_are_unique(ml: MediaLive) -> None:
    encoder = encoder_settings()
    encoder["VideoDescriptions"] *= 2
    assert "unique" in fault_in(ml, EncoderSettings=encoder)[0]["ErrorMessage"]


def test_undefined_destination_reference_is_422(ml: MediaLive) -> None:
    package = {"Id": "package", "MediaPackageSettings": [{"ChannelId": "main"}]}
    (fault,) = fault_in(ml, Destinations=[package])
    assert 'undefined destination "archive"' in fault["ErrorMessage"]


def test_destination_of_the_wrong_kind_is_422(ml: MediaLive) -> None:
    package = {"Id": "archive", "MediaPackageSettings": [{"ChannelId": "main"}]}
    url = {"Id": "package", "Settings": [{"Url": "s3://a/b"}]}
    assert len(fault_in(ml, Destinations=[package, url])) == 2


def test_all_faults_are_listed_at_once(ml: MediaLive) -> None:
    encoder = broken(0, "VideoDescriptionName", "4k")
    faults = fault_in(ml, input_id="7654321", EncoderSettings=encoder, Destinations=[ARCHIVE, ARCHIVE])
    assert len(faults) >= 4


def test_channel_without_encoder_settings_is_422(ml: MediaLive) -> None:
    assert fault_in(ml, EncoderSettings=None)


def test_refused_channel_leaves_nothing_behind(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    pass_time(ml)
    fault_in(ml, input_id=key, Destinations=[])
    assert input_state(ml, key) == "DETACHED"
    assert ml.inventory()["channels"] == []


def test_failed_creation_can_be_deleted_and_frees_its_input(ml: MediaLive) -> None:
    ml.console("fail_create", {})
    key = channel(ml)
    assert state(ml, key) == "CREATE_FAILED"
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": key})
    ml.delete_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "DELETED"


# Starting, stopping


def test_channel_starts_and_stops(ml: MediaLive) -> None:
    key = channel(ml)
    assert ml.start_channel({"ChannelId": key})["State"] == "STARTING"
    pass_time(ml, 29)
    assert state(ml, key) == "STARTING"
    pass_time(ml, 62)
    described = ml.describe_channel({"ChannelId": key})
    assert (described["State"], described["PipelinesRunningCount"]) == ("RUNNING", 1)
    assert ml.stop_channel({"ChannelId": key})["State"] == "STOPPING"
    pass_time(ml, 31)
    assert state(ml, key) == "IDLE"


def test_start_is_409_unless_idle(ml: MediaLive) -> None:
    key = channel(ml)
    ml.start_channel({"ChannelId": key})
    for seconds in (0, 100):
        pass_time(ml, seconds)
        with refused("ConflictException", 409):
            ml.start_channel({"ChannelId": key})
    ml.stop_channel({"ChannelId": key})
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": key})


def test_stop_is_409_when_idle_or_stopping(ml: MediaLive) -> None:
    key = channel(ml)
    with refused("ConflictException", 409):
        ml.stop_channel({"ChannelId": key})
    ml.start_channel({"ChannelId": key})
    ml.stop_channel({"ChannelId": key})
    with refused("ConflictException", 409):
        ml.stop_channel({"ChannelId": key})


def test_stop_while_starting_never_reaches_running(ml: MediaLive) -> None:
    seen: list[bool] = []
    ml.on_running_change.append(lambda channel, running: seen.append(running))
    key = channel(ml)
    ml.start_channel({"ChannelId": key})
    ml.stop_channel({"ChannelId": key})
    pass_time(ml, 500)
    assert state(ml, key) == "IDLE"
    assert seen == []


def test_running_channel_cannot_be_deleted_or_updated(ml: MediaLive) -> None:
    key = channel(ml)
    ml.start_channel({"ChannelId": key})
    for seconds in (0, 100):
        pass_time(ml, seconds)
        with refused("ConflictException", 409):
            ml.delete_channel({"ChannelId": key})
        with refused("ConflictException", 409):
            ml.update_channel({"ChannelId": key, "Name": "other"})


def test_failed_start_goes_back_to_idle_once(ml: MediaLive) -> None:
    key = channel(ml)
    ml.console("fail_start", {"id": key})
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "IDLE"
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "RUNNING"


def test_start_can_pass_through_recovering_and_be_stopped_there(ml: MediaLive) -> None:
    key = channel(ml)
    ml.console("fail_start", {"to": "recovering"})
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "RECOVERING"
    pass_time(ml)
    assert state(ml, key) == "RUNNING"
    assert ml.console("fail_pipeline", {"id": key})["State"] == "RECOVERING"
    assert ml.stop_channel({"ChannelId": key})["State"] == "STOPPING"


def test_unknown_channel_is_404(ml: MediaLive) -> None:
    for verb in (
        ml.describe_channel,
        ml.start_channel,
        ml.stop_channel,
        ml.delete_channel,
        ml.update_channel,
    ):
        with refused("NotFoundException", 404):
            verb({"ChannelId": "7654321"})


# The meter and the hook


def test_running_time_is_metered_by_the_wall_clock(ml: MediaLive, wall: Wall) -> None:
    key = running(ml)
    began = datetime.fromtimestamp(wall.seconds, tz=UTC).isoformat()
    wall.seconds += 754
    ml.stop_channel({"ChannelId": key})
    (spell,) = ml.inventory()["channels"][0]["running"]
    assert spell["started_at"] == began
    assert spell["stopped_at"] == datetime.fromtimestamp(wall.seconds, tz=UTC).isoformat()
    assert spell["billed_minutes"] == 13


def test_a_minute_on_air_is_billed_as_ten(ml: MediaLive) -> None:
    running(ml)
    (spell,) = ml.inventory()["channels"][0]["running"]
    assert (spell["stopped_at"], spell["billed_minutes"]) == (None, 10)


def test_recovering_is_billed_but_sends_nothing(ml: MediaLive) -> None:
    key = running(ml)
    seen: list[tuple[str, bool]] = []
    ml.on_running_change.append(lambda channel, running: seen.append((channel.id, running)))
    ml.console("fail_pipeline", {"id": key})
    pass_time(ml)
    ml.stop_channel({"ChannelId": key})
    assert seen == [(key, False), (key, True), (key, False)]
    assert len(ml.inventory()["channels"][0]["running"]) == 1


def test_the_hook_sees_where_the_channel_sends(ml: MediaLive) -> None:
    sent: list[list[str]] = []
    ml.on_running_change.append(lambda channel, running: sent.append(channel.package_ids))
    running(ml)
    assert sent == [["main"]]


# Updating, deleting


def test_update_takes_time_and_then_the_channel_is_idle(ml: MediaLive) -> None:
    key = channel(ml)
    made = ml.update_channel({"ChannelId": key, "Name": "hall-2"})["Channel"]
    assert (made["State"], made["Name"]) == ("UPDATING", "hall-2")
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": key})
    pass_time(ml, 16)
    assert state(ml, key) == "IDLE"
    assert ml.describe_channel({"ChannelId": key})["EncoderSettings"] == encoder_settings()


def test_update_to_another_input_detaches_the_first(ml: MediaLive) -> None:
    key = channel(ml)
    old, new = ml.channel(key).input_ids[0], push_input(ml)["Id"]
    ml.update_channel({"ChannelId": key, "InputAttachments": [{"InputId": new}]})
    assert (input_state(ml, old), input_state(ml, new)) == ("DETACHED", "ATTACHED")


def test_update_with_faults_changes_nothing(ml: MediaLive) -> None:
    key = channel(ml)
    with refused("UnprocessableEntityException", 422):
        ml.update_channel({"ChannelId": key, "Destinations": []})
    assert state(ml, key) == "IDLE"


def test_teardown_frees_the_input_only_when_the_channel_is_deleted(ml: MediaLive) -> None:
    key = channel(ml)
    input_id = ml.channel(key).input_ids[0]
    assert ml.delete_channel({"ChannelId": key})["State"] == "DELETING"
    assert input_state(ml, input_id) == "ATTACHED"
    with refused("ConflictException", 409):
        ml.delete_input({"InputId": input_id})
    pass_time(ml, 41)
    assert input_state(ml, input_id) == "DETACHED"
    ml.delete_input({"InputId": input_id})


def test_deleted_channel_is_described_for_a_while_but_not_listed(ml: MediaLive) -> None:
    key = channel(ml)
    ml.delete_channel({"ChannelId": key})
    assert [one["State"] for one in ml.list_channels({})["Channels"]] == ["DELETING"]
    pass_time(ml, 41)
    assert ml.list_channels({})["Channels"] == []
    assert state(ml, key) == "DELETED"
    with refused("NotFoundException", 404):
        ml.start_channel({"ChannelId": key})
    pass_time(ml, 301)
    with refused("NotFoundException", 404):
        ml.describe_channel({"ChannelId": key})


# Lists, tags, quotas, schedule


def test_summaries_leave_out_encoder_settings(ml: MediaLive) -> None:
    key = channel(ml, Tags={"a": "b"})
    (summary,) = ml.list_channels({})["Channels"]
    assert summary["Id"] == key
    assert {
        "Name",
        "State",
        "Tags",
        "Arn",
        "ChannelClass",
        "InputAttachments",
        "Destinations",
    } <= summary.keys()
    assert "EncoderSettings" not in summary


def test_lists_are_paged(ml: MediaLive) -> None:
    keys = [push_input(ml)["Id"] for _ in range(5)]
    first = ml.list_inputs({"MaxResults": 2})
    second = ml.list_inputs({"MaxResults": 3, "NextToken": first["NextToken"]})
    assert [one["Id"] for one in first["Inputs"] + second["Inputs"]] == keys
    assert "NextToken" not in second
    with refused("BadRequestException", 400):
        ml.list_inputs({"NextToken": "nonsense"})


def test_ten_thousand_inputs_are_cheap(ml: MediaLive) -> None:
    ml.quotas["push_inputs"] = 20_000
    shared = group(ml)
    began = time.perf_counter()
    for _ in range(10_000):
        push_input(ml, InputSecurityGroups=[shared])
    pass_time(ml)
    token, seen = None, 0
    for _ in itertools.count():
        page = ml.list_inputs({"MaxResults": 100, **({"NextToken": token} if token else {})})
        seen, token = seen + len(page["Inputs"]), page.get("NextToken")
        if not token:
            break
    for one in list(ml.inventory()["inputs"]):
        ml.delete_input({"InputId": one["id"]})
    pass_time(ml)
    assert seen == 10_000
    assert ml.list_inputs({})["Inputs"] == []
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("name", ["channels", "push_inputs", "pull_inputs", "input_security_groups"])
def test_over_quota_is_429(ml: MediaLive, name: str) -> None:
    shared = group(ml)
    one = push_input(ml, InputSecurityGroups=[shared])["Id"]
    ml.console("set_quota", {"channels": 0, "push_inputs": 1, "pull_inputs": 0, "input_security_groups": 1})
    create = {
        "channels": lambda: ml.create_channel(settings(one)),
        "push_inputs": lambda: push_input(ml, InputSecurityGroups=[shared]),
        "pull_inputs": lambda: ml.console("create_foreign_input", {}),
        "input_security_groups": lambda: group(ml),
    }[name]
    with refused("TooManyRequestsException", 429) as no:
        create()
    assert "limit" in no.value.message


def test_deleted_inputs_do_not_count_against_the_quota(ml: MediaLive) -> None:
    ml.quotas["push_inputs"] = 1
    key = push_input(ml)["Id"]
    pass_time(ml)
    ml.delete_input({"InputId": key})
    pass_time(ml)
    assert push_input(ml)


def test_everything_can_be_tagged_later(ml: MediaLive) -> None:
    key = channel(ml)
    one = ml.describe_channel({"ChannelId": key})
    input_arn = ml.list_inputs({})["Inputs"][0]["Arn"]
    group_arn = ml.list_input_security_groups({})["InputSecurityGroups"][0]["Arn"]
    for arn in (one["Arn"], input_arn, group_arn):
        ml.create_tags({"ResourceArn": arn, "Tags": {"a": "1", "b": "2"}})
        ml.delete_tags({"ResourceArn": arn, "TagKeys": ["a"]})
        assert ml.list_tags_for_resource({"ResourceArn": arn})["Tags"] == {"b": "2"}
    assert ml.list_channels({})["Channels"][0]["Tags"] == {"b": "2"}
    with refused("NotFoundException", 404):
        ml.create_tags({"ResourceArn": "arn:aws:medialive:x:y:channel:0", "Tags": {}})


def test_schedule_actions_are_kept_by_name(ml: MediaLive) -> None:
    key = channel(ml)
    action = {"ActionName": "pause", "ScheduleActionSettings": {}, "ScheduleActionStartSettings": {}}
    create = {"ChannelId": key, "Creates": {"ScheduleActions": [action]}}
    ml.batch_update_schedule(create)
    with refused("UnprocessableEntityException", 422):
        ml.batch_update_schedule(create)
    assert ml.describe_schedule({"ChannelId": key})["ScheduleActions"] == [action]
    ml.batch_update_schedule({"ChannelId": key, "Deletes": {"ActionNames": ["pause"]}})
    assert ml.describe_schedule({"ChannelId": key})["ScheduleActions"] == []


def test_answers_do_not_change_afterwards(ml: MediaLive) -> None:
    key = channel(ml)
    answer = ml.describe_channel({"ChannelId": key})
    before = copy.deepcopy(answer)
    ml.create_tags({"ResourceArn": answer["Arn"], "Tags": {"new": "tag"}})
    ml.start_channel({"ChannelId": key})
    assert answer == before


# The console


def test_person_deletes_a_running_channel_by_force(ml: MediaLive) -> None:
    key = running(ml)
    ml.console("delete_channel", {"id": key})
    assert state(ml, key) == "DELETING"
    pass_time(ml)
    assert state(ml, key) == "DELETED"


def test_person_starts_stops_and_renames(ml: MediaLive) -> None:
    key = channel(ml)
    ml.console("edit_channel", {"id": key, "name": "renamed"})
    pass_time(ml)
    assert ml.inventory()["channels"][0]["name"] == "renamed"
    ml.console("start_channel", {"id": key})
    pass_time(ml)
    ml.console("stop_channel", {"id": key})
    assert state(ml, key) == "STOPPING"


def test_person_makes_foreign_things_without_our_mark(ml: MediaLive) -> None:
    made = ml.console("create_foreign_channel", {"name": "theirs"})
    ml.console(
        "create_foreign_input", {"group_id": ml.console("create_foreign_input_security_group", {})["Id"]}
    )
    stock = ml.inventory()
    assert [one["name"] for one in stock["channels"]] == ["theirs"]
    assert len(stock["inputs"]) == 2
    assert made["Tags"] == {}


def test_person_deletes_an_input_and_its_group(ml: MediaLive) -> None:
    key = group(ml)
    made = push_input(ml, InputSecurityGroups=[key])
    pass_time(ml)
    ml.console("delete_input", {"id": made["Id"]})
    pass_time(ml)
    ml.console("delete_input_security_group", {"id": key})
    assert ml.inventory() == {"channels": [], "inputs": [], "input_security_groups": []}


def test_console_action_without_what_it_needs_is_refused(ml: MediaLive) -> None:
    with refused("InvalidConsoleParameters", 400):
        ml.console("stop_channel", {})
    with refused("InvalidConsoleParameters", 400):
        ml.console("set_quota", {"chanels": 3})


# Over HTTP, with boto3

FAST = {"Delay": 0.05, "MaxAttempts": 200}


@pytest.fixture
def medialive(aws: Handle, client: Any) -> Any:
    aws.control.scale(0.01)
    client("mediapackage").create_channel(Id="main")
    return client("medialive")


def boto_input(medialive: Any) -> Params:
    rules = [{"Cidr": "203.0.113.0/24"}]
    made = medialive.create_input_security_group(WhitelistRules=rules, Tags={"mark": "ours"})
    names = [{"StreamName": "live/a"}, {"StreamName": "live/b"}]
    groups = [made["SecurityGroup"]["Id"]]
    return medialive.create_input(
        Name="encoder",
        Type="RTMP_PUSH",
        InputSecurityGroups=groups,
        Destinations=names,
        Tags={"mark": "ours"},
    )["Input"]


def test_boto3_waiters_follow_a_channel_through_its_life(medialive: Any) -> None:
    def wait(name: str, **of: str) -> None:
        medialive.get_waiter(name).wait(WaiterConfig=FAST, **of)

    one = boto_input(medialive)
    wait("input_detached", InputId=one["Id"])
    made = medialive.create_channel(**settings(one["Id"], Tags={"mark": "ours"}))["Channel"]
    assert made["State"] == "CREATING"
    wait("input_attached", InputId=one["Id"])
    wait("channel_created", ChannelId=made["Id"])
    assert medialive.start_channel(ChannelId=made["Id"])["State"] == "STARTING"
    wait("channel_running", ChannelId=made["Id"])
    assert medialive.describe_channel(ChannelId=made["Id"])["PipelinesRunningCount"] == 1
    medialive.stop_channel(ChannelId=made["Id"])
    wait("channel_stopped", ChannelId=made["Id"])
    medialive.delete_channel(ChannelId=made["Id"])
    wait("channel_deleted", ChannelId=made["Id"])
    wait("input_detached", InputId=one["Id"])
    medialive.delete_input(InputId=one["Id"])
    wait("input_deleted", InputId=one["Id"])
    medialive.delete_input_security_group(InputSecurityGroupId=one["SecurityGroups"][0])


def test_boto3_reads_back_what_it_wrote(medialive: Any) -> None:
    one = boto_input(medialive)
    made = medialive.create_channel(**settings(one["Id"], Tags={"mark": "ours"}))["Channel"]
    described = medialive.describe_channel(ChannelId=made["Id"])
    assert described["EncoderSettings"] == encoder_settings()
    assert described["Tags"] == {"mark": "ours"}
    assert [url["Url"].split("/", 3)[3] for url in one["Destinations"]] == ["live/a", "live/b"]
    assert medialive.list_tags_for_resource(ResourceArn=one["Arn"])["Tags"] == {"mark": "ours"}
    medialive.create_tags(ResourceArn=made["Arn"], Tags={"more": "tags"})
    (summary,) = medialive.list_channels()["Channels"]
    assert summary["Tags"] == {"mark": "ours", "more": "tags"}


def test_boto3_raises_the_exception_of_the_model(medialive: Any) -> None:
    with pytest.raises(medialive.exceptions.UnprocessableEntityException) as no:
        medialive.create_channel(**settings("7654321"))
    (fault,) = no.value.response["ValidationErrors"]
    assert fault["ElementPath"] == "inputAttachments[0].inputId"
    with pytest.raises(medialive.exceptions.NotFoundException):
        medialive.describe_channel(ChannelId="7654321")
    one = boto_input(medialive)
    medialive.create_channel(**settings(one["Id"]))
    with pytest.raises(medialive.exceptions.ConflictException):
        medialive.delete_input(InputId=one["Id"])


def test_boto3_repeats_a_creation_without_a_second_channel(medialive: Any) -> None:
    wanted = settings(boto_input(medialive)["Id"], RequestId="token")
    first, second = (medialive.create_channel(**wanted)["Channel"]["Id"] for _ in range(2))
    assert first == second


def test_boto3_paginates(medialive: Any) -> None:
    keys = [boto_input(medialive)["Id"] for _ in range(5)]
    pages = medialive.get_paginator("list_inputs").paginate(PaginationConfig={"PageSize": 2})
    assert [[one["Id"] for one in page["Inputs"]] for page in pages] == [keys[:2], keys[2:4], keys[4:]]
