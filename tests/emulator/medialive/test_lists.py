"""MediaLive's lists and quotas."""

from __future__ import annotations

import copy
import itertools
import time

import pytest

from emulator.medialive import MediaLive

from .resources import channel, group, pass_time, push_input, refused, settings


def test_summaries_leave_out_encoder_settings(ml: MediaLive) -> None:
    key = channel(ml, Tags={"a": "b"})
    (summary,) = ml.list_channels({})["Channels"]
    assert summary["Id"] == key
    assert {
        "Name",
        "State",
        "Tags",
        "Arn",
        "ChannelClass",
        "InputAttachments",
        "Destinations",
    } <= summary.keys()
    assert "EncoderSettings" not in summary


def test_lists_are_paged(ml: MediaLive) -> None:
    keys = [push_input(ml)["Id"] for _ in range(5)]
    first = ml.list_inputs({"MaxResults": 2})
    second = ml.list_inputs({"MaxResults": 3, "NextToken": first["NextToken"]})
    assert [item["Id"] for item in first["Inputs"] + second["Inputs"]] == keys
    assert "NextToken" not in second
    with refused("BadRequestException", 400):
        ml.list_inputs({"NextToken": "nonsense"})


def test_ten_thousand_inputs_take_less_than_five_seconds(ml: MediaLive) -> None:
    ml.quotas["push_inputs"] = 20_000
    shared = group(ml)
    began = time.perf_counter()
    for _ in range(10_000):
        push_input(ml, InputSecurityGroups=[shared])
    pass_time(ml)
    token, count = None, 0
    for _ in itertools.count():
        page = ml.list_inputs({"MaxResults": 100, **({"NextToken": token} if token else {})})
        count, token = count + len(page["Inputs"]), page.get("NextToken")
        if not token:
            break
    for item in list(ml.inventory()["inputs"]):
        ml.delete_input({"InputId": item["id"]})
    pass_time(ml)
    assert count == 10_000
    assert ml.list_inputs({})["Inputs"] == []
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("name", ["channels", "push_inputs", "pull_inputs", "input_security_groups"])
def test_over_quota_is_429(ml: MediaLive, name: str) -> None:
    shared = group(ml)
    input_id = push_input(ml, InputSecurityGroups=[shared])["Id"]
    ml.console("set_quota", {"channels": 0, "push_inputs": 1, "pull_inputs": 0, "input_security_groups": 1})
    create = {
        "channels": lambda: ml.create_channel(settings(input_id)),
        "push_inputs": lambda: push_input(ml, InputSecurityGroups=[shared]),
        "pull_inputs": lambda: ml.console("create_foreign_input", {}),
        "input_security_groups": lambda: group(ml),
    }[name]
    with refused("TooManyRequestsException", 429) as refusal:
        create()
    assert "limit" in refusal.value.message


def test_deleted_inputs_do_not_count_against_the_quota(ml: MediaLive) -> None:
    ml.quotas["push_inputs"] = 1
    key = push_input(ml)["Id"]
    pass_time(ml)
    ml.delete_input({"InputId": key})
    pass_time(ml)
    assert push_input(ml)


def test_later_calls_do_not_change_earlier_answers(ml: MediaLive) -> None:
    key = channel(ml)
    answer = ml.describe_channel({"ChannelId": key})
    before = copy.deepcopy(answer)
    ml.start_channel({"ChannelId": key})
    assert answer == before
