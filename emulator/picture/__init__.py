"""The pictures: what encoders send, and what MediaLive shows without an input. `make.sh` made the files.

All are loops of `LOOP_SECONDS` in pieces of `PIECE_SECONDS`. A piece begins with a keyframe, so pieces that
follow each other make a segment of any length. At the end of a loop its timestamps begin again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PIECE_SECONDS = 2
LOOP_SECONDS = 24
FRAME_RATE = 25
# H.264 constrained baseline at level 2.1, and AAC-LC.
CODECS = "avc1.42C015,mp4a.40.2"
_FOLDER = Path(__file__).parent
_PIECE = re.compile(r"#EXT-X-BYTERANGE:(\d+)@(\d+)")


@dataclass(frozen=True)
class Loop:
    """The pieces of one loop as MPEG transport streams, and a JPEG still of each."""

    pieces: tuple[bytes, ...]
    stills: tuple[bytes, ...]

    def cut(self, start: float, end: float) -> bytes:
        """The pieces from `start` to before `end`, in seconds since a loop began. Both are multiples of 2."""
        first, last = int(start) // PIECE_SECONDS, int(end) // PIECE_SECONDS
        return b"".join(self.pieces[number % len(self.pieces)] for number in range(first, last))

    def still(self, moment: float) -> bytes:
        """The still of the piece at a moment, in seconds since any loop began."""
        return self.stills[int(moment) // PIECE_SECONDS % len(self.stills)]


@cache
def pattern() -> Loop:
    """A test pattern with a running clock, and a tone."""
    return Loop(
        _pieces("pattern"), tuple(path.read_bytes() for path in sorted(_FOLDER.glob("pattern-*.jpg")))
    )


@cache
def black() -> Loop:
    """Black and silence."""
    return _with_one_still("black")


@cache
def slate() -> Loop:
    """One colour and silence: what MediaLive shows instead of black if the channel asks for a slate."""
    return _with_one_still("slate")


@cache
def second() -> Loop:
    """What the encoder of a second input sends: colour bars that say so, with a running clock, and a tone."""
    return _with_one_still("second")


def named(name: str) -> Loop:
    """The loop of this name."""
    return LOOPS[name]()


SENT = {"pattern": pattern, "second": second, "black": black}
LOOPS = {**SENT, "slate": slate}


def _with_one_still(name: str) -> Loop:
    return Loop(_pieces(name), ((_FOLDER / f"{name}.jpg").read_bytes(),))


@cache
def _pieces(name: str) -> tuple[bytes, ...]:
    """The parts of a transport stream that its playlist names."""
    stream = (_FOLDER / f"{name}.ts").read_bytes()
    parts = _PIECE.findall((_FOLDER / f"{name}.m3u8").read_text())
    return tuple(stream[int(offset) : int(offset) + int(length)] for length, offset in parts)
