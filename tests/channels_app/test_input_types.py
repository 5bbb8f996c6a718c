"""Each input type on the emulator: what AWS is asked for, what works, and who sees what."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from channels_app import ingest
from channels_app.models import Channel
from channels_app.services import breakout_create, breakout_start, channel_create
from streamhub.aws.session import AwsSession
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

PUSH = {"allowed_cidrs": ["203.0.113.7/32"]}
HLS = {"input_type": "URL_PULL", "source_urls": ["https://media.example.com/live.m3u8"]}
SECRET = {"username": "anna", "password": "/streamhub/stage"}


def created(world: WorldUnderTest, **options: Any) -> Channel:
    """A channel that is idle on the emulator."""
    row = channel_create("stage", who=TESTER, **options)
    world.settle()
    row.refresh_from_db()
    assert row.state == "idle", row.error
    assert world.illegal() == []
    return row


def input_of(session: AwsSession, row: Channel) -> dict[str, Any]:
    return session.call("medialive", "DescribeInput", InputId=row.ml_input_id)[0]


def settings_of(session: AwsSession, row: Channel) -> dict[str, Any]:
    channel, _request_id = session.call("medialive", "DescribeChannel", ChannelId=row.ml_channel_id)
    return dict(channel["InputAttachments"][0]["InputSettings"])


@pytest.mark.parametrize(
    ("options", "type", "end"),
    [
        (PUSH, "RTMP_PUSH", "CONTINUE"),
        ({**PUSH, "input_type": "RTP_PUSH"}, "RTP_PUSH", "CONTINUE"),
        ({"input_type": "RTMP_PULL", "source_urls": ["rtmp://a.example/app/x"]}, "RTMP_PULL", "CONTINUE"),
        (HLS, "URL_PULL", "CONTINUE"),
        ({"input_type": "MP4_FILE", "source_urls": ["https://a.example/x.mp4"]}, "MP4_FILE", "LOOP"),
        ({"input_type": "SRT_CALLER", "source_urls": ["srt://a.example:9000"]}, "SRT_CALLER", "CONTINUE"),
    ],
)
def test_each_type_is_created_as_itself(
    world: WorldUnderTest, options: dict[str, Any], type: str, end: str
) -> None:
    row = created(world, **options)
    assert input_of(world.session, row)["Type"] == type
    assert settings_of(world.session, row)["SourceEndBehavior"] == end


def test_hls_is_read_live_and_nothing_else_has_its_settings(world: WorldUnderTest) -> None:
    created(world, **HLS)
    [channel] = world.control.inventory()["medialive"]["channels"]
    assert channel["reads"] == ["from the end"]


def test_srt_goes_to_the_listener_with_its_stream(world: WorldUnderTest) -> None:
    urls = ["srt://a.example:9000?streamid=hall%2F1&latency=500", "srt://8.8.8.8:9001"]
    row = created(world, input_type="SRT_CALLER", source_urls=urls, channel_class="STANDARD")
    described = input_of(world.session, row)
    assert described["SrtSettings"]["SrtCallerSources"] == [
        {
            "SrtListenerAddress": "a.example",
            "SrtListenerPort": "9000",
            "StreamId": "hall/1",
            "MinimumLatency": 500,
        },
        {"SrtListenerAddress": "8.8.8.8", "SrtListenerPort": "9001", "MinimumLatency": 2000},
    ]
    assert described["InputClass"] == "STANDARD"


def test_credentials_reach_aws_and_nobody_else(
    world: WorldUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    row = created(world, **HLS, input_credentials=SECRET)
    [source] = input_of(world.session, row)["Sources"]
    assert (source["Username"], source["PasswordParam"]) == ("anna", "/streamhub/stage")
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    page = client.get(reverse("admin:channels_app_channel_change", args=[row.pk])).content.decode()
    assert "a user name and a password" in page
    assert "/streamhub/stage" not in page + caplog.text


# --- the addresses of push inputs ------------------------------------------------------------


@pytest.mark.parametrize("input_type", ["RTMP_PUSH", "RTP_PUSH"])
@pytest.mark.parametrize(("channel_class", "used"), [("SINGLE_PIPELINE", [0]), ("STANDARD", [0, 1])])
def test_an_address_that_is_handed_out_is_heard_and_no_other(
    world: WorldUnderTest, input_type: str, channel_class: str, used: list[int]
) -> None:
    row = created(world, **PUSH, input_type=input_type, channel_class=channel_class)
    breakout_start(breakout_create(row, "Keynote", who=TESTER), who=TESTER)
    world.settle()
    heard = {
        url.url: world.control.console("medialive", "push", url=url.url)["heard_by"]
        for url in ingest.ingest_of(row)
    }
    assert [url for url, pipelines in heard.items() if pipelines] == ingest.input_dest_urls(row)
    assert [number for pipelines in heard.values() for number in pipelines] == used
    assert len(heard) == 2


def test_an_rtmp_address_is_a_server_and_a_stream_key(db: None) -> None:
    row = rows.channel(input_urls=["rtmp://198.51.100.7:1935/abc/a", "rtmp://198.51.100.8:1935/abc/b"])
    first, second = ingest.ingest_of(row)
    assert (first.server, first.stream_key, first.pipeline, first.active) == (
        "rtmp://198.51.100.7:1935/abc",
        "a",
        0,
        True,
    )
    assert (second.pipeline, second.active) == (1, False)


def test_an_rtp_address_has_no_stream_key(db: None) -> None:
    [url] = ingest.ingest_of(rows.channel(input_urls=["rtp://198.51.100.7:5000"]))
    assert (url.server, url.stream_key) == ("rtp://198.51.100.7:5000", None)


def test_the_page_copies_only_an_address_that_works(db: None) -> None:
    row = rows.channel(input_urls=["rtmp://198.51.100.7:1935/abc/a", "rtmp://198.51.100.8:1935/abc/b"])
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    page = client.get(reverse("admin:channels_app_channel_change", args=[row.pk])).content.decode()
    assert 'data-sh-copy="rtmp://198.51.100.7:1935/abc/a"' in page
    assert 'data-sh-copy="rtmp://198.51.100.8:1935/abc' not in page
    assert "pipeline 1, not used" in " ".join(page.split())


# --- the form ---------------------------------------------------------------------------------


def test_the_form_creates_a_channel_that_pulls_with_credentials(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    data = {
        "name": "Feed",
        "input_type": "RTMP_PULL",
        "source_urls": "rtmp://media.example.com/app/x",
        "source_username": "anna",
        "source_password_param": "/streamhub/feed",
        "channel_class": "SINGLE_PIPELINE",
        "encoding_profile": "720p",
    }
    url = reverse("admin:channels_app_channel_add")
    assert client.post(url, data).status_code == 302
    row = Channel.objects.get()
    assert (row.source_username, row.source_password_param) == ("anna", "/streamhub/feed")
    for field, value, kind in (
        ("source_password_param", "hunter2", "RTMP_PULL"),
        ("source_username", "", "RTMP_PULL"),
        ("source_urls", "https://media.example.com/a.m3u8", "RTMP_PULL"),
    ):
        response = client.post(url, {**data, "name": "Other", "input_type": kind, field: value})
        assert response.status_code == 422, (field, kind)
        assert field in response.context["form"].errors, (field, kind, response.context["form"].errors)
        assert "hunter2" not in response.content.decode()
    left_out = {**data, "name": "Other", "allowed_cidrs": "203.0.113.7/32"}  # of another choice
    assert client.post(url, left_out).status_code == 302
    assert Channel.objects.get(name="Other").allowed_cidrs == []
