"""The names of the encoding profiles and their revision, for services and forms.

They may not import `streamhub.aws`.

A test compares them with `streamhub.aws.encoding.PROFILES`.
"""

from streamhub.aws.encoding import ENCODER_REVISION

# Name -> number of video outputs, which MediaLive bills for each pipeline.
# A profile without a frame rate in its name keeps that of the source.
_LADDERS = {"1080p": 4, "720p": 3, "480p": 2}
_RATED = ("1080p", "720p")
FRAME_RATES = (25, 30, 50, 60)
PROFILE_OUTPUTS = _LADDERS | {f"{name}{frames}": _LADDERS[name] for name in _RATED for frames in FRAME_RATES}
PROFILE_NAMES = tuple(PROFILE_OUTPUTS)

__all__ = ["ENCODER_REVISION", "FRAME_RATES", "PROFILE_NAMES", "PROFILE_OUTPUTS"]
