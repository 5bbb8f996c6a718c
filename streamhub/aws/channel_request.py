"""A whole MediaLive CreateChannel request from the few things that differ between our channels. Pure.

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
from streamhub.errors import Refused

STANDARD = "STANDARD"

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


@dataclass(frozen=True)
class ChannelSpec:
    """What a MediaLive channel is to be.

    `token` is the idempotency token of its row (AWS_RULES 16). `archive_destination` is the S3 URL
    prefix of recordings (`s3ssl://bucket/path/name`, may hold `$dt$`), None: nothing is recorded.
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
    """The whole CreateChannel request.

    Raises Refused for a role that is none: AWS would word that like a role that is merely too young
    (AWS_RULES 18), and it would be tried again for ever.
    """
    if not _ROLE_ARN.fullmatch(spec.role_arn):
        raise Refused(
            f"MEDIALIVE_ROLE_ARN={spec.role_arn!r} is not the ARN of a role that MediaLive could assume",
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
    """A file that is pulled starts again when it ends; a push input waits for more."""
    pulled = spec.input_type == "URL_PULL"
    return {
        "InputId": spec.input_id,
        "InputAttachmentName": "main",
        "InputSettings": {
            "SourceEndBehavior": "LOOP" if pulled else "CONTINUE",
            "InputFilter": "AUTO",
            "FilterStrength": 1,
            "DeblockFilter": "DISABLED",
            "DenoiseFilter": "DISABLED",
            "AudioSelectors": [{"Name": "default"}],
        },
    }


def _destinations(spec: ChannelSpec) -> list[dict[str, Any]]:
    """MediaPackage by channel id, no password needed (AWS_RULES 13); S3 once per pipeline."""
    to_mediapackage = {
        "Id": MEDIAPACKAGE_DESTINATION,
        "MediaPackageSettings": [{"ChannelId": spec.mediapackage_channel_id}],
    }
    url = spec.archive_destination
    if url is None:
        return [to_mediapackage]
    # Two pipelines must not write over each other's files.
    urls = [f"{url}-0", f"{url}-1"] if spec.channel_class == STANDARD else [url]
    return [to_mediapackage, {"Id": ARCHIVE_DESTINATION, "Settings": [{"Url": each} for each in urls]}]
