"""What somebody does to the input of the only channel in MediaLive's console."""

from __future__ import annotations

from typing import Any

from tests.scenarios.stage import channel
from tests.scenarios.world import WorldUnderTest

LONGEST_STOP = 30  # AWS's seconds
LONGEST_UPDATE = 60


def edit(world: WorldUnderTest, *, second: bool = False, **changes: Any) -> None:
    """Edit the input, or the second one. MediaLive refuses it unless its channel is idle."""
    id = channel().ml_second_id if second else channel().ml_input_id
    world.control.console("medialive", "update_input", id=id, changes=changes)


def attach_another(world: WorldUnderTest) -> str:
    """Have the channel read an input of others instead of ours; its id."""
    other = world.control.console("medialive", "create_foreign_input")["Id"]
    attachments = [{"InputId": other, "InputAttachmentName": "foreign"}]
    changes = {"InputAttachments": attachments}
    world.control.console("medialive", "update_channel", id=channel().ml_channel_id, changes=changes)
    return str(other)


def delete_second(world: WorldUnderTest) -> None:
    """Delete the second input. MediaLive refuses it while the channel, which must be idle, has the input."""
    row = channel()
    main = world.session.call("medialive", "DescribeChannel", ChannelId=row.ml_channel_id)[0][
        "InputAttachments"
    ][0]
    alone = {name: value for name, value in main.items() if name != "AutomaticInputFailoverSettings"}
    changes = {"InputAttachments": [alone]}
    world.control.console("medialive", "update_channel", id=row.ml_channel_id, changes=changes)
    world.control.advance(LONGEST_UPDATE)
    world.control.console("medialive", "delete_input", id=row.ml_second_id)
    world.control.advance(LONGEST_UPDATE)


def another_group(world: WorldUnderTest) -> str:
    """A security group of others that lets everybody in; its id."""
    return str(world.control.console("medialive", "create_foreign_input_security_group")["Id"])


def move_to_another_group(world: WorldUnderTest) -> None:
    edit(world, InputSecurityGroups=[another_group(world)])


def rename_streams(world: WorldUnderTest) -> None:
    edit(world, Destinations=[{"StreamName": "studio/a"}, {"StreamName": "studio/b"}])


def rename(world: WorldUnderTest) -> None:
    edit(world, Name="studio")


def retag(world: WorldUnderTest, **tags: str) -> None:
    """Change some tags of the input and leave the others, such as the mark."""
    kept = listed(world)["tags"]
    world.control.console("medialive", "set_input_tags", id=channel().ml_input_id, tags={**kept, **tags})


def off_the_air(world: WorldUnderTest) -> None:
    """Stop the encoder and wait: the only way to edit the input of a show."""
    world.control.console("medialive", "stop_channel", id=channel().ml_channel_id)
    world.control.advance(LONGEST_STOP)


def on_the_air(world: WorldUnderTest) -> None:
    world.control.console("medialive", "start_channel", id=channel().ml_channel_id)


def described(world: WorldUnderTest, *, second: bool = False) -> dict[str, Any]:
    """The input, or the second one, as AWS describes it."""
    id = channel().ml_second_id if second else channel().ml_input_id
    return dict(world.session.call("medialive", "DescribeInput", InputId=id)[0])


def listed(world: WorldUnderTest) -> dict[str, Any]:
    """The input in the emulator's inventory, which is no call of ours."""
    items = world.control.inventory()["medialive"]["inputs"]
    return dict(next(item for item in items if item["id"] == channel().ml_input_id))


def attached(world: WorldUnderTest) -> list[str]:
    """The ids of the inputs that the MediaLive channel reads."""
    [each] = world.control.inventory()["medialive"]["channels"]
    return list(each["input_ids"])
