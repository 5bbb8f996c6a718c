"""Live HLS as MediaPackage packages it: playlists with rolling segments, and the segments. Pure functions.

A segment's number follows from the time, so nothing is stored: number and content of a segment are the same
whenever it is asked for. Segments are whole pieces of the picture (2 s), as MediaPackage's are whole groups
of pictures of its source. Where a loop ends, and where one picture follows another, the timestamps begin
again and the playlist says `EXT-X-DISCONTINUITY` (RFC 8216, 4.3.2.3 and 6.2.2).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from . import picture
from .picture import LOOP_SECONDS, PIECE_SECONDS

LEAST_SEGMENTS = 3  # a playlist has them as soon as the encoder runs
_FILE = re.compile(r"_(\d+)(?:_(\d+))?\.(m3u8|ts)")


class Rendition(NamedTuple):
    """One variant: its name, peak bits per second and size in pixels."""

    name: str
    bits: int
    width: int
    height: int


class Change(NamedTuple):
    """From this epoch second on the picture is this loop (`picture.named`)."""

    at: float
    picture: str


@dataclass(frozen=True)
class Feed:
    """What one encoder sends during one run: since when, the changes of its picture, and its renditions.

    The first change is at the start of the run.
    """

    changes: Sequence[Change]
    renditions: Sequence[Rendition]

    @property
    def since(self) -> float:
        return self.changes[0].at

    def picture(self, at: float) -> str:
        """The loop that is sent at a moment; before the run, the one at its start."""
        return self.changes[max(0, bisect_right(self.changes, at, key=lambda change: change.at) - 1)].picture


@dataclass(frozen=True)
class File:
    """What a player gets: the content, its type, and for how many seconds caches may keep it."""

    body: bytes
    kind: str
    max_age: int


PLAYLIST, SEGMENT = "application/vnd.apple.mpegurl", "video/MP2T"
SEGMENT_MAX_AGE = 1_209_600  # 14 days


class Packager:
    """The files of one endpoint. `hls` is its HlsPackage; times are epoch seconds."""

    def __init__(self, feed: Feed, manifest: str, hls: dict[str, Any]) -> None:
        self._feed, self._manifest = feed, manifest
        self._window = int(hls["PlaylistWindowSeconds"])
        self._dates = bool(hls["ProgramDateTimeIntervalSeconds"])
        self._pieces = max(1, round(hls["SegmentDurationSeconds"] / PIECE_SECONDS))
        self._per_loop = -(-LOOP_SECONDS // (self._pieces * PIECE_SECONDS))
        self._begun = self._number(feed.since) - LEAST_SEGMENTS  # the first segment of this run

    def file(self, name: str, now: float) -> File | None:
        """The master playlist, a rendition's playlist or a segment; None if there is no such file now."""
        if name == f"{self._manifest}.m3u8":
            return File(self._master().encode(), PLAYLIST, 1)
        match = _FILE.fullmatch(name, len(self._manifest)) if name.startswith(self._manifest) else None
        if match is None or not 1 <= int(match[1]) <= len(self._feed.renditions):
            return None
        if match[3] == "m3u8":
            return None if match[2] else File(self._playlist(int(match[1]), now).encode(), PLAYLIST, 1)
        return self._segment(int(match[2] or -1), now)

    # -- playlists

    def _master(self) -> str:
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-INDEPENDENT-SEGMENTS"]
        for number, rendition in enumerate(self._feed.renditions, 1):
            size = f"RESOLUTION={rendition.width}x{rendition.height}," if rendition.width else ""
            lines += [
                f"#EXT-X-STREAM-INF:BANDWIDTH={rendition.bits},{size}FRAME-RATE={picture.FRAME_RATE:.3f},"
                f'CODECS="{picture.CODECS}",NAME="{rendition.name}"',
                f"{self._manifest}_{number}.m3u8",
            ]
        return "\n".join(lines) + "\n"

    def _playlist(self, rendition: int, now: float) -> str:
        first, last = self._listed(now)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            f"#EXT-X-TARGETDURATION:{self._pieces * PIECE_SECONDS}",
            f"#EXT-X-MEDIA-SEQUENCE:{first}",
            f"#EXT-X-DISCONTINUITY-SEQUENCE:{self._discontinuities(first - 1)}",
        ]
        for number in range(first, last + 1):
            start, end = self._span(number)
            if self._is_discontinuity(number):
                lines.append("#EXT-X-DISCONTINUITY")
            if self._dates and (number == first or self._is_discontinuity(number)):
                lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(start)}")
            lines += [f"#EXTINF:{end - start:.3f},", f"{self._manifest}_{rendition}_{number}.ts"]
        return "\n".join(lines) + "\n"

    def _listed(self, now: float) -> tuple[int, int]:
        """The first and last segment of a playlist: complete ones of this run, and a few from before it."""
        last = self._number(now) - 1
        first = max(self._begun, self._number(now - self._window))
        return min(first, last - LEAST_SEGMENTS + 1), last

    def _segment(self, number: int, now: float) -> File | None:
        """A segment is there for as long again as it was listed (RFC 8216, 6.2.2)."""
        first, last = self._listed(now)
        if not first - (last - first + 1) <= number <= last:
            return None
        start, end = (int(at) % LOOP_SECONDS for at in self._span(number))
        material = picture.named(self._picture(number))
        return File(material.cut(start, end or LOOP_SECONDS), SEGMENT, SEGMENT_MAX_AGE)

    # -- the time

    def _number(self, at: float) -> int:
        """The segment that contains a moment."""
        whole, rest = divmod(at, LOOP_SECONDS)
        return int(whole) * self._per_loop + int(rest) // (self._pieces * PIECE_SECONDS)

    def _span(self, number: int) -> tuple[int, int]:
        """Start and end of a segment. The last one of a loop may be shorter."""
        whole, rest = divmod(number, self._per_loop)
        start = whole * LOOP_SECONDS + rest * self._pieces * PIECE_SECONDS
        return start, min(start + self._pieces * PIECE_SECONDS, (whole + 1) * LOOP_SECONDS)

    def _is_discontinuity(self, number: int) -> bool:
        return number % self._per_loop == 0 or number in self._switches()

    def _discontinuities(self, number: int) -> int:
        """How many discontinuities there are up to a segment since this run's first one.

        Players keep a list of them, so it must not be a number that begins with the epoch.
        """
        loops = number // self._per_loop - (self._begun - 1) // self._per_loop
        return loops + sum(switch <= number for switch in self._switches())

    def _switches(self) -> list[int]:
        """The segments inside of a loop that begin with another picture than the one before."""
        near = {self._number(change.at) + more for change in self._feed.changes[1:] for more in (0, 1)}
        return [
            number
            for number in near
            if number % self._per_loop and self._picture(number) != self._picture(number - 1)
        ]

    def _picture(self, number: int) -> str:
        return self._feed.picture(self._span(number)[0])


def _date(at: int) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
