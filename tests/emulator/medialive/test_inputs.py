"""Inputs: what each type needs and gets, and when an input can be deleted."""

from __future__ import annotations

import pytest

from emulator.medialive import MediaLive

from .resources import Params, group, input_state, pass_time, push_input, refused, settings


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
        {"Type": "CARRIER_PIGEON"},
        {},
    ],
)
def test_input_without_what_its_type_needs_is_400(ml: MediaLive, wrong: Params) -> None:
    if wrong.get("InputSecurityGroups") == ["GROUP"]:
        wrong = wrong | {"InputSecurityGroups": [group(ml)]}
    with refused("BadRequestException", 400):
        ml.create_input(wrong)


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
