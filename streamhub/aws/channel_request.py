"""The MediaLive CreateChannel request, from the few values that differ between our channels. Pure.

Pages: "CreateChannel", "InputAttachment", "OutputDestination".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamhub.aws.encoding import (
    ARCHIVE_DESTINATION,
    MEDIAPACKAGE_DESTINATION,
    EncodingProfile,
    Slate,
    encoder_settings,
)
from streamhub.aws.input_sources import network_settings
from streamhub.errors import Refused

STANDARD = "STANDARD"
# The names of the attachments, by which MediaLive says which one it reads and is told to read another.
MAIN, SECOND = "main", "second"
# A short gap of an encoder is no loss: a switch is seen by viewers too.
FAILOVER_AFTER_MSEC = 3000

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


@dataclass(frozen=True)
class ChannelSpec:
    """The values of a MediaLive channel.

    `second_input_id`: the input to which MediaLive fails over ("": none). `slate_on_loss`: while nothing is
    received, viewers see the image at `slate_image_url`, or a colour without one, instead of black.
    `token` is the idempotency token of its row (AWS_RULES 16). `archive_destination` is the S3 URL
    prefix of recordings (`s3ssl://bucket/path/name`, may contain `$dt$`); None: nothing is recorded.
    """

    token: str
    name: str
    input_id: str
    mediapackage_channel_id: str
    channel_class: str
    role_arn: str
    profile: EncodingProfile
    archive_destination: str | None
    tags: Mapping[str, str]
    input_type: str = "RTMP_PUSH"
    second_input_id: str = ""
    slate_on_loss: bool = False
    slate_image_url: str = ""


def channel_request(spec: ChannelSpec) -> dict[str, Any]:
    """The parameters of CreateChannel.

    Raises Refused if `role_arn` is not the ARN of a role. AWS answers that with the same error as for a
    role that is too new (AWS_RULES 18), so the call would be repeated for two minutes.
    """
    if not _ROLE_ARN.fullmatch(spec.role_arn):
        raise Refused(
            f"MEDIALIVE_ROLE_ARN={spec.role_arn!r} is not the ARN of an IAM role.",
            operation="medialive:CreateChannel",
        )
    return {
        "RequestId": spec.token,
        "Name": spec.name,
        "ChannelClass": spec.channel_class,
        "RoleArn": spec.role_arn,
        "InputAttachments": _attachments(spec),
        "InputSpecification": {
            "Codec": "AVC",
            "Resolution": "HD",
            "MaximumBitrate": spec.profile.input_bitrate,
        },
        "Destinations": _destinations(spec),
        "EncoderSettings": encoder_settings(
            spec.profile,
            archive=spec.archive_destination is not None,
            slate=Slate(spec.slate_image_url) if spec.slate_on_loss else None,
        ),
        "LogLevel": "WARNING",
        "Tags": dict(spec.tags),
    }


def _attachments(spec: ChannelSpec) -> list[dict[str, Any]]:
    """The input, and the second one of the failover pair, whose settings are on the first (AWS_RULES 52)."""
    main = _attachment(spec, spec.input_id, MAIN)
    if not spec.second_input_id:
        return [main]
    failover = {
        "SecondaryInputId": spec.second_input_id,
        "InputPreference": "EQUAL_INPUT_PREFERENCE",
        "FailoverConditions": [
            {
                "FailoverConditionSettings": {
                    "InputLossSettings": {"InputLossThresholdMsec": FAILOVER_AFTER_MSEC}
                }
            }
        ],
    }
    second = _attachment(spec, spec.second_input_id, SECOND)
    return [main | {"AutomaticInputFailoverSettings": failover}, second]


def _attachment(spec: ChannelSpec, input_id: str, name: str) -> dict[str, Any]:
    """An input. A file starts again when it ends; a live source is waited for."""
    return {
        "InputId": input_id,
        "InputAttachmentName": name,
        "InputSettings": {
            "SourceEndBehavior": "LOOP" if spec.input_type == "MP4_FILE" else "CONTINUE",
            "InputFilter": "AUTO",
            "FilterStrength": 1,
            "DeblockFilter": "DISABLED",
            "DenoiseFilter": "DISABLED",
            "AudioSelectors": [{"Name": "default"}],
            **network_settings(spec.input_type),
        },
    }


def _destinations(spec: ChannelSpec) -> list[dict[str, Any]]:
    """MediaPackage by its channel id, without a password (AWS_RULES 13); S3 once per pipeline."""
    to_mediapackage = {
        "Id": MEDIAPACKAGE_DESTINATION,
        "MediaPackageSettings": [{"ChannelId": spec.mediapackage_channel_id}],
    }
    prefix = spec.archive_destination
    if prefix is None:
        return [to_mediapackage]
    # Two pipelines must not overwrite each other's files.
    urls = [f"{prefix}-0", f"{prefix}-1"] if spec.channel_class == STANDARD else [prefix]
    return [to_mediapackage, {"Id": ARCHIVE_DESTINATION, "Settings": [{"Url": url} for url in urls]}]
