"""The addresses to which an encoder pushes, and which of them MediaLive hears.

An input can have more addresses than its channel has pipelines. A single pipeline hears only the first one;
what arrives at the second is lost (AWS_RULES 35).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from channels_app.models import Channel
from channels_app.models.channel import ChannelClass
from channels_app.services.rescue import MAIN, SECOND


@dataclass(frozen=True)
class IngestUrl:
    """One address of an input. `pipeline` is 0 or 1; `active`: whether the channel has that pipeline.

    `input`: "main", or "second" for the input to which MediaLive fails over.

    RTMP encoders ask for `server` and `stream_key` in two fields; for other protocols `server` is all.
    """

    url: str
    server: str
    stream_key: str | None
    pipeline: int
    active: bool
    input: str = MAIN


def pipelines_of(channel: Channel) -> int:
    return 2 if channel.channel_class == ChannelClass.STANDARD else 1


def ingest_of(channel: Channel) -> list[IngestUrl]:
    """Every address of the channel's inputs, the main one first, each in the order of the pipelines.

    None of a second input that does not exist any more: what is pushed there is lost.
    """
    pipelines = pipelines_of(channel)
    second = channel.second_urls if channel.input_ids[1:] else []
    return [
        _ingest(url, number, number < pipelines, name)
        for name, urls in ((MAIN, channel.input_urls), (SECOND, second))
        for number, url in enumerate(urls)
    ]


def input_dest_urls(channel: Channel) -> list[str]:
    """The addresses that work: one for each pipeline and input."""
    return [ingest.url for ingest in ingest_of(channel) if ingest.active]


def _ingest(url: str, pipeline: int, active: bool, name: str) -> IngestUrl:
    server, _, key = url.rpartition("/")
    if urlsplit(url).scheme != "rtmp" or not key or server.endswith("/"):
        return IngestUrl(url, url, None, pipeline, active, name)
    return IngestUrl(url, server, key, pipeline, active, name)
