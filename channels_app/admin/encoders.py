"""What an encoder in the room needs, as texts to copy: for OBS its fields, for ffmpeg a command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from channels_app.ingest import IngestUrl

FFMPEG_INPUT = "INPUT.mp4"


@dataclass(frozen=True)
class Destination:
    """One address that MediaLive hears. `obs` is "" where OBS cannot send: it speaks RTMP here."""

    ingest: IngestUrl
    obs: str
    ffmpeg: str


def destinations(urls: list[IngestUrl]) -> list[Destination]:
    """The addresses that work, by pipeline."""
    return [Destination(url, for_obs(url), for_ffmpeg(url)) for url in urls if url.active]


def for_obs(url: IngestUrl) -> str:
    """The fields of OBS's settings, Stream, with the service *Custom*."""
    if url.stream_key is None:
        return ""
    return f"Service: Custom\nServer: {url.server}\nStream Key: {url.stream_key}"


def for_ffmpeg(url: IngestUrl) -> str:
    """A command that sends a file in real time; H.264 with a key frame every two seconds, and AAC."""
    form = "flv" if url.stream_key is not None else "rtp_mpegts"
    encoding = "-c:v libx264 -preset veryfast -b:v 5M -g 50 -pix_fmt yuv420p -c:a aac -b:a 128k"
    return f"ffmpeg -re -i {FFMPEG_INPUT} {encoding} -f {form} {shlex.quote(url.url)}"
