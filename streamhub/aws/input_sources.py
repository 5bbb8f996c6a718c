"""What MediaLive pulls, as CreateInput, UpdateInput and CreateChannel take it. Pure.

Pages: "InputSourceRequest", "SrtCallerSourceRequest", "HlsInputSettings", AWS_RULES 33.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

# A live playlist is read from this many segments before its end. Without the number MediaLive takes the
# playlist for a recording and begins with its first segment (AWS_RULES 33).
BUFFER_SEGMENTS = 3
# A playlist or segment is missing after this many attempts, this many seconds apart.
RETRIES = 10
RETRY_SECONDS = 1
# How long SRT waits for lost packets, in milliseconds, unless the URL says otherwise.
SRT_LATENCY = 2000


def sources_params(type: str, urls: Sequence[str], credentials: tuple[str, str] | None) -> dict[str, Any]:
    """The parameters of an input for the URLs that it pulls; none for a push input."""
    if not urls:
        return {}
    if type == "SRT_CALLER":
        return {"SrtSettings": {"SrtCallerSources": [_srt_source(url) for url in urls]}}
    username, parameter = credentials or ("", "")
    secret = {"Username": username, "PasswordParam": parameter} if credentials else {}
    return {"Sources": [{"Url": url, **secret} for url in urls]}


def sources_of(input: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an input pulls, by a request or an answer, without what is empty: fit to be compared."""
    callers = (input.get("SrtSettings") or {}).get("SrtCallerSources")
    sources = input.get("Sources") or callers or []
    return [{name: value for name, value in source.items() if value} for source in sources]


def _srt_source(url: str) -> dict[str, Any]:
    """From `srt://host:port?streamid=…&latency=…` (milliseconds)."""
    parts = urlsplit(url)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    source: dict[str, Any] = {
        "SrtListenerAddress": parts.hostname,
        "SrtListenerPort": str(parts.port),
        "MinimumLatency": int(given.get("latency", SRT_LATENCY)),
    }
    return source | ({"StreamId": given["streamid"]} if "streamid" in given else {})


def network_settings(type: str) -> dict[str, Any]:
    """The part of `InputSettings` that makes HLS live; none for other inputs."""
    if type != "URL_PULL":
        return {}
    hls = {"BufferSegments": BUFFER_SEGMENTS, "Retries": RETRIES, "RetryInterval": RETRY_SECONDS}
    return {
        "NetworkInputSettings": {
            "HlsInputSettings": hls,
            "ServerValidation": "CHECK_CRYPTOGRAPHY_AND_VALIDATE_NAME",
        }
    }
