"""MediaLive's console actions."""

from __future__ import annotations

from emulator.medialive import MediaLive

from .resources import channel, group, pass_time, push_input, refused, running, state


def test_the_console_deletes_a_running_channel(ml: MediaLive) -> None:
    key = running(ml)
    ml.console("delete_channel", {"id": key})
    assert state(ml, key) == "DELETING"
    pass_time(ml)
    assert state(ml, key) == "DELETED"


def test_the_console_starts_and_stops_a_channel(ml: MediaLive) -> None:
    key = channel(ml)
    ml.console("start_channel", {"id": key})
    pass_time(ml)
    ml.console("stop_channel", {"id": key})
    assert state(ml, key) == "STOPPING"


def test_the_console_creates_foreign_resources_without_our_mark(ml: MediaLive) -> None:
    foreign = ml.console("create_foreign_channel", {"name": "theirs"})
    ml.console(
        "create_foreign_input", {"group_id": ml.console("create_foreign_input_security_group", {})["Id"]}
    )
    inventory = ml.inventory()
    assert [channel["name"] for channel in inventory["channels"]] == ["theirs"]
    assert len(inventory["inputs"]) == 2
    assert foreign["Tags"] == {}


def test_the_console_deletes_an_input_and_its_group(ml: MediaLive) -> None:
    key = group(ml)
    new_input = push_input(ml, InputSecurityGroups=[key])
    pass_time(ml)
    ml.console("delete_input", {"id": new_input["Id"]})
    pass_time(ml)
    ml.console("delete_input_security_group", {"id": key})
    assert ml.inventory() == {"channels": [], "inputs": [], "input_security_groups": []}


def test_a_console_action_with_wrong_parameters_is_refused(ml: MediaLive) -> None:
    with refused("InvalidConsoleParameters", 400):
        ml.console("stop_channel", {})
    with refused("InvalidConsoleParameters", 400):
        ml.console("set_quota", {"chanels": 3})


def test_the_console_replaces_tags(ml: MediaLive) -> None:
    keys = {"channel": channel(ml), "input_security_group": group(ml)}
    keys["input"] = push_input(ml, InputSecurityGroups=[keys["input_security_group"]])["Id"]
    for kind, key in keys.items():
        ml.console(f"set_{kind}_tags", {"id": key, "tags": {"team": "weather"}})
    inventory = ml.inventory()
    tags = {item["id"]: item["tags"] for items in inventory.values() for item in items}
    assert [tags[key] for key in keys.values()] == [{"team": "weather"}] * 3
