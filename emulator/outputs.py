"""The outputs of a MediaLive channel, from its encoder settings: bitrates and renditions."""

from __future__ import annotations

from typing import Any

from .hls import Rendition

Params = dict[str, Any]
DEFAULT_BITS = 5_000_000  # for a video without a bitrate in its settings


def bits_per_second(encoder: Params, group_kind: str) -> int:
    """The bits per second that output groups of one kind send, from their video and audio bitrates."""
    return sum(output_bits(encoder, output) for output in _outputs(encoder, group_kind))


def renditions(encoder: Params, group_kind: str) -> list[Rendition]:
    """The outputs with video of the groups of one kind."""
    videos = {video["Name"]: video for video in encoder.get("VideoDescriptions") or []}
    found = []
    for output in _outputs(encoder, group_kind):
        video = videos.get(output.get("VideoDescriptionName"))
        if video is not None:
            name, bits = output.get("OutputName") or video["Name"], output_bits(encoder, output)
            found.append(Rendition(name, bits, video.get("Width") or 0, video.get("Height") or 0))
    return found


def _outputs(encoder: Params, group_kind: str) -> list[Params]:
    groups = encoder.get("OutputGroups") or []
    return [
        output
        for group in groups
        if group_kind in group["OutputGroupSettings"]
        for output in group["Outputs"]
    ]


def output_bits(encoder: Params, output: Params) -> int:
    """The peak bits per second of one output, with its audio."""
    names = {output.get("VideoDescriptionName"), *(output.get("AudioDescriptionNames") or [])}
    described = [*(encoder.get("VideoDescriptions") or []), *(encoder.get("AudioDescriptions") or [])]
    return sum(_codec_bits(description) for description in described if description["Name"] in names)


def _codec_bits(description: Params) -> int:
    for codec in (description.get("CodecSettings") or {}).values():
        bits = codec.get("Bitrate") or codec.get("MaxBitrate")
        if bits:
            return int(bits)
    return DEFAULT_BITS if "Width" in description or "Height" in description else 128_000
