"""Channel alerts and thumbnails: how MediaLive tells that an input is missing, and what it receives.

Pages: "List of alerts for channels", "Monitoring alerts using the AWS SDKs or API". The wording of the
alerts is AWS's; of their messages only that about UDP inputs has been seen, the others are the emulator's
own.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from emulator import picture
from emulator.medialive.failover import Failover
from emulator.medialive.input_metrics import Point, points
from emulator.medialive.records import STREAMING, Alert, Channel, Params, bad_request, missing
from emulator.medialive.store import MAX_PAGE, PAGE

CLEARED_KEPT = (300.0, 300.0)  # AWS seconds for which a cleared alert can be listed
STATES = ("SET", "CLEARED")
VIDEO = ("Video Not Detected", "Video not detected: check the input signal")
UDP = ("Stopped Receiving UDP Input", "Stopped receiving network data on [rtp://:5000]")
HTTP = ("HTTP Get Failed", "The HTTP Get of the source failed")
NEVER = ("RTMP Stream Not Found", "The RTMP stream is not being received")
NO_LONGER = ("RTMP Has No Audio/Video", "The RTMP stream is no longer present")
# What a missing input of each type causes beside `VIDEO`; RTMP_PUSH depends on what was received before.
OF_TYPE = {
    "RTP_PUSH": UDP,
    "UDP_PUSH": UDP,
    "MEDIACONNECT": UDP,
    "URL_PULL": HTTP,
    "MP4_FILE": HTTP,
    "TS_FILE": HTTP,
    "RTMP_PULL": ("RTMP Input Connect Failed", "Connecting to the RTMP source failed"),
}


class Alerts(Failover):
    """The operations that tell about a channel's input, and its metrics."""

    def list_alerts(self, params: Params) -> Params:
        """The channel's alerts, newest first: those that are set, and those that were cleared just now."""
        channel = self._channel(params)
        wanted, limit = params.get("StateFilter"), params.get("MaxResults") or PAGE
        if wanted not in (None, *STATES):
            bad_request(f"Invalid stateFilter: {wanted}")
        if not 1 <= limit <= MAX_PAGE:
            bad_request(f"maxResults must be between 1 and {MAX_PAGE}")
        listed = [alert.listed() for alert in reversed(channel.alerts)]
        listed = [alert for alert in listed if wanted in (None, alert["State"])]
        first = _offset(params.get("NextToken"))
        more = {"NextToken": str(first + limit)} if len(listed) > first + limit else {}
        return {"Alerts": listed[first : first + limit], **more}

    def describe_thumbnails(self, params: Params) -> Params:
        """The present still of a pipeline's input; 404 unless the channel runs with thumbnails enabled."""
        channel = self._channel(params)
        if params["PipelineId"] not in ("0", "1"):
            bad_request(f"Invalid pipelineId: {params['PipelineId']}")
        enabled = channel.config["EncoderSettings"].get("ThumbnailConfiguration") or {}
        pipeline, heard = int(params["PipelineId"]), channel.heard[-1].pipelines if channel.heard else ()
        if enabled.get("State") != "AUTO" or pipeline >= len(heard):
            missing("There are no thumbnails for this channel.")
        now = int(self.world.clock.now().timestamp()) // picture.PIECE_SECONDS * picture.PIECE_SECONDS
        shown = picture.named(self.sent_to(channel)) if heard[pipeline] else picture.black()
        thumbnail = {
            "Body": base64.b64encode(shown.still(now)).decode(),
            "ContentType": "image/jpeg",
            "ThumbnailType": "CURRENT_ACTIVE",
            "TimeStamp": datetime.fromtimestamp(now, tz=UTC),
        }
        return {"ThumbnailDetails": [{"PipelineId": params["PipelineId"], "Thumbnails": [thumbnail]}]}

    def metric(self, name: str, channel_id: str, pipeline: str, first: int, end: int) -> list[Point]:
        """The datapoints by minute of one of `input_metrics.UNITS`, for CloudWatch."""
        channel = self._channels.find(channel_id)
        record = self._active_input(channel) if channel else None
        if channel is None or not pipeline.isdigit():
            return []
        kind, now = record.kind if record else "", self.world.clock.now().timestamp()
        return points(channel, kind, name, int(pipeline), first, min(end, int(now) + 1), now)

    # -- alerts

    def _heard_changed(self, channel: Channel, before: tuple[bool, ...], heard: tuple[bool, ...]) -> None:
        """Clear the alerts of what is received again or no longer runs; those of what is lost come later."""
        if not before:
            channel.alerts_raised = 0
        for pipeline in range(channel.pipelines):
            is_lost = heard[pipeline : pipeline + 1] == (False,)
            if not is_lost:
                self._clear(channel, pipeline)
            elif before[pipeline : pipeline + 1] != (False,):
                self._raise_later(channel, pipeline)

    def _raise_later(self, channel: Channel, pipeline: int) -> None:
        lost = len(channel.heard) - 1

        def raise_if_still_lost() -> None:
            since = channel.heard[lost:]
            if channel.state in STREAMING and all(not entry.pipelines[pipeline] for entry in since):
                self._raise(channel, pipeline)

        self.world.after(self.world.durations.medialive_alert, raise_if_still_lost)

    def _raise(self, channel: Channel, pipeline: int) -> None:
        for kind, message in self._kinds(channel, pipeline):
            channel.alerts_raised += 1
            # The ids of a channel are hashes of a count, which begins again with each run.
            alert_id = hashlib.sha256(str(channel.alerts_raised).encode()).hexdigest()[:40]
            alert = Alert(alert_id, pipeline, kind, message, self.world.clock.now())
            channel.alerts = [*channel.alerts, alert]

    def _kinds(self, channel: Channel, pipeline: int) -> list[tuple[str, str]]:
        record = self._active_input(channel)
        kind = record.kind if record else ""
        if kind == "RTMP_PUSH":
            return [VIDEO, NO_LONGER if _was_heard(channel, pipeline) else NEVER]
        return [VIDEO, OF_TYPE[kind]] if kind in OF_TYPE else [VIDEO]

    def _clear(self, channel: Channel, pipeline: int) -> None:
        cleared = [each for each in channel.alerts if each.pipeline == pipeline and not each.cleared_at]
        for alert in cleared:
            alert.cleared_at = self.world.clock.now()

        def forget() -> None:
            channel.alerts = [alert for alert in channel.alerts if alert not in cleared]

        if cleared:
            self.world.after(CLEARED_KEPT, forget)


def _was_heard(channel: Channel, pipeline: int) -> bool:
    """Whether the pipeline received anything during this run."""
    return any(entry.pipelines[pipeline] for entry in channel.run())


def _offset(token: str | None) -> int:
    if token is not None and not token.isdigit():
        bad_request("Invalid nextToken")
    return int(token or 0)
