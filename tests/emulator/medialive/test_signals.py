"""What a channel receives: encoders and sources, alerts, thumbnails and metrics of its input."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emulator import picture
from emulator.medialive import MediaLive
from emulator.server import Handle

from .resources import (
    Params,
    Wall,
    encoder_settings,
    group,
    pass_time,
    push_input,
    refused,
    settings,
)

ALL_METRICS = (
    "ActiveAlerts",
    "DroppedFrames",
    "FillMsec",
    "InputLossSeconds",
    "InputVideoFrameRate",
    "NetworkIn",
)
FIRST = 1_800_000_000  # the wall clock at the start


def run_channel(ml: MediaLive, made: Params, **more: Any) -> str:
    """A running channel on the input; returns its id."""
    encoder = {**encoder_settings(), "ThumbnailConfiguration": {"State": "AUTO"}}
    request = settings(made["Id"], EncoderSettings=encoder, **more)
    if more.get("ChannelClass") == "STANDARD":
        archive = {"Id": "archive", "Settings": [{"Url": f"s3ssl://a/{name}"} for name in "ab"]}
        request["Destinations"] = [request["Destinations"][0], archive]
    key = ml.create_channel(request)["Channel"]["Id"]
    pass_time(ml)
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    return str(key)


def urls(made: Params) -> list[str]:
    return [destination["Url"] for destination in made["Destinations"]]


def heard(ml: MediaLive, key: str) -> tuple[bool, ...]:
    channel = ml.channel(key)
    assert channel is not None
    return channel.run()[-1].pipelines


def alerts(ml: MediaLive, key: str, **more: Any) -> list[tuple[str, str, str]]:
    listed = ml.list_alerts({"ChannelId": key, **more})["Alerts"]
    return [(alert["PipelineId"], alert["AlertType"], alert["State"]) for alert in listed]


VIDEO, GONE = ("0", "Video Not Detected", "SET"), ("0", "RTMP Has No Audio/Video", "SET")


# -- encoders


def test_an_encoder_pushes_from_the_start_unless_somebody_unplugs_it(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    assert heard(ml, key) == (True,)
    ml.console("unplug", {"id": made["Id"]})
    assert heard(ml, key) == (False,)
    ml.console("plug", {"id": made["Id"]})
    assert heard(ml, key) == (True,)


def test_what_is_pushed_to_the_second_address_of_one_pipeline_is_lost(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    assert ml.console("push", {"url": urls(made)[1]})["heard_by"] == []
    assert heard(ml, key) == (False,)
    assert ml.console("push", {"urls": urls(made)})["heard_by"] == [0]
    assert heard(ml, key) == (True,)


def test_each_pipeline_of_a_standard_channel_hears_its_own_address(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made, ChannelClass="STANDARD")
    assert heard(ml, key) == (True, True)
    assert ml.console("push", {"url": urls(made)[1]})["heard_by"] == [1]
    assert heard(ml, key) == (False, True)


def test_an_address_outside_of_the_security_group_is_not_heard(ml: MediaLive) -> None:
    group_id = group(ml, "203.0.113.0/28")
    made = push_input(ml, InputSecurityGroups=[group_id])
    key = run_channel(ml, made)
    push = {"url": urls(made)[0], "from": "203.0.113.77"}
    assert ml.console("push", push)["heard_by"] == []
    assert ml.console("push", {**push, "from": "203.0.113.7"})["heard_by"] == [0]
    ml.console("update_input_security_group", {"id": group_id, "cidrs": ["192.0.2.0/24"]})
    assert heard(ml, key) == (False,)
    ml.console("update_input_security_group", {"id": group_id, "cidrs": ["203.0.113.7/32"]})
    assert heard(ml, key) == (True,)


def test_a_source_that_cannot_be_pulled_is_a_lost_input(ml: MediaLive) -> None:
    request = {"Type": "URL_PULL", "Sources": [{"Url": "https://a.example/x.m3u8"}]}
    made = ml.create_input(request)["Input"]
    key = run_channel(ml, made)
    assert heard(ml, key) == (True,)
    ml.console("unplug", {"id": made["Id"]})
    pass_time(ml)
    assert alerts(ml, key) == [("0", "HTTP Get Failed", "SET"), VIDEO]


# -- failover


def run_pair(ml: MediaLive) -> tuple[str, Params, Params]:
    """A running channel on a failover pair: its id and both inputs."""
    first, second = push_input(ml), push_input(ml)
    failover = {"SecondaryInputId": second["Id"]}
    attachments = [
        {
            "InputId": first["Id"],
            "InputAttachmentName": "main",
            "AutomaticInputFailoverSettings": failover,
        },
        {"InputId": second["Id"], "InputAttachmentName": "second"},
    ]
    return run_channel(ml, first, InputAttachments=attachments), first, second


def read_by(ml: MediaLive, key: str) -> str:
    details = ml.describe_channel({"ChannelId": key})["PipelineDetails"]
    return str(details[0]["ActiveInputAttachmentName"])


def switch(name: str, to: str) -> Params:
    settings = {"InputSwitchSettings": {"InputAttachmentNameReference": to}}
    start: Params = {"ImmediateModeScheduleActionStartSettings": {}}
    action = {"ActionName": name, "ScheduleActionStartSettings": start, "ScheduleActionSettings": settings}
    return {"Creates": {"ScheduleActions": [action]}}


def test_a_failover_pair_reads_the_other_input_once_the_first_is_lost(ml: MediaLive) -> None:
    key, first, second = run_pair(ml)
    ml.console("unplug", {"id": first["Id"]})
    assert read_by(ml, key) == "main"
    pass_time(ml, 2)
    assert (read_by(ml, key), heard(ml, key)) == ("second", (True,))
    ml.console("plug", {"id": first["Id"]})
    pass_time(ml)
    assert read_by(ml, key) == "second"
    ml.console("unplug", {"id": second["Id"]})
    pass_time(ml)
    assert (read_by(ml, key), heard(ml, key)) == ("main", (True,))


def test_an_action_of_the_schedule_switches_the_input_and_has_a_name_of_its_own(ml: MediaLive) -> None:
    key, _, _ = run_pair(ml)
    ml.batch_update_schedule({"ChannelId": key, **switch("one", "second")})
    assert read_by(ml, key) == "second"
    for action in (switch("one", "main"), switch("two", "third")):
        with refused("UnprocessableEntityException", 422):
            ml.batch_update_schedule({"ChannelId": key, **action})
    listed = ml.describe_schedule({"ChannelId": key})["ScheduleActions"]
    assert [action["ActionName"] for action in listed] == ["one"]


def test_a_restart_needs_a_running_channel(ml: MediaLive) -> None:
    key, _, _ = run_pair(ml)
    assert ml.restart_channel_pipelines({"ChannelId": key})["State"] == "RECOVERING"
    with refused("ConflictException", 409):
        ml.restart_channel_pipelines({"ChannelId": key})
    pass_time(ml)
    assert ml.restart_channel_pipelines({"ChannelId": key, "PipelineIds": ["PIPELINE_0"]})["State"]


def test_a_failover_pair_needs_both_inputs_attached(ml: MediaLive) -> None:
    first, second = push_input(ml), push_input(ml)
    failover = {"SecondaryInputId": second["Id"]}
    alone = [{"InputId": first["Id"], "AutomaticInputFailoverSettings": failover}]
    with refused("UnprocessableEntityException", 422):
        ml.create_channel(settings(first["Id"], InputAttachments=alone))


# -- alerts


def test_a_lost_input_is_an_alert_after_some_seconds_and_cleared_when_it_is_back(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    assert alerts(ml, key) == []
    ml.console("unplug", {"id": made["Id"]})
    assert alerts(ml, key) == []
    pass_time(ml, 10)
    assert alerts(ml, key) == [GONE, VIDEO]
    ml.console("plug", {"id": made["Id"]})
    assert {state for _, _, state in alerts(ml, key)} == {"CLEARED"}
    assert alerts(ml, key, StateFilter="SET") == []
    assert len(alerts(ml, key, StateFilter="CLEARED")) == 2
    pass_time(ml, 301)
    assert alerts(ml, key) == []


def test_a_short_loss_is_no_alert(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    for action in ("unplug", "plug"):
        ml.console(action, {"id": made["Id"]})
    pass_time(ml)
    assert alerts(ml, key) == []


def test_a_channel_that_never_received_its_stream_says_so(ml: MediaLive) -> None:
    made = push_input(ml)
    ml.console("unplug", {"id": made["Id"]})
    key = run_channel(ml, made)
    pass_time(ml)
    assert alerts(ml, key) == [("0", "RTMP Stream Not Found", "SET"), VIDEO]


def test_an_alert_is_of_the_pipeline_that_lost_its_input(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made, ChannelClass="STANDARD")
    ml.console("push", {"url": urls(made)[0]})
    pass_time(ml)
    assert {pipeline for pipeline, _, _ in alerts(ml, key)} == {"1"}


def test_a_stop_clears_the_alerts_and_the_next_run_counts_from_one(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    ml.console("unplug", {"id": made["Id"]})
    pass_time(ml)
    first = [alert["Id"] for alert in ml.list_alerts({"ChannelId": key})["Alerts"]]
    ml.stop_channel({"ChannelId": key})
    assert alerts(ml, key, StateFilter="SET") == []
    pass_time(ml, 400)
    assert alerts(ml, key) == []
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    pass_time(ml, 10)
    assert [alert["Id"] for alert in ml.list_alerts({"ChannelId": key})["Alerts"]] == first


def test_alerts_come_in_pages(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    ml.console("unplug", {"id": made["Id"]})
    pass_time(ml)
    page = ml.list_alerts({"ChannelId": key, "MaxResults": 1})
    rest = ml.list_alerts({"ChannelId": key, "MaxResults": 1, "NextToken": page["NextToken"]})
    assert [alert["AlertType"] for alert in page["Alerts"] + rest["Alerts"]] == [GONE[1], VIDEO[1]]
    assert "NextToken" not in rest
    for wrong in ({"NextToken": "x"}, {"MaxResults": 0 - 1}, {"StateFilter": "LOUD"}):
        with refused("BadRequestException", 400):
            ml.list_alerts({"ChannelId": key, **wrong})
    with refused("NotFoundException", 404):
        ml.list_alerts({"ChannelId": "1"})


# -- thumbnails


def thumbnail(ml: MediaLive, key: str, pipeline: str = "0") -> bytes:
    wanted = {"ChannelId": key, "PipelineId": pipeline, "ThumbnailType": "CURRENT_ACTIVE"}
    (detail,) = ml.describe_thumbnails(wanted)["ThumbnailDetails"]
    (shown,) = detail["Thumbnails"]
    assert (detail["PipelineId"], shown["ContentType"]) == (pipeline, "image/jpeg")
    return base64.b64decode(shown["Body"])


def test_a_thumbnail_shows_the_frame_of_now(ml: MediaLive, wall: Wall) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    seen = []
    for _ in range(12):
        seen.append(thumbnail(ml, key))
        wall.seconds += 2
    assert tuple(seen) == picture.pattern().stills
    ml.console("unplug", {"id": made["Id"]})
    assert thumbnail(ml, key) == picture.black().stills[0]


def test_there_are_no_thumbnails_unless_the_channel_runs_with_them_enabled(ml: MediaLive) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    wanted = {"ChannelId": key, "PipelineId": "0", "ThumbnailType": "CURRENT_ACTIVE"}
    with refused("NotFoundException", 404):
        ml.describe_thumbnails({**wanted, "PipelineId": "1"})
    with refused("BadRequestException", 400):
        ml.describe_thumbnails({**wanted, "PipelineId": "main"})
    ml.stop_channel({"ChannelId": key})
    with refused("NotFoundException", 404):
        ml.describe_thumbnails(wanted)
    pass_time(ml)
    ml.update_channel({"ChannelId": key, "EncoderSettings": encoder_settings()})
    pass_time(ml)
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    with refused("NotFoundException", 404) as caught:
        ml.describe_thumbnails(wanted)
    assert caught.value.message == "There are no thumbnails for this channel."


# -- metrics


def values(ml: MediaLive, key: str, name: str, pipeline: str = "0") -> list[tuple[int, float]]:
    """The points of the first five minutes, by minute."""
    points = ml.metric(name, key, pipeline, FIRST, FIRST + 300)
    return [((at - FIRST) // 60, value) for at, value in points]


def test_the_minutes_of_an_input_that_is_lost_and_comes_back(ml: MediaLive, wall: Wall) -> None:
    made = push_input(ml)
    key = run_channel(ml, made)
    wall.seconds += 90
    ml.console("unplug", {"id": made["Id"]})
    pass_time(ml, 10)
    wall.seconds += 75
    ml.console("plug", {"id": made["Id"]})
    wall.seconds += 60
    ml.stop_channel({"ChannelId": key})
    wall.seconds += 3600
    assert values(ml, key, "NetworkIn") == [(0, 5.0), (1, 2.5), (2, 1.25), (3, 5.0)]
    assert values(ml, key, "InputVideoFrameRate") == [(0, 25.0), (1, 12.5), (2, 6.25), (3, 25.0)]
    assert values(ml, key, "FillMsec") == [(0, 0.0), (1, 30_000.0), (2, 75_000.0), (3, 0.0)]
    assert values(ml, key, "ActiveAlerts") == [(0, 0.0), (1, 2.0), (2, 2.0), (3, 0.0)]
    assert values(ml, key, "DroppedFrames") == [(minute, 0.0) for minute in range(4)]
    assert values(ml, key, "InputLossSeconds") == []  # RTMP has no packets
    assert values(ml, key, "NetworkIn", "1") == []


def test_inputs_of_packets_count_the_seconds_without_any(ml: MediaLive, wall: Wall) -> None:
    request = {"Type": "RTP_PUSH", "InputSecurityGroups": [group(ml)]}
    made = ml.create_input(request)["Input"]
    key = run_channel(ml, made)
    wall.seconds += 90
    ml.console("unplug", {"id": made["Id"]})
    wall.seconds += 60
    assert values(ml, key, "InputLossSeconds") == [(0, 0.0), (1, 30.0), (2, 30.0)]


def test_a_channel_that_does_not_run_has_no_datapoints(ml: MediaLive, wall: Wall) -> None:
    made = push_input(ml)
    key = ml.create_channel(settings(made["Id"]))["Channel"]["Id"]
    wall.seconds += 120
    assert [values(ml, key, name) for name in ALL_METRICS] == [[]] * 6
    assert values(ml, "1", "NetworkIn") == []


# -- over HTTP, with boto3


def test_boto3_reads_alerts_thumbnails_and_metrics(aws: Handle, client: Any) -> None:
    client("mediapackage").create_channel(Id="main")
    medialive, cloudwatch = client("medialive"), client("cloudwatch")
    rules = [{"Cidr": "203.0.113.0/24"}]
    groups = [medialive.create_input_security_group(WhitelistRules=rules)["SecurityGroup"]["Id"]]
    names = [{"StreamName": "live/a"}]
    made = medialive.create_input(Name="a", Type="RTMP_PUSH", InputSecurityGroups=groups, Destinations=names)[
        "Input"
    ]
    encoder = {**encoder_settings(), "ThumbnailConfiguration": {"State": "AUTO"}}
    aws.control.advance(60)
    channel_id = medialive.create_channel(**settings(made["Id"], EncoderSettings=encoder))["Channel"]["Id"]
    aws.control.advance(60)
    medialive.start_channel(ChannelId=channel_id)
    aws.control.advance(100)
    aws.control.console("medialive", "unplug", id=made["Id"])
    aws.control.advance(10)
    listed = medialive.list_alerts(ChannelId=channel_id, StateFilter="SET")["Alerts"]
    assert [alert["AlertType"] for alert in listed] == [GONE[1], VIDEO[1]]
    assert datetime.now(UTC) - listed[0]["SetTimestamp"] < timedelta(seconds=30)
    thumbnails = medialive.describe_thumbnails(
        ChannelId=channel_id, PipelineId="0", ThumbnailType="CURRENT_ACTIVE"
    )
    assert base64.b64decode(thumbnails["ThumbnailDetails"][0]["Thumbnails"][0]["Body"])[:2] == b"\xff\xd8"

    def newest(name: str, *dimensions: tuple[str, str], **more: Any) -> list[float]:
        metric = {
            "Namespace": "AWS/MediaLive",
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
        }
        stat = {"Metric": metric, "Period": 60, "Stat": "Maximum", **more}
        now = datetime.now(UTC)
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "a", "MetricStat": stat}],
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(minutes=1),
        )
        return list(answer["MetricDataResults"][0]["Values"][:1])

    of = (("Pipeline", "0"), ("ChannelId", channel_id))
    assert newest("ActiveAlerts", *of) == [2.0]
    assert newest("ActiveAlerts", *of, Unit="Count") == [2.0]
    assert newest("ActiveAlerts", *of, Unit="Bytes") == []
    assert newest("ActiveAlerts", of[1]) == []
    assert newest("Frames", *of) == []


@pytest.mark.parametrize("action", ["plug", "unplug"])
def test_only_an_input_that_exists_can_be_plugged(ml: MediaLive, action: str) -> None:
    with refused("NotFoundException", 404):
        ml.console(action, {"id": "1"})
