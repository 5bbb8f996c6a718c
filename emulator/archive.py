"""Recordings: the files that an Archive output group writes to S3 while its MediaLive channel runs.

MediaLive closes a file after every rollover interval and when the channel stops; only then is it visible
on S3 ("Design the path for the output destination", "Archive examples" in the MediaLive user guide). There
is no background work: files are created at the next S3 request. Rollovers are in AWS seconds; a file's size
follows from bitrate and length. Its content is made of the same pieces as the players' segments, each
followed by null packets up to the bitrate, as in any transport stream of constant bitrate.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from . import picture
from .base import Service, World
from .outputs import output_bits
from .picture import PIECE_SECONDS

if TYPE_CHECKING:
    from .buckets import Buckets
    from .medialive.records import Channel

Params = dict[str, Any]
DEFAULT_ROLLOVER = 300
PACKET = 188  # bytes of a packet of an MPEG transport stream
NULL_PACKET = b"\x47\x1f\xff\x10" + b"\xff" * (PACKET - 4)
_URL = re.compile(r"s3(?:ssl)?://([^/]+)/(.*)")


@dataclass
class Recording:
    """One run of one pipeline's archive output to one bucket. The first `written` files are on S3.

    `began` is a value of the clock's `seconds`. `length`, in AWS seconds, is None until the run ends.
    """

    channel: Channel
    pipeline: int
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

    def due(self, elapsed: float) -> Iterator[tuple[str, int, float, float]]:
        """Files that are closed but not yet written: (key, size, start and end in seconds of the run)."""
        ended = self.length is not None
        seconds = self.length if self.length is not None else elapsed
        closed = int(seconds // self.rollover)
        for number in range(self.written, closed):
            yield self._file(number, (number + 1) * self.rollover)
        rest = seconds - closed * self.rollover
        if ended and rest > 0 and self.written <= closed:
            yield self._file(closed, seconds)

    def _file(self, number: int, end: float) -> tuple[str, int, float, float]:
        start = number * self.rollover
        packets = max(1, int(self.bits * (end - start) / 8) // PACKET)
        return self.key(number), packets * PACKET, start, end


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
            for key, size, start, end in files:
                if exists:
                    moment = self._moment(recording, end)
                    content = partial(self._content, recording, start, size)
                    self._buckets.put_recording(recording.bucket, key, size, moment, content)
            recording.written += len(files)
            recording.lost += 0 if exists else len(files)

    def inventory(self) -> dict[str, list[dict[str, Any]]]:
        self.write_due()
        return {
            "recordings": [
                {
                    "channel_id": recording.channel.id,
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

    def _moment(self, recording: Recording, seconds: float) -> datetime:
        """The real time of a second of the run."""
        return recording.started_at + timedelta(seconds=seconds * self.world.clock.scale)

    def _content(self, recording: Recording, start: float, size: int) -> bytes:
        """What the pipeline encoded from `start` on: the picture that it sent."""
        heard = recording.channel.heard
        share = recording.bits * PIECE_SECONDS // 8 // PACKET * PACKET
        pieces = []
        for number in range(-(-size // share)):
            seconds = start + number * PIECE_SECONDS
            at = self._moment(recording, seconds).timestamp()
            last = max(0, bisect_right(heard, at, key=lambda entry: entry.at) - 1)
            shown = heard[last].shown[recording.pipeline : recording.pipeline + 1]
            loop = picture.named(shown[0] if shown else "black")
            piece = loop.cut(seconds // PIECE_SECONDS * PIECE_SECONDS, seconds + PIECE_SECONDS)
            pieces.append(piece + NULL_PACKET * ((share - len(piece)) // PACKET))
        return b"".join(pieces)[:size]

    def _encoder_changed(self, channel: Channel, running: bool) -> None:
        for recording in self._running.pop(channel.id, []):
            recording.length = self._elapsed(recording)
        if running:
            recordings = [self._begin(channel, *output) for output in _archives(channel)]
            self._running[channel.id] = recordings
            self._recordings += recordings

    def _begin(
        self, channel: Channel, pipeline: int, url: str, settings: Params, output: Params
    ) -> Recording:
        now = self.world.clock.now()
        match = _URL.fullmatch(url)
        archive = output["OutputSettings"]["ArchiveOutputSettings"]
        base = (match[2] if match else url) + archive.get("NameModifier", "")
        return Recording(
            channel=channel,
            pipeline=pipeline,
            bucket=match[1] if match else "",
            base=base.replace("$dt$", now.strftime("%Y%m%dT%H%M%S")),
            extension=archive.get("Extension") or "m2ts",
            rollover=settings.get("RolloverInterval") or DEFAULT_ROLLOVER,
            bits=output_bits(channel.config["EncoderSettings"], output),
            started_at=now,
            began=self.world.clock.seconds(),
        )


def _archives(channel: Channel) -> Iterator[tuple[int, str, Params, Params]]:
    """Each archive output with each of its destinations: (pipeline, URL, group settings, output)."""
    destinations = channel.config["Destinations"]
    urls = {destination.get("Id"): destination.get("Settings") or [] for destination in destinations}
    for group in channel.config["EncoderSettings"].get("OutputGroups") or []:
        settings = group["OutputGroupSettings"].get("ArchiveGroupSettings")
        if settings:
            for pipeline, url in enumerate(urls.get(settings["Destination"].get("DestinationRefId"), [])):
                for output in group["Outputs"]:
                    yield pipeline, url.get("Url") or "", settings, output
