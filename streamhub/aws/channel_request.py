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
    encoder_settings,
)
from streamhub.aws.input_sources import network_settings
from streamhub.errors import Refused

STANDARD = "STANDARD"

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


@dataclass(frozen=True)
class ChannelSpec:
    """The values of a MediaLive channel.

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
        "InputAttachments": [_attachment(spec)],
        "InputSpecification": {
            "Codec": "AVC",
            "Resolution": "HD",
            "MaximumBitrate": spec.profile.input_bitrate,
        },
        "Destinations": _destinations(spec),
        "EncoderSettings": encoder_settings(spec.profile, archive=spec.archive_destination is not None),
        "LogLevel": "WARNING",
        "Tags": dict(spec.tags),
    }


def _attachment(spec: ChannelSpec) -> dict[str, Any]:
    """The input. A file starts again when it ends; a live source is waited for."""
    return {
        "InputId": spec.input_id,
        "InputAttachmentName": "main",
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
