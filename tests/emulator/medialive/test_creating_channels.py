"""Creating channels: request ids, roles, and the validation of the settings."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.base import World
from emulator.medialive import MediaLive

from .resources import (
    ARCHIVE,
    ROLE,
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
    created = ml.create_channel(settings(push_input(ml)["Id"], Tags={"a": "b"}))["Channel"]
    assert (created["State"], created["Tags"]) == ("CREATING", {"a": "b"})
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": created["Id"]})
    pass_time(ml, 21)
    assert state(ml, created["Id"]) == "IDLE"


def test_same_request_id_returns_the_same_channel(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    first = ml.create_channel(settings(key, RequestId="token"))["Channel"]
    second = ml.create_channel(settings(key, RequestId="token"))["Channel"]
    assert second["Id"] == first["Id"]
    assert len(ml.inventory()["channels"]) == 1


def test_request_id_of_a_refused_creation_can_be_used_again(ml: MediaLive) -> None:
    with refused("UnprocessableEntityException", 422):
        ml.create_channel(settings("0000000", RequestId="token"))
    assert ml.create_channel(settings(push_input(ml)["Id"], RequestId="token"))


def test_request_id_of_a_deleted_channel_stays_used(ml: MediaLive) -> None:
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
def test_invalid_role_arn_is_400(ml: MediaLive, role: str | None) -> None:
    with refused("BadRequestException", 400):
        ml.create_channel(settings(push_input(ml)["Id"], RoleArn=role))


def errors_in(ml: MediaLive, **more: Any) -> list[Params]:
    input_id = more.pop("input_id", None) or push_input(ml)["Id"]
    with refused("UnprocessableEntityException", 422) as caught:
        ml.create_channel(settings(input_id, **more))
    return caught.value.ValidationErrors


def test_unknown_input_is_422(ml: MediaLive) -> None:
    (error,) = errors_in(ml, input_id="7654321")
    assert error["ElementPath"] == "inputAttachments[0].inputId"


def test_unknown_mediapackage_channel_is_422(ml: MediaLive) -> None:
    gone = {"Id": "package", "MediaPackageSettings": [{"ChannelId": "gone"}]}
    (error,) = errors_in(ml, Destinations=[gone, ARCHIVE])
    assert error["ElementPath"] == "destinations[0].mediaPackageSettings[0].channelId"


def test_mediapackage_channel_being_deleted_is_422(ml: MediaLive, world: World) -> None:
    world.services["mediapackage"].delete_channel({"Id": "main"})  # type: ignore[attr-defined]
    assert errors_in(ml)


def test_input_attached_elsewhere_is_422(ml: MediaLive) -> None:
    key = ml.channel(channel(ml)).input_ids[0]
    assert "already attached" in errors_in(ml, input_id=key)[0]["ErrorMessage"]


def test_standard_channel_needs_two_archive_urls(ml: MediaLive) -> None:
    (error,) = errors_in(ml, ChannelClass="STANDARD")
    assert error["ElementPath"] == "destinations[1].settings"


def test_standard_channel_needs_an_input_with_two_urls(ml: MediaLive) -> None:
    two = {"Id": "archive", "Settings": [{"Url": "s3://a/1"}, {"Url": "s3://a/2"}]}
    package = {"Id": "package", "MediaPackageSettings": [{"ChannelId": "main"}]}
    request = {"ChannelClass": "STANDARD", "Destinations": [package, two]}
    assert "two sources" in errors_in(ml, input_id=push_input(ml, urls=1)["Id"], **request)[0]["ErrorMessage"]
    assert channel(ml, **request)


def test_single_pipeline_channel_may_have_an_input_with_two_urls(ml: MediaLive) -> None:
    assert channel(ml)


def broken(number: int, what: str, value: Any) -> Params:
    settings = encoder_settings()
    settings["OutputGroups"][number]["Outputs"][0][what] = value
    return settings


def test_output_with_undefined_video_description_is_422(ml: MediaLive) -> None:
    (error,) = errors_in(ml, EncoderSettings=broken(0, "VideoDescriptionName", "4k"))
    assert error["ElementPath"] == "outputGroups[0].outputs[0].videoDescriptionName"


def test_output_with_undefined_audio_description_is_422(ml: MediaLive) -> None:
    (error,) = errors_in(ml, EncoderSettings=broken(1, "AudioDescriptionNames", ["audio", "surround"]))
    assert error["ElementPath"] == "outputGroups[1].outputs[0].audioDescriptionNames"


def test_output_names_are_unique_in_the_whole_channel(ml: MediaLive) -> None:
    assert (
        '"hd" is used 2 times'
        in errors_in(ml, EncoderSettings=broken(1, "OutputName", "hd"))[0]["ErrorMessage"]
    )


def test_output_settings_must_fit_their_group(ml: MediaLive) -> None:
    assert errors_in(ml, EncoderSettings=broken(0, "OutputSettings", {"HlsOutputSettings": {}}))


def test_description_that_no_output_uses_is_422(ml: MediaLive) -> None:
    encoder = encoder_settings()
    encoder["AudioDescriptions"].append({"Name": "surround"})
    assert "not referenced" in errors_in(ml, EncoderSettings=encoder)[0]["ErrorMessage"]


def test_description_names_are_unique(ml: MediaLive) -> None:
    encoder = encoder_settings()
    encoder["VideoDescriptions"] *= 2
    assert "unique" in errors_in(ml, EncoderSettings=encoder)[0]["ErrorMessage"]


def test_undefined_destination_reference_is_422(ml: MediaLive) -> None:
    package = {"Id": "package", "MediaPackageSettings": [{"ChannelId": "main"}]}
    (error,) = errors_in(ml, Destinations=[package])
    assert 'undefined destination "archive"' in error["ErrorMessage"]


def test_destination_of_the_wrong_kind_is_422(ml: MediaLive) -> None:
    package = {"Id": "archive", "MediaPackageSettings": [{"ChannelId": "main"}]}
    url = {"Id": "package", "Settings": [{"Url": "s3://a/b"}]}
    assert len(errors_in(ml, Destinations=[package, url])) == 2


def test_all_settings_errors_are_listed_at_once(ml: MediaLive) -> None:
    encoder = broken(0, "VideoDescriptionName", "4k")
    errors = errors_in(ml, input_id="7654321", EncoderSettings=encoder, Destinations=[ARCHIVE, ARCHIVE])
    assert len(errors) >= 4


def test_channel_without_encoder_settings_is_422(ml: MediaLive) -> None:
    assert errors_in(ml, EncoderSettings=None)


def test_refused_channel_has_no_effect(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    pass_time(ml)
    errors_in(ml, input_id=key, Destinations=[])
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


def test_an_update_replaces_settings_and_takes_time(ml: MediaLive) -> None:
    key = channel(ml)
    pass_time(ml)
    updated = ml.update_channel({"ChannelId": key, "LogLevel": "ERROR"})["Channel"]
    assert (updated["State"], updated["LogLevel"], updated["Name"]) == ("UPDATING", "ERROR", "hall-1")
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert ml.describe_channel({"ChannelId": key})["State"] == "IDLE"


def test_an_update_is_409_unless_the_channel_is_idle(ml: MediaLive) -> None:
    key = ml.create_channel(settings(push_input(ml)["Id"]))["Channel"]["Id"]
    with refused("ConflictException", 409):
        ml.update_channel({"ChannelId": key, "LogLevel": "ERROR"})
    pass_time(ml)
    ml.start_channel({"ChannelId": key})
    with refused("ConflictException", 409):
        ml.update_channel({"ChannelId": key, "LogLevel": "ERROR"})


def test_a_failed_update_can_be_repeated_or_the_channel_deleted_but_not_started(ml: MediaLive) -> None:
    key = channel(ml)
    pass_time(ml)
    ml.console("fail_update", {})
    ml.console("update_channel", {"id": key, "changes": {"LogLevel": "ERROR"}})
    pass_time(ml)
    assert ml.describe_channel({"ChannelId": key})["State"] == "UPDATE_FAILED"
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": key})
    ml.update_channel({"ChannelId": key, "LogLevel": "ERROR"})
    pass_time(ml)
    assert ml.describe_channel({"ChannelId": key})["State"] == "IDLE"
    ml.console("fail_update", {})
    ml.update_channel({"ChannelId": key, "LogLevel": "ERROR"})
    pass_time(ml)
    assert ml.delete_channel({"ChannelId": key})["State"] == "DELETING"


@pytest.mark.parametrize("missing", ["FramerateNumerator", "FramerateDenominator"])
def test_a_specified_frame_rate_has_both_parts(ml: MediaLive, missing: str) -> None:
    rate = {"FramerateControl": "SPECIFIED", "FramerateNumerator": 50, "FramerateDenominator": 1}
    encoder = encoder_settings()
    video = encoder["VideoDescriptions"][0]
    encoder["VideoDescriptions"] = [{**video, "CodecSettings": {"H264Settings": rate}}]
    ml.create_channel(settings(push_input(ml)["Id"], EncoderSettings=encoder))
    encoder["VideoDescriptions"][0]["CodecSettings"]["H264Settings"].pop(missing)
    with refused("UnprocessableEntityException", 422):
        ml.create_channel(settings(push_input(ml)["Id"], EncoderSettings=encoder))


def test_an_update_without_the_role_takes_it_away(ml: MediaLive) -> None:
    key = channel(ml)
    pass_time(ml)
    assert ml.describe_channel({"ChannelId": key})["RoleArn"] == ROLE
    ml.console("update_channel", {"id": key, "changes": {"LogLevel": "ERROR"}})
    pass_time(ml)
    assert ml.describe_channel({"ChannelId": key})["RoleArn"] == ROLE
    ml.update_channel({"ChannelId": key, "LogLevel": "ERROR"})
    pass_time(ml)
    assert "RoleArn" not in ml.describe_channel({"ChannelId": key})


def test_an_update_with_settings_that_are_not_valid_is_422(ml: MediaLive) -> None:
    key = channel(ml)
    pass_time(ml)
    with refused("UnprocessableEntityException", 422):
        ml.update_channel({"ChannelId": key, "InputAttachments": []})
