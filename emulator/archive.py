"""Recordings: the files that an Archive output group writes to S3 while its MediaLive channel runs.

MediaLive closes a file after every rollover interval and when the channel stops; only then is it visible
on S3 ("Design the path for the output destination", "Archive examples" in the MediaLive user guide). There
is no background work: files are created at the next S3 request. Rollovers are in AWS seconds; a file's size
follows from bitrate and length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .base import Service, World

if TYPE_CHECKING:
    from .buckets import Buckets
    from .medialive.records import Channel

Params = dict[str, Any]
DEFAULT_ROLLOVER = 300
DEFAULT_BITS = 5_000_000  # for a video without a bitrate in its settings
_URL = re.compile(r"s3(?:ssl)?://([^/]+)/(.*)")


def bits_per_second(encoder: Params, group_kind: str) -> int:
    """The bits per second that output groups of one kind send, from their video and audio bitrates."""
    groups = (
        group for group in encoder.get("OutputGroups") or [] if group_kind in group["OutputGroupSettings"]
    )
    return sum(_output_bits(encoder, output) for group in groups for output in group["Outputs"])


def _output_bits(encoder: Params, output: Params) -> int:
    names = {output.get("VideoDescriptionName"), *(output.get("AudioDescriptionNames") or [])}
    described = [*(encoder.get("VideoDescriptions") or []), *(encoder.get("AudioDescriptions") or [])]
    return sum(_codec_bits(description) for description in described if description["Name"] in names)


def _codec_bits(description: Params) -> int:
    for codec in (description.get("CodecSettings") or {}).values():
        bits = codec.get("Bitrate") or codec.get("MaxBitrate")
        if bits:
            return int(bits)
    return DEFAULT_BITS if "Width" in description or "Height" in description else 128_000


@dataclass
class Recording:
    """One run of one archive output to one bucket. The first `written` files are on S3.

    `began` is a value of the clock's `seconds`. `length`, in AWS seconds, is None until the run ends.
    """

    channel_id: str
    bucket: str
    base: str
    extension: str
    rollover: int
    bits: int
    started_at: datetime
    began: float
    length: float | None = None
    written: int = 0
    lost: int = 0

    def key(self, number: int) -> str:
        """A file's key: base name, name modifier and a six-digit counter."""
        return f"{self.base}.{number:06}.{self.extension}"

    def due(self, elapsed: float) -> Iterator[tuple[str, int, timedelta]]:
        """Files that are closed but not yet written: (key, size, end after the start)."""
        ended = self.length is not None
        seconds = self.length if self.length is not None else elapsed
        closed = int(seconds // self.rollover)
        for number in range(self.written, closed):
            yield self._file(number, self.rollover, (number + 1) * self.rollover)
        rest = seconds - closed * self.rollover
        if ended and rest > 0 and self.written <= closed:
            yield self._file(closed, rest, seconds)

    def _file(self, number: int, seconds: float, end: float) -> tuple[str, int, timedelta]:
        packets = max(1, int(self.bits * seconds / 8) // 188)
        return self.key(number), packets * 188, timedelta(seconds=end)


class Archive(Service):
    """All recordings of this world, and a count of the files without a bucket."""

    name = "archive"

    def __init__(self, world: World, buckets: Buckets) -> None:
        super().__init__(world)
        self._buckets = buckets
        self._running: dict[str, list[Recording]] = {}
        self._recordings: list[Recording] = []
        medialive: Any = world.services["medialive"]
        medialive.on_running_change.append(self._encoder_changed)
        buckets.before_request.append(self.write_due)

    def write_due(self) -> None:
        """Write closed files to S3; a file whose bucket does not exist is lost and counted."""
        for recording in self._recordings:
            files = list(recording.due(self._elapsed(recording)))
            if not files:
                continue
            exists = self._buckets.has(recording.bucket)
            for key, size, end in files:
                if exists:
                    moment = recording.started_at + end * self.world.clock.scale
                    self._buckets.put_recording(recording.bucket, key, size, moment)
            recording.written += len(files)
            recording.lost += 0 if exists else len(files)

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        self.write_due()
        return {
            "recordings": [
                {
                    "channel_id": recording.channel_id,
                    "bucket": recording.bucket,
                    "prefix": recording.base,
                    "running": recording.length is None,
                    "files": recording.written - recording.lost,
                    "lost": recording.lost,
                }
                for recording in self._recordings
            ]
        }

    @property
    def alerts(self) -> int:
        """How many files were lost because their bucket does not exist."""
        return sum(recording.lost for recording in self._recordings)

    def _elapsed(self, recording: Recording) -> float:
        """AWS seconds since the recording began; real seconds if the scale is 0."""
        return (self.world.clock.seconds() - recording.began) / (self.world.clock.scale or 1.0)

    def _encoder_changed(self, channel: Channel, running: bool) -> None:
        for recording in self._running.pop(channel.id, []):
            recording.length = self._elapsed(recording)
        if running:
            recordings = [self._begin(channel, *output) for output in _outputs(channel)]
            self._running[channel.id] = recordings
            self._recordings += recordings

    def _begin(self, channel: Channel, url: str, settings: Params, output: Params) -> Recording:
        now = self.world.clock.now()
        match = _URL.fullmatch(url)
        archive = output["OutputSettings"]["ArchiveOutputSettings"]
        base = (match[2] if match else url) + archive.get("NameModifier", "")
        return Recording(
            channel_id=channel.id,
            bucket=match[1] if match else "",
            base=base.replace("$dt$", now.strftime("%Y%m%dT%H%M%S")),
            extension=archive.get("Extension") or "m2ts",
            rollover=settings.get("RolloverInterval") or DEFAULT_ROLLOVER,
            bits=_output_bits(channel.config["EncoderSettings"], output),
            started_at=now,
            began=self.world.clock.seconds(),
        )


def _outputs(channel: Channel) -> Iterator[tuple[str, Params, Params]]:
    """Each archive output with each of its destinations: (URL, group settings, output)."""
    destinations = channel.config["Destinations"]
    urls = {destination.get("Id"): destination.get("Settings") or [] for destination in destinations}
    for group in channel.config["EncoderSettings"].get("OutputGroups") or []:
        settings = group["OutputGroupSettings"].get("ArchiveGroupSettings")
        if settings:
            for url in urls.get(settings["Destination"].get("DestinationRefId"), []):
                for output in group["Outputs"]:
                    yield url.get("Url") or "", settings, output
