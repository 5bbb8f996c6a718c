"""Resources for the tests of MediaLive, and a clock they can set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulator.base import Refusal
from emulator.medialive import MediaLive

ROLE = "arn:aws:iam::111122223333:role/MediaLiveAccess"
ARCHIVE = {"Id": "archive", "Settings": [{"Url": "s3://recordings/main/$dt$"}]}
Params = dict[str, Any]


def pass_time(ml: MediaLive, seconds: float = 120) -> None:
    ml.world.clock.advance(seconds)
    ml.world.settle()


@contextmanager
def refused(code: str, status: int) -> Iterator[pytest.ExceptionInfo[Refusal]]:
    with pytest.raises(Refusal) as caught:
        yield caught
    assert (caught.value.code, caught.value.status) == (code, status)


def group(ml: MediaLive, cidr: str = "203.0.113.0/24") -> str:
    created = ml.create_input_security_group({"WhitelistRules": [{"Cidr": cidr}]})
    return created["SecurityGroup"]["Id"]


def push_input(ml: MediaLive, urls: int = 2, **more: Any) -> Params:
    names = [{"StreamName": f"live/{number}"} for number in range(urls)]
    request = {"Name": "encoder", "Type": "RTMP_PUSH", "Destinations": names}
    groups = more.pop("InputSecurityGroups", None) or [group(ml)]
    return ml.create_input({**request, "InputSecurityGroups": groups, **more})["Input"]


def encoder_settings() -> Params:
    """One video and one audio, sent to MediaPackage and to the archive."""
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
    created = ml.create_channel(settings(push_input(ml)["Id"], **more))["Channel"]
    pass_time(ml)
    return created["Id"]


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


class Wall:
    """A wall clock that a test can set."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds
