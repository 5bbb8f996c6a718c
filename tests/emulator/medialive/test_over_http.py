"""MediaLive over HTTP, with boto3."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.server import Handle

from .resources import Params, encoder_settings, settings

FAST = {"Delay": 0.05, "MaxAttempts": 200}


@pytest.fixture
def medialive(aws: Handle, client: Any) -> Any:
    aws.control.scale(0.01)
    client("mediapackage").create_channel(Id="main")
    return client("medialive")


def boto_input(medialive: Any) -> Params:
    rules = [{"Cidr": "203.0.113.0/24"}]
    created = medialive.create_input_security_group(WhitelistRules=rules, Tags={"mark": "ours"})
    names = [{"StreamName": "live/a"}, {"StreamName": "live/b"}]
    groups = [created["SecurityGroup"]["Id"]]
    return medialive.create_input(
        Name="encoder",
        Type="RTMP_PUSH",
        InputSecurityGroups=groups,
        Destinations=names,
        Tags={"mark": "ours"},
    )["Input"]


def test_boto3_waiters_follow_a_channel_through_its_life(medialive: Any) -> None:
    def wait(name: str, **of: str) -> None:
        medialive.get_waiter(name).wait(WaiterConfig=FAST, **of)

    new_input = boto_input(medialive)
    wait("input_detached", InputId=new_input["Id"])
    created = medialive.create_channel(**settings(new_input["Id"], Tags={"mark": "ours"}))["Channel"]
    assert created["State"] == "CREATING"
    wait("input_attached", InputId=new_input["Id"])
    wait("channel_created", ChannelId=created["Id"])
    assert medialive.start_channel(ChannelId=created["Id"])["State"] == "STARTING"
    wait("channel_running", ChannelId=created["Id"])
    assert medialive.describe_channel(ChannelId=created["Id"])["PipelinesRunningCount"] == 1
    medialive.stop_channel(ChannelId=created["Id"])
    wait("channel_stopped", ChannelId=created["Id"])
    medialive.delete_channel(ChannelId=created["Id"])
    wait("channel_deleted", ChannelId=created["Id"])
    wait("input_detached", InputId=new_input["Id"])
    medialive.delete_input(InputId=new_input["Id"])
    wait("input_deleted", InputId=new_input["Id"])
    medialive.delete_input_security_group(InputSecurityGroupId=new_input["SecurityGroups"][0])


def test_boto3_reads_what_it_wrote(medialive: Any) -> None:
    new_input = boto_input(medialive)
    created = medialive.create_channel(**settings(new_input["Id"], Tags={"mark": "ours"}))["Channel"]
    described = medialive.describe_channel(ChannelId=created["Id"])
    assert described["EncoderSettings"] == encoder_settings()
    assert described["Tags"] == {"mark": "ours"}
    assert [url["Url"].split("/", 3)[3] for url in new_input["Destinations"]] == ["live/a", "live/b"]
    (summary,) = medialive.list_channels()["Channels"]
    assert summary["Tags"] == {"mark": "ours"}


def test_boto3_raises_the_exception_of_the_model(medialive: Any) -> None:
    with pytest.raises(medialive.exceptions.UnprocessableEntityException) as raised:
        medialive.create_channel(**settings("7654321"))
    (error,) = raised.value.response["ValidationErrors"]
    assert error["ElementPath"] == "inputAttachments[0].inputId"
    with pytest.raises(medialive.exceptions.NotFoundException):
        medialive.describe_channel(ChannelId="7654321")
    new_input = boto_input(medialive)
    medialive.create_channel(**settings(new_input["Id"]))
    with pytest.raises(medialive.exceptions.ConflictException):
        medialive.delete_input(InputId=new_input["Id"])


def test_boto3_repeats_a_creation_without_a_second_channel(medialive: Any) -> None:
    request = settings(boto_input(medialive)["Id"], RequestId="token")
    first, second = (medialive.create_channel(**request)["Channel"]["Id"] for _ in range(2))
    assert first == second


def test_boto3_paginates(medialive: Any) -> None:
    keys = [boto_input(medialive)["Id"] for _ in range(5)]
    pages = medialive.get_paginator("list_inputs").paginate(PaginationConfig={"PageSize": 2})
    assert [[item["Id"] for item in page["Inputs"]] for page in pages] == [keys[:2], keys[2:4], keys[4:]]
