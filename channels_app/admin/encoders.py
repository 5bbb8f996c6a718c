"""What an encoder in the room needs, as texts to copy: for OBS its fields, for ffmpeg a command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels_app.ingest import IngestUrl

FFMPEG_INPUT = "INPUT.mp4"


@dataclass(frozen=True)
class Destination:
    """One address that MediaLive hears. `obs` is "" where OBS cannot send: it speaks RTMP here.

    `name` tells it from the channel's others; "" if it is the only one.
    """

    name: str
    ingest: IngestUrl
    obs: str
    ffmpeg: str


def destinations(urls: list[IngestUrl]) -> list[Destination]:
    """The addresses that work, by input and pipeline."""
    used = [url for url in urls if url.active]
    return [Destination(_name(url, used), url, for_obs(url), for_ffmpeg(url)) for url in used]


def _name(url: IngestUrl, used: list[IngestUrl]) -> str:
    inputs, pipelines = {each.input for each in used}, {each.pipeline for each in used}
    words = [_("main input") if url.input == "main" else _("second input")] if len(inputs) > 1 else []
    words += [_("pipeline %(number)s") % {"number": url.pipeline}] if len(pipelines) > 1 else []
    return ", ".join(words).capitalize()


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
