"""What MediaLive may pull: the URLs of each input type, and where they may lead."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.services.sources import KINDS, credentials_errors, host_error, source_error, sources_error
from streamhub.aws.input_sources import sources_params

GOOD = {
    "RTMP_PULL": "rtmp://media.example.com/app/stream",
    "URL_PULL": "https://media.example.com/live/index.m3u8?token=a",
    "MP4_FILE": "https://media.example.com/film.mp4",
    "SRT_CALLER": "srt://203.0.113.7:9000?streamid=hall&latency=500",
}
SINGLE, STANDARD = "SINGLE_PIPELINE", "STANDARD"


def refusal(kind: str, url: str) -> str:
    """Why an input of this type does not pull the URL."""
    sentence = source_error(kind, url)
    assert sentence is not None, url
    return sentence


@pytest.mark.parametrize("kind", GOOD)
def test_each_type_pulls_its_own_urls_and_no_other(kind: str) -> None:
    assert source_error(kind, GOOD[kind]) is None
    for other in GOOD.keys() - {kind}:
        sentence = refusal(other, GOOD[kind])
        assert f"that {other} can pull" in sentence or f"{other} pulls" in sentence


def test_a_wrong_scheme_is_named_with_the_type_that_takes_it() -> None:
    assert refusal("URL_PULL", "rtmp://media.example.com/app/x") == (
        "URL_PULL pulls a live HLS playlist from http:// or https://, not from rtmp://. "
        "For rtmp:// choose RTMP_PULL."
    )


@pytest.mark.parametrize("url", ["rtmps://a.example/app/x", "rtp://a.example:5000", "udp://a.example:5000"])
@pytest.mark.parametrize("kind", GOOD)
def test_what_no_type_pulls_is_refused(kind: str, url: str) -> None:
    assert "not from" in refusal(kind, url)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("RTMP_PULL", "rtmp://media.example.com"),
        ("RTMP_PULL", "rtmp://media.example.com:0/a"),
        ("URL_PULL", "https://media.example.com/film.mp4"),
        ("URL_PULL", "https://media.example.com:70000/a.m3u8"),
        ("URL_PULL", "https://[::1/a.m3u8"),
        ("URL_PULL", "https://[:::]/a.m3u8"),
        ("MP4_FILE", "https://media.example.com/live.m3u8"),
        ("MP4_FILE", "https://media.example.com/.mp4/"),
        ("MP4_FILE", "s3://A.Bucket/film.mp4"),
        ("SRT_CALLER", "srt://media.example.com"),
        ("SRT_CALLER", "srt://[0]:9000"),
        ("MP4_FILE", "https://[f]/film.mp4"),
        ("SRT_CALLER", "srt://media.example.com:9000/app"),
        ("URL_PULL", ""),
        ("URL_PULL", "https://"),
    ],
)
def test_what_is_no_such_url_is_refused(kind: str, url: str) -> None:
    assert refusal(kind, url)


@pytest.mark.parametrize("character", ["\r", "\n", "\t", "\0", " ", "\x7f", "é", "\u202e"])
def test_a_character_that_does_not_belong_into_a_url_is_named(character: str) -> None:
    sentence = refusal("URL_PULL", f"https://a.example/{character}.m3u8")
    assert f"At position 19 is U+{ord(character):04X}" in sentence


def test_a_url_of_megabytes_is_refused_by_its_length_alone() -> None:
    assert refusal("URL_PULL", "https://a.example/" + "x" * 2_300_000) == (
        "A source URL has at most 2048 characters; one has 2300018."
    )


@pytest.mark.parametrize(
    "url", ["https://anna:hunter2@a.example/x.m3u8", "https://hunter2@a.example", "https://a@b@hunter2/x"]
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    sentence = refusal("URL_PULL", url)
    assert "no user name and no password" in sentence
    assert "hunter2" not in sentence


def test_the_query_of_a_refused_url_is_not_repeated() -> None:
    assert "token" not in refusal("URL_PULL", "https://a.example/x.mpd?token=hunter2")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "127.0.0.1."),
        *("2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "0xA9FEA9FE"),
        *("::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "2001:0:0:0:0:0:80ff:fffe",
        ),
    ],
)
def test_an_address_that_is_not_on_the_internet_is_refused_however_it_is_written(host: str) -> None:
    sentence = host_error(host)
    assert sentence is not None
    assert "not an address on the internet" in sentence


@pytest.mark.parametrize(
    "host",
    ["localhost", "intranet", "printer.local", "metadata.google.internal", "a.localhost", "LOCALHOST."],
)
def test_a_name_inside_of_a_network_is_refused(host: str) -> None:
    assert "name inside of a network" in (host_error(host) or "")


@pytest.mark.parametrize("host", ["256.1.1.1", "1.2.3.4.5", "a.b.3"])
def test_a_host_that_ends_with_a_number_is_an_address_or_nothing(host: str) -> None:
    assert "neither a host name nor an address" in (host_error(host) or "")


def test_another_spelling_of_a_public_address_is_refused_too() -> None:
    assert host_error("0x08080808") == (
        "0x08080808 is another spelling of 8.8.8.8. Write the address as 8.8.8.8."
    )


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "media.example.com", "xn--bcher-kva.example.", "2600::1", "203.0.113.7"]
)
def test_hosts_on_the_internet_are_taken(host: str) -> None:
    assert host_error(host) is None


def test_only_listed_hosts_are_taken_once_there_is_a_list(settings: Any) -> None:
    settings.SOURCE_HOSTS = ["media.example.com", "*.cdn.example"]
    assert [
        host
        for host in ("media.example.com", "a.CDN.example", "cdn.example", "evilcdn.example", "x.example")
        if host_error(host) is None
    ] == ["media.example.com", "a.CDN.example"]
    assert "media.example.com, *.cdn.example" in (host_error("x.example") or "")


def test_a_listed_host_is_still_refused_inside_of_a_network(settings: Any) -> None:
    settings.SOURCE_HOSTS = ["127.0.0.1"]
    assert "not an address on the internet" in (host_error("127.0.0.1") or "")


def test_files_come_from_buckets_of_this_account_only(settings: Any) -> None:
    settings.RECORDING_BUCKET, settings.MEDIA_BUCKET, settings.SOURCE_BUCKETS = "recordings", "", ["films"]
    for bucket in ("recordings", "films"):
        assert source_error("MP4_FILE", f"s3://{bucket}/film.mp4") is None
    assert refusal("MP4_FILE", "s3ssl://others/film.mp4") == (
        "The bucket others is not one of ours: films, recordings. Name it in SOURCE_BUCKETS if it is."
    )
    settings.RECORDING_BUCKET, settings.SOURCE_BUCKETS = "", []
    assert "Name it in SOURCE_BUCKETS" in refusal("MP4_FILE", "s3://others/film.mp4")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("passphrase=hunter2", "does not belong into a URL"),
        ("mode=listener", "mode is always caller"),
        ("streamid=a&streamid=b", "stands twice"),
        ("latency=119", "120 to 15000"),
        ("latency=15001", "120 to 15000"),
        ("latency=soon", "120 to 15000"),
        ("pbkeylen=16", "'pbkeylen'"),
        ("streamid=" + "x" * 513, "at most 512"),
    ],
)
def test_a_parameter_that_srt_does_not_take_is_named(query: str, words: str) -> None:
    sentence = refusal("SRT_CALLER", f"srt://media.example.com:9000?{query}")
    assert words in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize(("channel_class", "number"), [(SINGLE, 1), (STANDARD, 2)])
def test_there_is_one_source_for_each_pipeline(channel_class: str, number: int) -> None:
    for count in range(4):
        error = sources_error("URL_PULL", [GOOD["URL_PULL"]] * count, channel_class)
        assert (error is None) == (count == number)


def test_credentials_are_a_user_name_and_the_name_of_a_parameter() -> None:
    good = {"username": "anna", "password": "/streamhub/stage"}
    assert credentials_errors("RTMP_PULL", good) == {}
    assert credentials_errors("RTMP_PULL", None) == {}
    assert set(credentials_errors("RTMP_PULL", {"username": "", "password": ""})) == {
        "input_credentials.username",
        "input_credentials.password",
    }


@pytest.mark.parametrize("password", ["hunter2", "/a b", "/", "a/b", "/a/", "/ä", "/" + "x" * 1011, "/a\n"])
def test_a_password_instead_of_a_parameters_name_is_refused_and_not_repeated(password: str) -> None:
    errors = credentials_errors("URL_PULL", {"username": "anna", "password": password})
    assert list(errors) == ["input_credentials.password"]
    assert "hunter2" not in errors["input_credentials.password"]


@pytest.mark.parametrize("kind", ["SRT_CALLER", "RTMP_PUSH", "RTP_PUSH"])
def test_other_inputs_take_no_credentials(kind: str) -> None:
    errors = credentials_errors(kind, {"username": "anna", "password": "/a"})
    assert list(errors) == ["input_credentials"]


def test_brackets_hold_an_address() -> None:
    assert source_error("SRT_CALLER", "srt://[.A]:65530")


@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)))
def test_a_url_of_the_right_form_is_taken_or_refused(data: st.DataObject, kind: str) -> None:
    url = data.draw(st.from_regex(re.compile(KINDS[kind].pattern, re.ASCII), fullmatch=True))
    sentence = source_error(kind, url)
    if sentence is None:
        assert sources_params(kind, [url], None)
    else:
        assert sentence.endswith(".")
