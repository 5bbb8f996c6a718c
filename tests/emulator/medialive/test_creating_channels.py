"""Creating channels: tokens, roles, and all that MediaLive refuses in the settings."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.base import World
from emulator.medialive import MediaLive

from .making import (
    ARCHIVE,
    Params,
    channel,
    encoder_settings,
    input_state,
    pass_time,
    push_input,
    refused,
    settings,
    state,
)


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
