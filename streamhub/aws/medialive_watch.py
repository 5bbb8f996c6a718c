"""MediaLive: what a running channel receives ("ListAlerts", "DescribeThumbnails", AWS_RULES 40).

Both tell about a channel that runs. Thumbnails must be enabled in its encoder settings.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from streamhub.aws.session import AwsSession

PAGE_SIZE = 100
CURRENT = "CURRENT_ACTIVE"


@dataclass(frozen=True)
class AlertInfo:
    """An alert that is set, in AWS's words; `pipeline` 0 or 1."""

    since: datetime
    kind: str
    pipeline: int
    message: str


@dataclass(frozen=True)
class StillInfo:
    """A still of what a pipeline receives."""

    pipeline: int
    taken_at: datetime
    content_type: str
    body: bytes


@dataclass(frozen=True)
class PipelineInfo:
    """A pipeline that runs, and the name of the attachment that it reads ("" if AWS did not say)."""

    pipeline: int
    active_input: str


class MediaLiveWatch:
    """What the channels of one AWS session receive. Each method is one call, or one a page."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def alerts(self, id: str) -> tuple[AlertInfo, ...]:
        """ListAlerts: those that are set, the oldest first. Raises NotFound."""
        found: list[AlertInfo] = []
        params: dict[str, Any] = {"ChannelId": id, "StateFilter": "SET", "MaxResults": PAGE_SIZE}
        while True:
            response, _ = self._session.call("medialive", "ListAlerts", **params)
            found += [_alert(alert) for alert in response.get("Alerts") or ()]
            if not response.get("NextToken"):
                return tuple(sorted(found, key=lambda alert: alert.since))
            params["NextToken"] = response["NextToken"]

    def pipelines(self, id: str) -> tuple[PipelineInfo, ...]:
        """DescribeChannel: the pipelines that run. Raises NotFound."""
        response, _ = self._session.call("medialive", "DescribeChannel", ChannelId=id)
        details = response.get("PipelineDetails") or ()
        return tuple(
            PipelineInfo(int(detail["PipelineId"]), detail.get("ActiveInputAttachmentName") or "")
            for detail in details
        )

    def still(self, id: str, pipeline: int) -> StillInfo | None:
        """DescribeThumbnails: the present still of a pipeline; None if it has none that can be read.

        Raises NotFound, also while the channel does not run or has no thumbnails.
        """
        response, _ = self._session.call(
            "medialive",
            "DescribeThumbnails",
            ChannelId=id,
            PipelineId=str(pipeline),
            ThumbnailType=CURRENT,
        )
        stills = (
            _still(int(detail["PipelineId"]), thumbnail)
            for detail in response.get("ThumbnailDetails") or ()
            for thumbnail in detail.get("Thumbnails") or ()
        )
        return next((still for still in stills if still and still.pipeline == pipeline), None)


def _alert(alert: Mapping[str, Any]) -> AlertInfo:
    return AlertInfo(
        since=alert["SetTimestamp"].astimezone(UTC),
        kind=alert.get("AlertType") or "",
        pipeline=int(alert.get("PipelineId") or 0),
        message=alert.get("Message") or "",
    )


def _still(pipeline: int, thumbnail: Mapping[str, Any]) -> StillInfo | None:
    try:
        body = base64.b64decode(thumbnail.get("Body") or "", validate=True)
    except binascii.Error:
        return None
    taken_at = thumbnail.get("TimeStamp")
    if not body or taken_at is None:
        return None
    return StillInfo(pipeline, taken_at.astimezone(UTC), thumbnail.get("ContentType") or "", body)
