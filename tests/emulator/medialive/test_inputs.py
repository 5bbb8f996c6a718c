"""Inputs: what each type needs and gets, and when an input can be deleted."""

from __future__ import annotations

import pytest

from emulator.medialive import MediaLive

from .resources import Params, group, input_state, pass_time, push_input, refused, settings

SRT = {"SrtListenerAddress": "a.example", "SrtListenerPort": "9000"}


def test_rtmp_push_input_has_one_url_per_stream_name(ml: MediaLive) -> None:
    first, second = push_input(ml)["Destinations"]
    assert first["Url"] == f"rtmp://{first['Ip']}:1935/live/0"
    assert second["Url"] == f"rtmp://{second['Ip']}:1935/live/1"
    assert push_input(ml)["InputClass"] == "STANDARD"
    assert push_input(ml, urls=1)["InputClass"] == "SINGLE_PIPELINE"


def test_rtp_push_input_has_two_urls_on_port_5000(ml: MediaLive) -> None:
    new_input = ml.create_input({"Type": "RTP_PUSH", "InputSecurityGroups": [group(ml)]})["Input"]
    assert [destination["Url"] for destination in new_input["Destinations"]] == [
        f"rtp://{destination['Ip']}:5000" for destination in new_input["Destinations"]
    ]
    assert new_input["InputClass"] == "STANDARD"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Type": "RTMP_PUSH", "Destinations": [{"StreamName": "a/b"}]},
        {"Type": "RTMP_PUSH", "Destinations": [{"StreamName": "a/b"}], "InputSecurityGroups": ["1234567"]},
        {"Type": "RTMP_PUSH", "InputSecurityGroups": ["GROUP"]},
        {"Type": "RTMP_PUSH", "InputSecurityGroups": ["GROUP"], "Destinations": [{}]},
        {"Type": "URL_PULL"},
        {"Type": "URL_PULL", "Sources": [{"Url": ""}]},
        {"Type": "URL_PULL", "Sources": [{"Url": "rtmp://a.example/app/x"}]},
        {"Type": "URL_PULL", "Sources": [{"Url": "https://a.example/\r\nx.m3u8"}]},
        {"Type": "URL_PULL", "Sources": [{"Url": "https://a.example/x.m3u8"}] * 3},
        {"Type": "URL_PULL", "Sources": [{"Url": "https://a.example/x.m3u8", "Username": "anna"}]},
        {
            "Type": "URL_PULL",
            "Sources": [{"Url": "https://a.example/x.m3u8"}],
            "Destinations": [{"StreamName": "a/b"}],
        },
        {"Type": "RTMP_PULL", "Sources": [{"Url": "rtmps://a.example/app/x"}]},
        {"Type": "RTMP_PULL", "Sources": [{"Url": "https://a.example/x.m3u8"}]},
        {"Type": "MP4_FILE", "Sources": [{"Url": "https://a.example/x.m3u8"}]},
        {"Type": "TS_FILE", "Sources": [{"Url": "https://a.example/x.mp4"}]},
        {"Type": "SRT_CALLER", "Sources": [{"Url": "srt://a.example:9000"}]},
        {"Type": "SRT_CALLER", "SrtSettings": {"SrtCallerSources": []}},
        {"Type": "SRT_CALLER", "SrtSettings": {"SrtCallerSources": [{"SrtListenerAddress": "a.example"}]}},
        {"Type": "SRT_CALLER", "SrtSettings": {"SrtCallerSources": [SRT | {"SrtListenerPort": "70000"}]}},
        {"Type": "SRT_CALLER", "SrtSettings": {"SrtCallerSources": [SRT | {"MinimumLatency": 10}]}},
        {"Type": "CARRIER_PIGEON"},
        {},
    ],
)
def test_input_without_what_its_type_needs_is_400(ml: MediaLive, wrong: Params) -> None:
    if wrong.get("InputSecurityGroups") == ["GROUP"]:
        wrong = wrong | {"InputSecurityGroups": [group(ml)]}
    with refused("BadRequestException", 400):
        ml.create_input(wrong)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("RTMP_PULL", "rtmp://a.example/app/x"),
        ("URL_PULL", "https://a.example/x.m3u8"),
        ("MP4_FILE", "s3ssl://bucket/x.mp4"),
        ("TS_FILE", "https://a.example/x.m2ts"),
    ],
)
def test_each_type_pulls_its_own_sources(ml: MediaLive, kind: str, url: str) -> None:
    made = ml.create_input({"Type": kind, "Sources": [{"Url": url}]})["Input"]
    assert (made["Type"], made["Sources"], made["InputClass"]) == (kind, [{"Url": url}], "SINGLE_PIPELINE")


def test_an_srt_caller_has_one_or_two_listeners(ml: MediaLive) -> None:
    request = {"Type": "SRT_CALLER", "SrtSettings": {"SrtCallerSources": [SRT, SRT]}}
    made = ml.create_input(request)["Input"]
    assert made["SrtSettings"] == {"SrtCallerSources": [SRT, SRT]}
    assert made["InputClass"] == "STANDARD"


@pytest.mark.parametrize(
    ("channel_class", "heard"), [("SINGLE_PIPELINE", [[0], []]), ("STANDARD", [[0], [1]])]
)
def test_a_pipeline_hears_its_own_address_while_it_runs(
    ml: MediaLive, channel_class: str, heard: list[list[int]]
) -> None:
    made = push_input(ml)
    urls = [destination["Url"] for destination in made["Destinations"]]
    archive = {"Id": "archive", "Settings": [{"Url": f"s3ssl://a/{name}"} for name in "ab"]}
    more: Params = {"ChannelClass": channel_class}
    if channel_class == "STANDARD":
        more["Destinations"] = [settings("")["Destinations"][0], archive]
    key = ml.create_channel(settings(made["Id"], **more))["Channel"]["Id"]
    pass_time(ml)
    assert [ml.console("push", {"url": url})["heard_by"] for url in urls] == [[], []]
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert [ml.console("push", {"url": url})["heard_by"] for url in urls] == heard


def test_hls_without_buffer_segments_is_read_as_a_recording(ml: MediaLive) -> None:
    for network, reads in (({}, "from the start"), ({"BufferSegments": 3}, "from the end")):
        made = ml.create_input({"Type": "URL_PULL", "Sources": [{"Url": "https://a.example/x.m3u8"}]})[
            "Input"
        ]
        request = settings(made["Id"])
        request["InputAttachments"][0]["InputSettings"] = {
            "NetworkInputSettings": {"HlsInputSettings": network}
        }
        ml.create_channel(request)
        assert ml.inventory()["channels"][-1]["reads"] == [reads]


def test_an_input_is_edited_only_while_its_channel_is_idle(ml: MediaLive) -> None:
    key, other = push_input(ml)["Id"], group(ml)
    edit = {"InputId": key, "Name": "studio", "InputSecurityGroups": [other]}
    with refused("ConflictException", 409):  # still CREATING
        ml.update_input(edit)
    pass_time(ml, 5)
    assert ml.update_input(edit)["Input"]["Name"] == "studio"
    channel_id = ml.create_channel(settings(key))["Channel"]["Id"]
    with refused("ConflictException", 409):
        ml.update_input(edit)
    pass_time(ml)
    edited = ml.update_input({**edit, "Name": "hall"})["Input"]
    assert (edited["Name"], edited["SecurityGroups"], edited["State"]) == ("hall", [other], "ATTACHED")
    assert ml.describe_input_security_group({"InputSecurityGroupId": other})["Inputs"] == [key]
    ml.start_channel({"ChannelId": channel_id})
    for seconds in (0, 120):  # STARTING, RUNNING
        pass_time(ml, seconds)
        with refused("ConflictException", 409):
            ml.update_input(edit)
        with refused("ConflictException", 409):
            ml.console("update_input", {"id": key, "changes": {"Name": "foreign"}})
    assert ml.describe_input({"InputId": key})["Name"] == "hall"


def test_an_edit_replaces_what_it_names_and_keeps_the_addresses(ml: MediaLive) -> None:
    made = push_input(ml)
    pass_time(ml, 5)
    names = [{"StreamName": "other/a"}, {"StreamName": "other/b"}]
    edited = ml.update_input({"InputId": made["Id"], "Destinations": names})["Input"]
    assert [place["Url"] for place in edited["Destinations"]] == [
        f"rtmp://{place['Ip']}:1935/other/{end}"
        for place, end in zip(made["Destinations"], "ab", strict=True)
    ]
    assert (edited["Name"], edited["SecurityGroups"]) == (made["Name"], made["SecurityGroups"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"Sources": [{"Url": "https://a.example/x.m3u8"}]},
        {"InputSecurityGroups": []},
        {"InputSecurityGroups": ["1234567"]},
        {"Destinations": [{"StreamName": "live/0"}]},
        {"Destinations": [{}, {}]},
        {"MediaConnectFlows": [{}]},
        {"SrtSettings": {"SrtCallerSources": [SRT]}},
    ],
)
def test_an_edit_that_does_not_fit_the_input_is_400(ml: MediaLive, wrong: Params) -> None:
    key = push_input(ml)["Id"]
    ml.create_channel(settings(key))
    pass_time(ml)
    with refused("BadRequestException", 400):
        ml.update_input({"InputId": key, **wrong})


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("URL_PULL", {"Sources": [{"Url": "https://a.example/x.m3u8"}]}, {"Sources": [{"Url": "s3://b/y"}]}),
        (
            "SRT_CALLER",
            {"SrtSettings": {"SrtCallerSources": [SRT]}},
            {"SrtSettings": {"SrtCallerSources": [SRT | {"SrtListenerPort": "9001"}]}},
        ),
    ],
)
def test_the_sources_of_a_pull_input_are_edited(
    ml: MediaLive, kind: str, before: Params, after: Params
) -> None:
    key = ml.create_input({"Type": kind, **before})["Input"]["Id"]
    pass_time(ml, 5)
    edited = ml.update_input({"InputId": key, **after})["Input"]
    assert {name: edited[name] for name in after} == after
    assert {name: ml.update_input({"InputId": key, "Name": "n"})["Input"][name] for name in after} == after


def test_a_deleted_input_cannot_be_edited(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    pass_time(ml, 5)
    ml.delete_input({"InputId": key})
    with refused("ConflictException", 409):
        ml.update_input({"InputId": key, "Name": "n"})
    pass_time(ml)
    with refused("NotFoundException", 404):
        ml.update_input({"InputId": key, "Name": "n"})


def test_input_is_created_then_detached_then_attached(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    assert input_state(ml, key) == "CREATING"
    pass_time(ml, 5)
    assert input_state(ml, key) == "DETACHED"
    created = ml.create_channel(settings(key))["Channel"]
    described = ml.describe_input({"InputId": key})
    assert (described["State"], described["AttachedChannels"]) == ("ATTACHED", [created["Id"]])


def test_same_request_id_returns_the_same_input(ml: MediaLive) -> None:
    first = push_input(ml, RequestId="token")
    assert push_input(ml, RequestId="token")["Id"] == first["Id"]
    assert push_input(ml, RequestId="other")["Id"] != first["Id"]
    assert len(ml.inventory()["inputs"]) == 2


def test_request_id_of_a_deleted_input_gives_the_deleted_input_for_a_while(ml: MediaLive) -> None:
    key = push_input(ml, RequestId="token")["Id"]
    pass_time(ml)
    ml.delete_input({"InputId": key})
    for seconds in (0, 20):
        pass_time(ml, seconds)
        again = push_input(ml, RequestId="token")
        assert (again["Id"], again["State"] in ("DELETING", "DELETED")) == (key, True)
    pass_time(ml, 400)
    assert push_input(ml, RequestId="token")["Id"] != key


def test_attached_input_cannot_be_deleted(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    ml.create_channel(settings(key))
    pass_time(ml)
    with refused("ConflictException", 409):
        ml.delete_input({"InputId": key})


def test_deleted_input_is_described_for_a_while_but_not_listed(ml: MediaLive) -> None:
    key = push_input(ml)["Id"]
    pass_time(ml)
    ml.delete_input({"InputId": key})
    assert input_state(ml, key) == "DELETING"
    assert len(ml.list_inputs({})["Inputs"]) == 1
    pass_time(ml, 20)
    assert input_state(ml, key) == "DELETED"
    assert ml.list_inputs({})["Inputs"] == []
    with refused("NotFoundException", 404):
        ml.delete_input({"InputId": key})
    pass_time(ml, 301)
    with refused("NotFoundException", 404):
        ml.describe_input({"InputId": key})


def test_tags_are_added_and_removed_until_the_resource_is_deleted(ml: MediaLive) -> None:
    made = push_input(ml, Tags={"team": "events", "cost": "1"})
    pass_time(ml)
    ml.create_tags({"ResourceArn": made["Arn"], "Tags": {"team": "news"}})
    ml.delete_tags({"ResourceArn": made["Arn"], "TagKeys": ["cost", "unknown"]})
    assert ml.describe_input({"InputId": made["Id"]})["Tags"] == {"team": "news"}
    with refused("BadRequestException", 400):
        ml.create_tags({"ResourceArn": made["Arn"], "Tags": {str(n): "" for n in range(50)}})
    ml.delete_input({"InputId": made["Id"]})
    pass_time(ml)
    for call in (ml.create_tags, ml.delete_tags):
        with refused("NotFoundException", 404):
            call({"ResourceArn": made["Arn"], "Tags": {}, "TagKeys": []})
