"""Recordings: what an Archive output group writes to S3 while its MediaLive channel runs.

Every rollover interval, and when the channel stops, MediaLive closes a file; only then is it visible on
S3 ("Design the path for the output destination", "Archive examples" in the MediaLive user guide). Files
are made when somebody asks S3 for something: nothing works in the background. Rollovers are AWS seconds,
sizes follow from bitrate and length.
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
DEFAULT_BITS = 5_000_000  # for an encode whose settings name no bitrate
_URL = re.compile(r"s3(?:ssl)?://([^/]+)/(.*)")


def bits_per_second(encoder: Params, group_kind: str) -> int:
    """What the output groups of one kind send, from the bitrates of their video and sound."""
    groups = (
        group for group in encoder.get("OutputGroups") or [] if group_kind in group["OutputGroupSettings"]
    )
    return sum(_output_bits(encoder, output) for group in groups for output in group["Outputs"])


def _output_bits(encoder: Params, output: Params) -> int:
    names = {output.get("VideoDescriptionName"), *(output.get("AudioDescriptionNames") or [])}
    described = [*(encoder.get("VideoDescriptions") or []), *(encoder.get("AudioDescriptions") or [])]
    return sum(_codec_bits(one) for one in described if one["Name"] in names)


def _codec_bits(description: Params) -> int:
    for codec in (description.get("CodecSettings") or {}).values():
        bits = codec.get("Bitrate") or codec.get("MaxBitrate")
        if bits:
            return int(bits)
    return DEFAULT_BITS if "Width" in description or "Height" in description else 128_000


@dataclass
class Recording:
    """One run of one archive output to one bucket. `written` files are on S3 already.

    `began` is on the clock's `seconds`; `length` is set when the run is over, in AWS seconds.
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
        """Files that are closed by now and not written: (key, size, end since the start)."""
        over = self.length is not None
        seconds = self.length if self.length is not None else elapsed
        closed = int(seconds // self.rollover)
        for number in range(self.written, closed):
            yield self._file(number, self.rollover, (number + 1) * self.rollover)
        rest = seconds - closed * self.rollover
        if over and rest > 0 and self.written <= closed:
            yield self._file(closed, rest, seconds)

    def _file(self, number: int, seconds: float, end: float) -> tuple[str, int, timedelta]:
        packets = max(1, int(self.bits * seconds / 8) // 188)
        return self.key(number), packets * 188, timedelta(seconds=end)


class Archive(Service):
    """All recordings of this world, and the alerts of those that had nowhere to go."""

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
        """Put on S3 what is closed by now; what finds no bucket is lost, and counted."""
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
                    "channel_id": one.channel_id,
                    "bucket": one.bucket,
                    "prefix": one.base,
                    "running": one.length is None,
                    "files": one.written - one.lost,
                    "lost": one.lost,
                }
                for one in self._recordings
            ]
        }

    @property
    def alerts(self) -> int:
        """How many files were lost for want of their bucket."""
        return sum(one.lost for one in self._recordings)

    def _elapsed(self, recording: Recording) -> float:
        """AWS seconds since it began; where AWS time has no length, real ones."""
        return (self.world.clock.seconds() - recording.began) / (self.world.clock.scale or 1.0)

    def _encoder_changed(self, channel: Channel, running: bool) -> None:
        for recording in self._running.pop(channel.id, []):
            recording.length = self._elapsed(recording)
        if running:
            begun = [self._begin(channel, *one) for one in _outputs(channel)]
            self._running[channel.id] = begun
            self._recordings += begun

    def _begin(self, channel: Channel, url: str, settings: Params, output: Params) -> Recording:
        now = self.world.clock.now()
        found = _URL.fullmatch(url)
        archive = output["OutputSettings"]["ArchiveOutputSettings"]
        base = (found[2] if found else url) + archive.get("NameModifier", "")
        return Recording(
            channel_id=channel.id,
            bucket=found[1] if found else "",
            base=base.replace("$dt$", now.strftime("%Y%m%dT%H%M%S")),
            extension=archive.get("Extension") or "m2ts",
            rollover=settings.get("RolloverInterval") or DEFAULT_ROLLOVER,
            bits=_output_bits(channel.config["EncoderSettings"], output),
            started_at=now,
            began=self.world.clock.seconds(),
        )


def _outputs(channel: Channel) -> Iterator[tuple[str, Params, Params]]:
    """Each archive output and each place it goes to: (URL, group settings, output)."""
    urls = {one.get("Id"): one.get("Settings") or [] for one in channel.config["Destinations"]}
    for group in channel.config["EncoderSettings"].get("OutputGroups") or []:
        settings = group["OutputGroupSettings"].get("ArchiveGroupSettings")
        if settings:
            for place in urls.get(settings["Destination"].get("DestinationRefId"), []):
                for output in group["Outputs"]:
                    yield place.get("Url") or "", settings, output
