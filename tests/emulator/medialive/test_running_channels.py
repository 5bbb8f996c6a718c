"""Starting, stopping, metering and deleting channels, each only in the states that allow it."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from types import SimpleNamespace

import pytest

from emulator.medialive import MediaLive
from tests.emulator.medialive.resources import Wall

from .resources import channel, input_state, pass_time, refused, running, state


def test_channel_starts_and_stops(ml: MediaLive) -> None:
    key = channel(ml)
    assert ml.start_channel({"ChannelId": key})["State"] == "STARTING"
    pass_time(ml, 29)
    assert state(ml, key) == "STARTING"
    pass_time(ml, 62)
    described = ml.describe_channel({"ChannelId": key})
    assert (described["State"], described["PipelinesRunningCount"]) == ("RUNNING", 1)
    assert ml.stop_channel({"ChannelId": key})["State"] == "STOPPING"
    pass_time(ml, 31)
    assert state(ml, key) == "IDLE"


def test_start_is_409_unless_idle(ml: MediaLive) -> None:
    key = channel(ml)
    ml.start_channel({"ChannelId": key})
    for seconds in (0, 100):
        pass_time(ml, seconds)
        with refused("ConflictException", 409):
            ml.start_channel({"ChannelId": key})
    ml.stop_channel({"ChannelId": key})
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": key})


def test_stop_is_409_when_idle_or_stopping(ml: MediaLive) -> None:
    key = channel(ml)
    with refused("ConflictException", 409):
        ml.stop_channel({"ChannelId": key})
    ml.start_channel({"ChannelId": key})
    ml.stop_channel({"ChannelId": key})
    with refused("ConflictException", 409):
        ml.stop_channel({"ChannelId": key})


def test_stop_while_starting_never_reaches_running(ml: MediaLive) -> None:
    changes: list[bool] = []
    ml.on_running_change.append(lambda channel, running: changes.append(running))
    key = channel(ml)
    ml.start_channel({"ChannelId": key})
    ml.stop_channel({"ChannelId": key})
    pass_time(ml, 500)
    assert state(ml, key) == "IDLE"
    assert changes == []


def test_running_channel_cannot_be_deleted(ml: MediaLive) -> None:
    key = channel(ml)
    ml.start_channel({"ChannelId": key})
    for seconds in (0, 100):
        pass_time(ml, seconds)
        with refused("ConflictException", 409):
            ml.delete_channel({"ChannelId": key})


def test_failed_start_goes_back_to_idle_once(ml: MediaLive) -> None:
    key = channel(ml)
    ml.console("fail_start", {"id": key})
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "IDLE"
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "RUNNING"


def test_a_stop_just_after_a_failed_start_is_refused_but_not_illegal(
    ml: MediaLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = channel(ml)
    ml.console("fail_start", {"id": key})
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    for later, illegal in ((1, False), (16, None)):
        now = monotonic() + later
        monkeypatch.setattr(
            "emulator.medialive.channels.time", SimpleNamespace(monotonic=lambda now=now: now)
        )
        with refused("ConflictException", 409) as caught:
            ml.stop_channel({"ChannelId": key})
        assert caught.value.illegal is illegal


def test_start_can_pass_through_recovering_and_be_stopped_there(ml: MediaLive) -> None:
    key = channel(ml)
    ml.console("fail_start", {"to": "recovering"})
    ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "RECOVERING"
    pass_time(ml)
    assert state(ml, key) == "RUNNING"
    assert ml.console("fail_pipeline", {"id": key})["State"] == "RECOVERING"
    assert ml.stop_channel({"ChannelId": key})["State"] == "STOPPING"


def test_unknown_channel_is_404(ml: MediaLive) -> None:
    for verb in (ml.describe_channel, ml.start_channel, ml.stop_channel, ml.delete_channel):
        with refused("NotFoundException", 404):
            verb({"ChannelId": "7654321"})


# The meter and the callback


def test_running_time_is_metered_in_real_time(ml: MediaLive, wall: Wall) -> None:
    key = running(ml)
    began = datetime.fromtimestamp(wall.seconds, tz=UTC).isoformat()
    wall.seconds += 754
    ml.stop_channel({"ChannelId": key})
    (period,) = ml.inventory()["channels"][0]["running"]
    assert period["started_at"] == began
    assert period["stopped_at"] == datetime.fromtimestamp(wall.seconds, tz=UTC).isoformat()
    assert period["billed_minutes"] == 13


def test_a_short_run_is_billed_as_ten_minutes(ml: MediaLive) -> None:
    running(ml)
    (period,) = ml.inventory()["channels"][0]["running"]
    assert (period["stopped_at"], period["billed_minutes"]) == (None, 10)


def test_a_recovering_channel_is_billed_but_sends_nothing(ml: MediaLive) -> None:
    key = running(ml)
    changes: list[tuple[str, bool]] = []
    ml.on_running_change.append(lambda channel, running: changes.append((channel.id, running)))
    ml.console("fail_pipeline", {"id": key})
    pass_time(ml)
    ml.stop_channel({"ChannelId": key})
    assert changes == [(key, False), (key, True), (key, False)]
    assert len(ml.inventory()["channels"][0]["running"]) == 1


def test_the_callback_gets_the_channels_destinations(ml: MediaLive) -> None:
    sent: list[list[str]] = []
    ml.on_running_change.append(lambda channel, running: sent.append(channel.package_ids))
    running(ml)
    assert sent == [["main"]]


# Deleting


def test_teardown_frees_the_input_only_when_the_channel_is_deleted(ml: MediaLive) -> None:
    key = channel(ml)
    input_id = ml.channel(key).input_ids[0]
    assert ml.delete_channel({"ChannelId": key})["State"] == "DELETING"
    assert input_state(ml, input_id) == "ATTACHED"
    with refused("ConflictException", 409):
        ml.delete_input({"InputId": input_id})
    pass_time(ml, 41)
    assert input_state(ml, input_id) == "DETACHED"
    ml.delete_input({"InputId": input_id})


def test_deleted_channel_is_described_for_a_while_but_not_listed(ml: MediaLive) -> None:
    key = channel(ml)
    ml.delete_channel({"ChannelId": key})
    assert [channel_summary["State"] for channel_summary in ml.list_channels({})["Channels"]] == ["DELETING"]
    pass_time(ml, 41)
    assert ml.list_channels({})["Channels"] == []
    assert state(ml, key) == "DELETED"
    with refused("NotFoundException", 404):
        ml.start_channel({"ChannelId": key})
    pass_time(ml, 301)
    with refused("NotFoundException", 404):
        ml.describe_channel({"ChannelId": key})


def test_only_an_idle_channel_is_updated(ml: MediaLive) -> None:
    key = channel(ml)
    window = {"MaintenanceDay": "FRIDAY", "MaintenanceStartTime": "05:00"}
    updated = ml.update_channel({"ChannelId": key, "Maintenance": window})["Channel"]
    assert (updated["State"], updated["Maintenance"]) == ("UPDATING", window)
    with refused("ConflictException", 409):
        ml.start_channel({"ChannelId": key})
    pass_time(ml)
    assert state(ml, key) == "IDLE"
    ml.start_channel({"ChannelId": key})
    for _ in range(2):
        with refused("ConflictException", 409):
            ml.update_channel({"ChannelId": key, "Maintenance": window})
        pass_time(ml)


def test_every_channel_has_a_maintenance_window_on_the_hour(ml: MediaLive) -> None:
    key = channel(ml)
    window = ml.describe_channel({"ChannelId": key})["Maintenance"]
    assert window["MaintenanceDay"].endswith("DAY")
    assert window["MaintenanceStartTime"].endswith(":00")
    for start in ("05:30", "24:00", "5"):
        with refused("BadRequestException", 400):
            ml.update_channel({"ChannelId": key, "Maintenance": {"MaintenanceStartTime": start}})
