"""What AWS says about the input of a running channel: from the job to row, API, readiness, alarm, page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels_app import input_health as health_module
from channels_app.admin import control_room
from channels_app.decide.input_health import Alert, Source, missing_detail
from channels_app.driver import watching
from channels_app.driver.watching import (
    ALERT_CALLS,
    FIRST_CALLS,
    STILL_CALLS,
    Watch,
    brightness_of,
    watch,
)
from channels_app.input_health import InputHealth, input_figures, input_health, with_facts
from channels_app.models import Breakout, Channel, InputFacts, PipelineStill
from channels_app.readiness import readiness
from channels_app.services import breakout_create, breakout_start, breakout_stop
from channels_app.tasks import watch_inputs
from channels_app.thumbnails import thumbnail
from emulator import picture
from streamhub.alerts.rules import sources
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

CALLS = ("medialive:ListAlerts", "medialive:DescribeThumbnails", "cloudwatch:GetMetricData")
SINCE = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def on_air(world: WorldUnderTest, stage: Channel) -> Channel:
    breakout_start(breakout_create(stage, "talk", who=TESTER), who=TESTER)
    world.settle()
    world.control.clear_calls()
    return seen(stage)


def seen(channel: Channel) -> Channel:
    return with_facts(Channel.objects.all()).get(pk=channel.pk)


def calls(world: WorldUnderTest) -> dict[str, int]:
    return {call: number for call, number in world.counts().items() if call in CALLS}


def looked(world: WorldUnderTest, channel: Channel) -> InputHealth:
    """What is known after AWS had time to raise its alerts, and after one run of the job."""
    world.control.advance(60)
    watch_inputs()
    return input_health(seen(channel))


def alarms() -> list[str]:
    found = [condition for source in sources() for condition in source.current()]
    return [f"{each.severity} {each.rule}" for each in found if each.rule.startswith("input_")]


def unplug(world: WorldUnderTest, channel: Channel) -> None:
    world.control.console("medialive", "unplug", id=channel.ml_input_id)


def test_an_idle_house_makes_no_call(world: WorldUnderTest, stage: Channel) -> None:
    watch_inputs()
    assert world.counts() == {}
    assert input_health(seen(stage)) == InputHealth(None, health_module.NOT_RUNNING, None)


def test_what_is_received_is_said_without_a_query(world: WorldUnderTest, on_air: Channel) -> None:
    assert input_health(on_air).ok is None
    watch_inputs()
    channel = seen(on_air)
    with CaptureQueriesContext(connection) as queries:
        health, figures, still = input_health(channel), input_figures(channel), thumbnail(channel)
    assert len(queries) == 0
    assert health.ok is True
    assert health.observed_at is not None
    assert figures.alerts == ()
    assert still is not None
    assert calls(world) == dict.fromkeys(CALLS, 1)
    assert alarms() == []


def test_an_unplugged_encoder_is_red_everywhere(
    world: WorldUnderTest, on_air: Channel, operator: Client
) -> None:
    watch_inputs()
    unplug(world, on_air)
    health = looked(world, on_air)
    assert health.ok is False
    assert health.detail.startswith("Nothing arrives at the first URL any more.")
    assert [alert.kind for alert in input_figures(seen(on_air)).alerts] == [
        "Video Not Detected",
        "RTMP Has No Audio/Video",
    ]
    assert alarms() == ["critical input_missing"]
    ready = readiness(Breakout.objects.select_related("channel__distribution").get())
    assert [check.ok for check in ready.checks if check.name == "receiving"] == [False]
    for row in (on_air, Breakout.objects.get()):
        page = reverse(f"admin:channels_app_{row._meta.model_name}_change", args=[row.pk])
        assert "Nothing arrives at the first URL any more" in operator.get(page).content.decode()

    world.control.console("medialive", "plug", id=on_air.ml_input_id)
    assert looked(world, on_air).ok is True
    assert alarms() == []


def test_pushes_to_the_second_url_or_from_elsewhere_are_named(world: WorldUnderTest, on_air: Channel) -> None:
    first, second = on_air.input_urls
    for push in ({"url": second}, {"url": first, "from": "198.51.100.9"}):
        breakout = Breakout.objects.create(channel=on_air, channel_uid=on_air.uid, name="again")
        breakout_stop(Breakout.objects.get(state="running"), who=TESTER)
        world.settle()
        world.control.console("medialive", "push", **push)
        breakout_start(breakout, who=TESTER)
        world.settle()
        detail = looked(world, on_air).detail
        assert detail.startswith("Nothing has arrived at the first URL since the channel runs."), push
        assert "What arrives at the second URL is discarded" in detail
        assert "Encoders outside 203.0.113.7/32 are shut out" in detail
        assert first not in detail


def test_a_black_picture_that_is_received_is_said_after_two_stills(
    world: WorldUnderTest, on_air: Channel
) -> None:
    world.control.console("medialive", "show", id=on_air.ml_input_id, picture="black")
    assert looked(world, on_air).ok is True
    health = looked(world, on_air)
    assert health.ok is False
    assert "looks black" in health.detail
    assert alarms() == ["warning input_black"]
    world.control.console("medialive", "show", id=on_air.ml_input_id, picture="pattern")
    assert looked(world, on_air).ok is True


def test_after_the_encoder_is_back_its_last_black_still_is_no_alarm(
    world: WorldUnderTest, on_air: Channel
) -> None:
    unplug(world, on_air)
    looked(world, on_air)
    looked(world, on_air)  # two black stills, of MediaLive's own fill
    world.control.console("medialive", "plug", id=on_air.ml_input_id)
    world.control.fault("medialive:DescribeThumbnails", "not_found")  # there is no newer one yet
    assert looked(world, on_air).ok is True


def test_what_aws_does_not_answer_is_not_known_and_not_well(world: WorldUnderTest, on_air: Channel) -> None:
    world.control.fault("medialive:ListAlerts", "access_denied")
    watch_inputs()
    health = input_health(seen(on_air))
    assert health.ok is None
    assert "AWS could not be asked" in health.detail


def test_old_answers_are_not_relied_on(world: WorldUnderTest, on_air: Channel) -> None:
    watch_inputs()
    InputFacts.objects.update(observed_at=on_air.state_since + timedelta(seconds=1))
    Channel.objects.update(state_since=on_air.state_since - timedelta(minutes=10))
    InputFacts.objects.update(observed_at=on_air.state_since - health_module.STALE_AFTER * 2)
    assert input_health(seen(on_air)).ok is None


@pytest.mark.parametrize(("channels", "age", "late"), [(1, 25, False), (1, 40, True), (150, 50, False)])
def test_a_late_answer_is_no_green_light(
    world: WorldUnderTest, on_air: Channel, operator: Client, channels: int, age: int, late: bool
) -> None:
    watch_inputs()
    Channel.objects.update(state_since=Now() - timedelta(minutes=10))
    InputFacts.objects.update(observed_at=Now() - timedelta(seconds=age))
    others = [Channel(name=f"c{n}", name_key=f"c{n}") for n in range(channels - 1)]
    InputFacts.objects.bulk_create(InputFacts(channel=row) for row in Channel.objects.bulk_create(others))
    live = operator.get("/admin/live/").content.decode()
    room = operator.get(control_room.url_of(Breakout.objects.get())).content.decode()
    for page in (live, room):
        assert ("input received" in page) is not late
        assert ("input last seen" in page) is late


def test_nothing_is_kept_of_a_channel_that_stopped(world: WorldUnderTest, on_air: Channel) -> None:
    watch_inputs()
    assert PipelineStill.objects.count() == 1
    breakout_stop(Breakout.objects.get(), who=TESTER)
    world.settle()
    watch_inputs()
    assert (InputFacts.objects.count(), PipelineStill.objects.count()) == (0, 0)


def test_200_live_channels_take_bounded_calls_and_nobody_starves(
    world: WorldUnderTest, on_air: Channel
) -> None:
    extra = [
        Channel(
            name=f"c{n}", name_key=f"c{n}", ml_channel_id=on_air.ml_channel_id, ml_channel_state="RUNNING"
        )
        for n in range(199)
    ]
    Channel.objects.bulk_create(extra)
    watch_inputs()
    assert calls(world) == {
        "medialive:ListAlerts": ALERT_CALLS,
        "medialive:DescribeThumbnails": STILL_CALLS,
        "cloudwatch:GetMetricData": 2,  # of 600 series
    }
    unasked = set(InputFacts.objects.filter(asked_at=None).values_list("pk", flat=True))
    following = Watch(Mock(), list(InputFacts.objects.select_related("channel")))
    next_asked = {row.pk for row in following.alert_order()}
    assert len(next_asked & unasked) == ALERT_CALLS
    # What is suspicious comes first, and leaves room for the others.
    following.suspicious = set(InputFacts.objects.exclude(asked_at=None).values_list("pk", flat=True))
    next_asked = {row.pk for row in following.alert_order()}
    assert len(next_asked & unasked) == ALERT_CALLS - FIRST_CALLS


def test_a_thumbnail_is_for_staff_and_is_not_sent_twice(
    world: WorldUnderTest, on_air: Channel, operator: Client
) -> None:
    watch_inputs()
    found = thumbnail(seen(on_air))
    assert found is not None
    answer = operator.get(found.url)
    assert answer["Content-Type"] == "image/jpeg"
    assert answer.content in picture.pattern().stills
    again = operator.get(found.url, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().get(found.url).status_code == 302


def test_brightness_is_that_of_the_pixels() -> None:
    assert brightness_of(picture.black().still(0)) < 24 < brightness_of(picture.pattern().still(0))
    assert brightness_of(b"not a picture") is None


def test_aws_is_left_alone_after_errors_in_a_row(world: WorldUnderTest, on_air: Channel) -> None:
    Channel.objects.bulk_create(
        Channel(name=f"c{n}", name_key=f"c{n}", ml_channel_id=f"x{n}", ml_channel_state="RUNNING")
        for n in range(9)
    )
    world.control.fault("medialive:*", "access_denied")
    run = Mock()
    watch(run)
    assert calls(world)["medialive:ListAlerts"] == watching.ERRORS_IN_A_ROW


DETAILS = [
    pytest.param(
        (Alert(SINCE, "HTTP Get Failed", 0, ""),),
        1,
        Source(pulled=["media.example.com"]),
        "Nothing comes from media.example.com: check that the source sends.",
        id="pulled",
    ),
    pytest.param(
        (Alert(SINCE, "Stopped Receiving UDP Input", 1, ""),),
        2,
        Source(heard=2, allowed=["203.0.113.7/32"]),
        "Nothing arrives at the second URL any more. Check that the encoder is on, that its network works, "
        "and that it pushes to exactly this URL.",
        id="one of two pipelines",
    ),
]


@pytest.mark.parametrize(("alerts", "pipelines", "source", "sentence"), DETAILS)
def test_what_is_missing_is_named(
    alerts: tuple[Alert, ...], pipelines: int, source: Source, sentence: str
) -> None:
    assert missing_detail(alerts, pipelines, source) == sentence
