"""What the description of a new channel accepts, the services accept, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_app.models.channel import InputType
from channels_app.profiles import PROFILE_NAMES
from channels_app.services import sources
from channels_app.services.validation import channel_errors
from streamhub.urls import api as the_api
from tests.scenarios import hostile
from tests.scenarios.volume import volume

SCHEMA: dict[str, Any] = json.loads(json.dumps(the_api.get_openapi_schema()))
MODEL = SCHEMA["components"]["schemas"]["ChannelIn"]
described = jsonschema_rs.validator_for({**MODEL, "components": SCHEMA["components"]})
DEFAULTS = {
    "channel_class": "SINGLE_PIPELINE",
    "input_type": "RTMP_PUSH",
    "allowed_cidrs": [],
    "source_urls": [],
    "encoding_profile": "1080p",
    "record": False,
    "tags": {},
}

TEXTS = hostile.TEXTS
NAMES = ("Hall 2", " a ", "x" * 64, "x" * 65, "Straße 🎤", *TEXTS)
CIDRS = (
    *("203.0.113.7/32", "203.0.113.7", "10.0.0.0/8", "10.0.0.1/8", "192.168.2.0/23", "192.168.3.0/23"),
    *("0.0.0.0/0", "128.0.0.0/1", "1.2.3.4/33", "256.1.1.1/32", "01.2.3.4/32", "::1/128", "1.2.3.4/032"),
    *(f"10.20.30.{last}/{length}" for length in range(24, 33) for last in (0, 128, 192, 254, 255)),
    *(" 1.2.3.4/32", "²"),
)
SOURCES = (
    *("https://a.example/x.m3u8", "rtmp://me:pw@a/b", "s3://bucket/key", "http://[::1]:80/"),
    *("rtmp://a.example/app/x", "https://a.example/x.mp4", "srt://a.example:9000?streamid=a"),
    *("https://127.0.0.1/x.m3u8", "s3://others/x.mp4", "srt://a.example:9000?mode=listener"),
    *("https://a.example/x.M3U8?a=b.m3u8", "https://a.example:0/x.m3u8", "https://a.example/x.m3u8#a"),
    *("http://a:65535", "http://a:65536", "ftp://a/b", "http://a b", "HTTP://a", "http://a@b@c/"),
    *("http://a/" + "x" * 3000, *TEXTS),
)
USERS = ("anna", "", "a b", "x" * 128, "x" * 129, *TEXTS)
PARAMETERS = ("/streamhub/stage", "hunter2", "/", "/a/", "/" + "x" * 1010, "/" + "x" * 1011, *TEXTS)
KEYS = ("team", "Team", "aws:x", "AWS:x", " aws:x", "streamhub:x", "x" * 128, "x" * 129, *TEXTS)
VALUES = ("", "events", "x" * 256, "x" * 257, *TEXTS)
bodies = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES)},
    optional={
        "channel_class": st.sampled_from(["SINGLE_PIPELINE", "STANDARD", "DOUBLE", "²"]),
        "input_type": st.sampled_from([*InputType.values, "SRT"]),
        "allowed_cidrs": st.lists(st.sampled_from(CIDRS), max_size=3) | st.just(["203.0.113.7/32"] * 11),
        "source_urls": st.lists(st.sampled_from(SOURCES), max_size=3),
        "input_credentials": st.none()
        | st.fixed_dictionaries(
            {"username": st.sampled_from(USERS), "password": st.sampled_from(PARAMETERS)}
        ),
        "encoding_profile": st.sampled_from([*PROFILE_NAMES, "8k"]),
        "tags": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=3)
        | st.just({str(n): "" for n in range(41)})
        | st.just({str(n): "" for n in range(40)}),
    },
)
# Where a source leads is said in words only: the schema cannot know hosts and buckets.
IN_WORDS = (
    "on the internet",
    "inside of a network",
    "neither a host name",
    "another spelling",
    "SOURCE_BUCKETS",
    "mode is always caller",
)
VALID = {"name": "Hall 2", "allowed_cidrs": ["203.0.113.7/32"]}


def agree(body: dict[str, Any]) -> None:
    errors, _cidrs = channel_errors({**DEFAULTS, **body}, PROFILE_NAMES)
    in_words = set(errors) == {"source_urls"} and any(words in errors["source_urls"] for words in IN_WORDS)
    assert described.is_valid(body) == (errors == {}) or in_words, (body, errors)


@settings(max_examples=volume(300, 5000), deadline=None, derandomize=True)
@given(bodies)
def test_description_and_services_agree(body: dict[str, Any]) -> None:
    agree(body)


def bodies_with(field: str) -> list[dict[str, Any]]:
    """Bodies that are valid but perhaps for this field."""
    pulled = [{"name": "a", "input_type": kind} for kind in sources.KINDS]
    return {
        "name": [{**VALID, "name": text} for text in NAMES],
        "allowed_cidrs": [{**VALID, "allowed_cidrs": [text]} for text in CIDRS],
        "source_urls": [{**pull, "source_urls": [text]} for text in SOURCES for pull in pulled],
        "tag keys": [{**VALID, "tags": {text: "a"}} for text in KEYS],
        "tag values": [{**VALID, "tags": {"a": text}} for text in VALUES],
    }[field]


@pytest.mark.parametrize("field", ["name", "allowed_cidrs", "source_urls", "tag keys", "tag values"])
def test_they_agree_about_each_value_alone(field: str) -> None:
    for body in bodies_with(field):
        agree(body)
