"""Encoding profiles, and MediaLive's encoder settings for them. Data and pure functions.

All rungs are AVC with a keyframe every 2 s, so that MediaPackage can cut all of them at the same places.
Pages: "EncoderSettings", "H264Settings", "ArchiveGroupSettings".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

GOP_SECONDS = 2
FRAME_RATES = (25, 30, 50, 60)
ROLLOVER_SECONDS = 300  # a recording is cut into files of this length

# Names by which a channel's outputs refer to its destinations.
MEDIAPACKAGE_DESTINATION = "mediapackage"
# Raise it when a release changes what `channel_request` sends: all channels are outdated then.
ENCODER_REVISION = "2"

ARCHIVE_DESTINATION = "archive"
BLACK = "000000"
SLATE_COLOR = "1F3A5F"  # MediaLive writes no text on it; blue tells from a dark stage


@dataclass(frozen=True)
class Rung:
    """One rendition. `max_bitrate` in bits per second; `quality` is QVBR's 1 to 10."""

    name: str
    width: int
    height: int
    max_bitrate: int
    quality: int


@dataclass(frozen=True)
class Slate:
    """What viewers see while nothing is received: the image at this URL, or a colour if there is none."""

    image_url: str = ""


@dataclass(frozen=True)
class Audio:
    """AAC stereo; `bitrate` in bits per second, `sample_rate` in Hz."""

    bitrate: int = 128_000
    sample_rate: int = 48_000


@dataclass(frozen=True)
class EncodingProfile:
    """A ladder of rungs, best first, all with the same audio and frame rate.

    `frames_per_second` None: that of the source, so that 25 frames are not turned into 30. The rate that
    MediaLive sees first stays for as long as the channel runs.
    """

    name: str
    rungs: tuple[Rung, ...]
    audio: Audio = Audio()
    frames_per_second: int | None = None

    @property
    def input_bitrate(self) -> str:
        """MediaLive's class for the highest bitrate of the input. The input's price depends on it.

        Encoders send a small picture at up to 30 frames in less than 10 Mbit/s; others may need 20.
        """
        large = self.rungs[0].height > 720 or (self.frames_per_second or 0) > 30
        return "MAX_20_MBPS" if large else "MAX_10_MBPS"


_1080 = Rung("1080p", 1920, 1080, 5_000_000, 8)
_720 = Rung("720p", 1280, 720, 3_000_000, 7)
_480 = Rung("480p", 854, 480, 1_200_000, 7)
_240 = Rung("240p", 426, 240, 400_000, 6)


def _at(profile: EncodingProfile, frames: int) -> EncodingProfile:
    """The profile at a frame rate. Twice as many frames need about half as many bits more."""
    more = 3 if frames > 30 else 2
    rungs = tuple(replace(rung, max_bitrate=rung.max_bitrate * more // 2) for rung in profile.rungs)
    return replace(profile, name=f"{profile.name}{frames}", rungs=rungs, frames_per_second=frames)


_LARGE = (
    EncodingProfile("1080p", (_1080, _720, _480, _240)),
    EncodingProfile("720p", (_720, _480, _240)),
)
_SMALL = EncodingProfile("480p", (_480, _240))

PROFILES: dict[str, EncodingProfile] = {
    profile.name: profile
    for profile in (
        *_LARGE,
        _SMALL,
        *(_at(profile, frames) for profile in _LARGE for frames in FRAME_RATES),
    )
}


def encoder_settings(profile: EncodingProfile, archive: bool, slate: Slate | None = None) -> dict[str, Any]:
    """MediaLive's `EncoderSettings`. With `archive` the best rung is recorded too. `slate` None: black.

    The outputs go to the destinations `MEDIAPACKAGE_DESTINATION` and `ARCHIVE_DESTINATION`.
    """
    groups = [_mediapackage_group(profile)] + ([_archive_group(profile.rungs[0])] if archive else [])
    return {
        "VideoDescriptions": [_video(rung, profile.frames_per_second) for rung in profile.rungs],
        "AudioDescriptions": [_audio(rung, profile.audio) for rung in profile.rungs],
        "OutputGroups": groups,
        # RTMP has no timecode; the pipeline's clock works for every input type.
        "TimecodeConfig": {"Source": "SYSTEMCLOCK"},
        "GlobalConfiguration": _global_configuration(slate),
        # Stills of what each pipeline receives, for staff ("DescribeThumbnails").
        "ThumbnailConfiguration": {"State": "AUTO"},
    }


def _global_configuration(slate: Slate | None) -> dict[str, Any]:
    """If the input stops: repeat the last frame, then show black, then the slate, and keep running."""
    color = BLACK if slate is None else SLATE_COLOR
    shown: dict[str, Any] = {"InputLossImageType": "COLOR", "InputLossImageColor": color}
    if slate is not None and slate.image_url:
        shown = {"InputLossImageType": "SLATE", "InputLossImageSlate": {"Uri": slate.image_url}}
    return {
        "InputEndAction": "NONE",
        "OutputTimingSource": "SYSTEM_CLOCK",
        "SupportLowFramerateInputs": "ENABLED",
        "InputLossBehavior": {
            "RepeatFrameMsec": 1000,
            "BlackFrameMsec": 1000,
            **shown,
        },
    }


def _video_name(rung: Rung) -> str:
    return f"video_{rung.name}"


def _audio_name(rung: Rung) -> str:
    return f"audio_{rung.name}"


def _video(rung: Rung, frames: int | None) -> dict[str, Any]:
    return {
        "Name": _video_name(rung),
        "Width": rung.width,
        "Height": rung.height,
        "RespondToAfd": "NONE",
        "ScalingBehavior": "DEFAULT",
        "Sharpness": 50,
        "CodecSettings": {"H264Settings": _h264(rung) | _frame_rate(frames)},
    }


def _h264(rung: Rung) -> dict[str, Any]:
    """AVC with quality-defined variable bitrate and closed groups of pictures."""
    return {
        "RateControlMode": "QVBR",
        "QvbrQualityLevel": rung.quality,
        "MaxBitrate": rung.max_bitrate,
        "BufSize": 2 * rung.max_bitrate,
        "GopSize": float(GOP_SECONDS),
        "GopSizeUnits": "SECONDS",
        "GopClosedCadence": 1,
        "GopNumBFrames": 2,
        "SceneChangeDetect": "DISABLED",
        "ParControl": "SPECIFIED",
        "ParNumerator": 1,
        "ParDenominator": 1,
        "Profile": "HIGH" if rung.height >= 720 else "MAIN",
        "Level": "H264_LEVEL_AUTO",
        "ScanType": "PROGRESSIVE",
        "EntropyEncoding": "CABAC",
        "AdaptiveQuantization": "AUTO",
        "LookAheadRateControl": "MEDIUM",
        "ColorMetadata": "INSERT",
        "Syntax": "DEFAULT",
        "TimecodeInsertion": "DISABLED",
        "AfdSignaling": "NONE",
    }


def _frame_rate(frames: int | None) -> dict[str, Any]:
    if frames is None:
        return {"FramerateControl": "INITIALIZE_FROM_SOURCE"}
    return {"FramerateControl": "SPECIFIED", "FramerateNumerator": frames, "FramerateDenominator": 1}


def _audio(rung: Rung, audio: Audio) -> dict[str, Any]:
    """One description per rung, because each output has its own audio."""
    return {
        "Name": _audio_name(rung),
        "AudioSelectorName": "default",
        "AudioTypeControl": "FOLLOW_INPUT",
        "LanguageCodeControl": "FOLLOW_INPUT",
        "CodecSettings": {
            "AacSettings": {
                "Bitrate": float(audio.bitrate),
                "SampleRate": float(audio.sample_rate),
                "CodingMode": "CODING_MODE_2_0",
                "InputType": "NORMAL",
                "Profile": "LC",
                "RateControlMode": "CBR",
                "RawFormat": "NONE",
                "Spec": "MPEG4",
            }
        },
    }


def _output(rung: Rung, name: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "OutputName": name,
        "VideoDescriptionName": _video_name(rung),
        "AudioDescriptionNames": [_audio_name(rung)],
        "CaptionDescriptionNames": [],
        "OutputSettings": settings,
    }


def _mediapackage_group(profile: EncodingProfile) -> dict[str, Any]:
    return {
        "Name": "MediaPackage",
        "OutputGroupSettings": {
            "MediaPackageGroupSettings": {"Destination": {"DestinationRefId": MEDIAPACKAGE_DESTINATION}}
        },
        "Outputs": [_output(rung, rung.name, {"MediaPackageOutputSettings": {}}) for rung in profile.rungs],
    }


def _archive_group(rung: Rung) -> dict[str, Any]:
    """The recording: the best rung as transport stream files on S3, not encoded again (AWS_RULES 21)."""
    return {
        "Name": "Archive",
        "OutputGroupSettings": {
            "ArchiveGroupSettings": {
                "Destination": {"DestinationRefId": ARCHIVE_DESTINATION},
                "RolloverInterval": ROLLOVER_SECONDS,
            }
        },
        "Outputs": [
            _output(
                rung,
                "archive",
                {
                    "ArchiveOutputSettings": {
                        "ContainerSettings": {"M2tsSettings": {}},
                        "Extension": "m2ts",
                        "NameModifier": "_archive",
                    }
                },
            )
        ],
    }
