"""The names of the encoding profiles and their revision, for services and forms.

They may not import `streamhub.aws`.

A test compares them with `streamhub.aws.encoding.PROFILES`.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamhub.aws.encoding import ENCODER_REVISION

# Name -> number of video outputs, which MediaLive bills for each pipeline.
# A profile without a frame rate in its name keeps that of the source.
_LADDERS = {"1080p": 4, "720p": 3, "480p": 2}
_RATED = ("1080p", "720p")
FRAME_RATES = (25, 30, 50, 60)
PROFILE_OUTPUTS = _LADDERS | {f"{name}{frames}": _LADDERS[name] for name in _RATED for frames in FRAME_RATES}
PROFILE_NAMES = tuple(PROFILE_OUTPUTS)

# What outputs are billed by: lines and highest bit rate of each, best first. All have the frames per second
# of the profile's name, or of the source, and stereo sound.
_OUTPUTS = {
    "1080p": ((1080, 5_000_000), (720, 3_000_000), (480, 1_200_000), (240, 400_000)),
    "720p": ((720, 3_000_000), (480, 1_200_000), (240, 400_000)),
    "480p": ((480, 1_200_000), (240, 400_000)),
}
SOUND_BITS_A_SECOND = 128_000


@dataclass(frozen=True)
class BilledProfile:
    """A profile as MediaLive bills it. `frames` None: the source's; `input_mbits`: the input's class."""

    outputs: tuple[tuple[int, int], ...]
    frames: int | None
    input_mbits: int

    @property
    def bits_a_second(self) -> int:
        """The most that one pipeline sends to MediaPackage."""
        return sum(bits + SOUND_BITS_A_SECOND for _lines, bits in self.outputs)


def _billed(name: str) -> BilledProfile:
    ladder = next(ladder for ladder in _OUTPUTS if name.startswith(ladder))
    frames = int(name.removeprefix(ladder) or 0) or None
    # Twice as many frames need about half as many bits more (`streamhub.aws.encoding`).
    halves = 3 if (frames or 0) > 30 else 2
    outputs = tuple((lines, bits * halves // 2) for lines, bits in _OUTPUTS[ladder])
    large = outputs[0][0] > 720 or (frames or 0) > 30
    return BilledProfile(outputs, frames, 20 if large else 10)


BILLED_PROFILES = {name: _billed(name) for name in PROFILE_NAMES}


__all__ = [
    "BILLED_PROFILES",
    "ENCODER_REVISION",
    "FRAME_RATES",
    "PROFILE_NAMES",
    "PROFILE_OUTPUTS",
    "BilledProfile",
]
