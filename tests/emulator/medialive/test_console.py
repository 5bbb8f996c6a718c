"""What a person does to MediaLive in the console."""

from __future__ import annotations

from emulator.medialive import MediaLive

from .making import channel, group, pass_time, push_input, refused, running, state


def test_person_deletes_a_running_channel_by_force(ml: MediaLive) -> None:
    key = running(ml)
    ml.console("delete_channel", {"id": key})
    assert state(ml, key) == "DELETING"
    pass_time(ml)
    assert state(ml, key) == "DELETED"


def test_person_starts_and_stops(ml: MediaLive) -> None:
    key = channel(ml)
    ml.console("start_channel", {"id": key})
    pass_time(ml)
    ml.console("stop_channel", {"id": key})
    assert state(ml, key) == "STOPPING"


def test_person_makes_foreign_things_without_our_mark(ml: MediaLive) -> None:
    made = ml.console("create_foreign_channel", {"name": "theirs"})
    ml.console(
        "create_foreign_input", {"group_id": ml.console("create_foreign_input_security_group", {})["Id"]}
    )
    stock = ml.inventory()
    assert [one["name"] for one in stock["channels"]] == ["theirs"]
    assert len(stock["inputs"]) == 2
    assert made["Tags"] == {}


def test_person_deletes_an_input_and_its_group(ml: MediaLive) -> None:
    key = group(ml)
    made = push_input(ml, InputSecurityGroups=[key])
    pass_time(ml)
    ml.console("delete_input", {"id": made["Id"]})
    pass_time(ml)
    ml.console("delete_input_security_group", {"id": key})
    assert ml.inventory() == {"channels": [], "inputs": [], "input_security_groups": []}


def test_console_action_without_what_it_needs_is_refused(ml: MediaLive) -> None:
    with refused("InvalidConsoleParameters", 400):
        ml.console("stop_channel", {})
    with refused("InvalidConsoleParameters", 400):
        ml.console("set_quota", {"chanels": 3})
