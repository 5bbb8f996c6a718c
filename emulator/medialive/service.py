"""MediaLive as one service: channels, inputs, security groups, inventory, console.

Enforces what StreamHub relies on: the channel's states and how long they take, request ids that make a
create repeatable, settings that refer to things that exist, the order of teardown, and the meter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from emulator.base import Refusal
from emulator.medialive.channels import ANY, Channels
from emulator.medialive.records import Channel, Input, Params, Record, SecurityGroup

FATES = {"idle": "IDLE", "recovering": "RECOVERING"}


class _Given(dict[str, Any]):
    """Console parameters that say so when one is missing."""

    def __missing__(self, key: str) -> NoReturn:
        raise Refusal("InvalidConsoleParameters", f"This console action needs {key!r}.")


class MediaLive(Channels):
    """MediaLive of one region."""

    def inventory(self) -> dict[str, list[Params]]:
        """What exists and is not DELETED, by type, with state and tags."""
        return {
            "channels": [self._channel_entry(one) for one in self._channels],
            "inputs": [_input_entry(one) for one in self._inputs],
            "input_security_groups": [_group_entry(one) for one in self._groups],
        }

    def channel(self, channel_id: str) -> Channel | None:
        """The record of a channel, for those who simulate what it causes."""
        return self._channels.find(channel_id)

    def console(self, action: str, params: Params) -> Params:
        """What a person may do: the keys of `actions`; things are named by `id`."""
        actions: dict[str, Callable[[Params], Params]] = {
            "start_channel": lambda p: self.start_channel({"ChannelId": p["id"]}),
            "stop_channel": lambda p: self.stop_channel({"ChannelId": p["id"]}),
            "delete_channel": self._console_delete_channel,
            "delete_input": lambda p: self.delete_input({"InputId": p["id"]}),
            "delete_input_security_group": self._console_delete_group,
            "create_foreign_channel": self._console_foreign_channel,
            "create_foreign_input": self._console_foreign_input,
            "create_foreign_input_security_group": self._console_foreign_group,
            "role_not_propagated": self._console_role_not_propagated,
            "fail_start": self._console_fail_start,
            "fail_create": self._console_fail_create,
            "fail_pipeline": self._console_fail_pipeline,
            "set_quota": self._console_set_quota,
        }
        return actions[action](_Given(params)) if action in actions else super().console(action, params)

    def _channel_entry(self, one: Channel) -> Params:
        now = self.world.clock.now()
        spells = [
            {
                "started_at": spell.started_at.isoformat(),
                "stopped_at": spell.stopped_at.isoformat() if spell.stopped_at else None,
                "billed_minutes": spell.billed_minutes(now),
            }
            for spell in one.spells
        ]
        refers = {"input_ids": one.input_ids, "package_ids": one.package_ids}
        return {**_entry(one), "name": one.name, "class": one.channel_class, **refers, "running": spells}

    # The console

    def _console_delete_channel(self, params: Params) -> Params:
        """Proper deletion, after stopping at once whatever runs."""
        self._stop_at_once(self._channel({"ChannelId": params["id"]}))
        return self.delete_channel({"ChannelId": params["id"]})

    def _console_delete_group(self, params: Params) -> Params:
        return self.delete_input_security_group({"InputSecurityGroupId": params["id"]})

    def _console_foreign_group(self, params: Params) -> Params:
        rules = [{"Cidr": params.get("cidr", "0.0.0.0/0")}]
        wanted = {"WhitelistRules": rules, "Tags": params.get("tags") or {}}
        return self.create_input_security_group(wanted)["SecurityGroup"]

    def _console_foreign_input(self, params: Params) -> Params:
        """Somebody else's pull input; with `group_id` a push input behind that group."""
        wanted: Params = {"Name": params.get("name", "foreign"), "Tags": params.get("tags") or {}}
        if group := params.get("group_id"):
            names = [{"StreamName": "foreign/one"}]
            wanted |= {"Type": "RTMP_PUSH", "InputSecurityGroups": [group], "Destinations": names}
        else:
            wanted |= {"Type": "URL_PULL", "Sources": [{"Url": "https://example.com/live.m3u8"}]}
        return self.create_input(wanted)["Input"]

    def _console_foreign_channel(self, params: Params) -> Params:
        """Somebody else's small channel, on `input_id` or an input of its own."""
        input_id = params.get("input_id") or self._console_foreign_input(params)["Id"]
        return self.create_channel(_foreign_channel(self.world.account, input_id, params))["Channel"]

    def _console_role_not_propagated(self, params: Params) -> Params:
        """The next `calls` creations, or all for `seconds` (AWS's), are refused with 400."""
        self._unpropagated_calls = int(params.get("calls", 0 if "seconds" in params else 1))
        self._unpropagated_until = self.world.clock.due(float(params.get("seconds", 0)))
        return {}

    def _console_fail_start(self, params: Params) -> Params:
        """The next start of `id` (or of any channel) ends as `to`: idle, or recovering for a while."""
        fate = FATES.get(params.get("to", "idle"))
        if fate is None:
            raise Refusal("InvalidConsoleParameters", f"'to' must be one of {', '.join(FATES)}.")
        self._start_fates[params.get("id") or ANY] = fate
        return {}

    def _console_fail_create(self, params: Params) -> Params:
        """The next `calls` channels end as CREATE_FAILED."""
        self._create_failures = int(params.get("calls", 1))
        return {}

    def _console_fail_pipeline(self, params: Params) -> Params:
        """A running channel is RECOVERING for a while, then RUNNING again."""
        channel = self._channel({"ChannelId": params["id"]})
        if channel.state == "RUNNING":
            self._arrive(channel, "RECOVERING")
        return channel.describe()


def _entry(one: Record) -> Params:
    return {"id": one.id, "arn": one.arn, "state": one.state, "tags": dict(one.tags)}


def _input_entry(one: Input) -> Params:
    urls = [destination["Url"] for destination in one.destinations]
    refers = {"channel_ids": one.channels, "security_group_ids": one.groups}
    return {**_entry(one), "name": one.name, "type": one.kind, "urls": urls, **refers}


def _group_entry(one: SecurityGroup) -> Params:
    return {**_entry(one), "cidrs": [rule["Cidr"] for rule in one.rules], "input_ids": list(one.inputs)}


def _foreign_channel(account: str, input_id: str, params: Params) -> Params:
    output = {
        "OutputName": "one",
        "AudioDescriptionNames": ["sound"],
        "OutputSettings": {"HlsOutputSettings": {"HlsSettings": {"AudioOnlyHlsSettings": {}}}},
    }
    group = {
        "OutputGroupSettings": {"HlsGroupSettings": {"Destination": {"DestinationRefId": "away"}}},
        "Outputs": [output],
    }
    return {
        "Name": params.get("name", "foreign"),
        "ChannelClass": "SINGLE_PIPELINE",
        "RoleArn": f"arn:aws:iam::{account}:role/Foreign",
        "InputAttachments": [{"InputId": input_id, "InputAttachmentName": "foreign"}],
        "Destinations": [{"Id": "away", "Settings": [{"Url": "s3://foreign/live"}]}],
        "EncoderSettings": {
            "AudioDescriptions": [{"Name": "sound", "AudioSelectorName": "default"}],
            "VideoDescriptions": [],
            "TimecodeConfig": {"Source": "SYSTEMCLOCK"},
            "OutputGroups": [group],
        },
        "Tags": params.get("tags") or {},
    }
