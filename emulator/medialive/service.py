"""MediaLive as one service: channels, inputs, security groups, inventory and console actions.

It enforces what StreamHub relies on: the states of a channel and their durations, request ids that make a
create repeatable, settings that refer only to existing resources, the order of teardown, and the meter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from emulator.base import Refusal
from emulator.medialive.alerts import Alerts
from emulator.medialive.channels import ANY
from emulator.medialive.records import Channel, Input, Params, Record, SecurityGroup

START_RESULTS = {"idle": "IDLE", "recovering": "RECOVERING"}


class _Given(dict[str, Any]):
    """Console parameters; a missing one raises a Refusal."""

    def __missing__(self, key: str) -> NoReturn:
        raise Refusal("InvalidConsoleParameters", f"This console action needs {key!r}.")


class MediaLive(Alerts):
    """MediaLive of one region."""

    def inventory(self) -> dict[str, list[Params]]:
        """All resources that are not DELETED, by type, with state and tags."""
        return {
            "channels": [self._channel_entry(record) for record in self._channels],
            "inputs": [_input_entry(record) for record in self._inputs],
            "input_security_groups": [_group_entry(record) for record in self._groups],
        }

    def channel(self, channel_id: str) -> Channel | None:
        """The record of a channel, for other services of the emulator."""
        return self._channels.find(channel_id)

    def console(self, action: str, params: Params) -> Params:
        """Console actions: the keys of `actions`. Resources are named by `id`."""
        actions: dict[str, Callable[[Params], Params]] = {
            "start_channel": lambda p: self.start_channel({"ChannelId": p["id"]}),
            "stop_channel": lambda p: self.stop_channel({"ChannelId": p["id"]}),
            "delete_channel": self._console_delete_channel,
            "delete_input": lambda p: self.delete_input({"InputId": p["id"]}),
            "delete_input_security_group": self._console_delete_group,
            "update_input_security_group": self._console_update_group,
            "create_foreign_channel": self._console_foreign_channel,
            "create_foreign_input": self._console_foreign_input,
            "create_foreign_input_security_group": self._console_foreign_group,
            "set_channel_tags": lambda p: _set_tags(self._channel({"ChannelId": p["id"]}), p),
            "set_input_tags": lambda p: _set_tags(self._alive(self._inputs, "Input", p["id"]), p),
            "set_input_security_group_tags": lambda p: _set_tags(self._group(p["id"]), p),
            "role_not_propagated": self._console_role_not_propagated,
            "deny_pass_role": self._console_deny_pass_role,
            "update_channel": self._console_update_channel,
            "update_input": self._console_update_input,
            "fail_update": self._console_fail_update,
            "fail_start": self._console_fail_start,
            "fail_create": self._console_fail_create,
            "fail_pipeline": self._console_fail_pipeline,
            "push": self._console_push,
            "unplug": lambda p: self._console_plug(p, senders={}),
            "plug": lambda p: self._console_plug(p, senders=None),
            "show": self._console_show,
            "set_quota": self._console_set_quota,
        }
        return actions[action](_Given(params)) if action in actions else super().console(action, params)

    def _channel_entry(self, channel: Channel) -> Params:
        now = self.world.clock.now()
        periods = [
            {
                "started_at": period.started_at.isoformat(),
                "stopped_at": period.stopped_at.isoformat() if period.stopped_at else None,
                "billed_minutes": period.billed_minutes(now),
            }
            for period in channel.billed_periods
        ]
        references = {"input_ids": channel.input_ids, "package_ids": channel.package_ids}
        return {
            **_entry(channel),
            "name": channel.name,
            "class": channel.channel_class,
            "reads": channel.reads(),
            **references,
            "running": periods,
        }

    # The console

    def _console_delete_channel(self, params: Params) -> Params:
        """Stop the channel at once if it runs, then delete it."""
        self._stop_at_once(self._channel({"ChannelId": params["id"]}))
        return self.delete_channel({"ChannelId": params["id"]})

    def _console_delete_group(self, params: Params) -> Params:
        return self.delete_input_security_group({"InputSecurityGroupId": params["id"]})

    def _console_update_group(self, params: Params) -> Params:
        """Replace the rules of `id`: {"cidrs": ["192.0.2.1/32"]}."""
        rules = [{"Cidr": cidr} for cidr in params["cidrs"]]
        return self.update_input_security_group(
            {"InputSecurityGroupId": params["id"], "WhitelistRules": rules}
        )["SecurityGroup"]

    def _console_foreign_group(self, params: Params) -> Params:
        rules = [{"Cidr": params.get("cidr", "0.0.0.0/0")}]
        request = {"WhitelistRules": rules, "Tags": params.get("tags") or {}}
        return self.create_input_security_group(request)["SecurityGroup"]

    def _console_foreign_input(self, params: Params) -> Params:
        """A pull input that is not StreamHub's; with `group_id` a push input behind that group."""
        request: Params = {"Name": params.get("name", "foreign"), "Tags": params.get("tags") or {}}
        if group := params.get("group_id"):
            names = [{"StreamName": "foreign/one"}]
            request |= {"Type": "RTMP_PUSH", "InputSecurityGroups": [group], "Destinations": names}
        else:
            request |= {"Type": "URL_PULL", "Sources": [{"Url": "https://example.com/live.m3u8"}]}
        return self.create_input(request)["Input"]

    def _console_foreign_channel(self, params: Params) -> Params:
        """A small channel that is not StreamHub's, on `input_id` or on a new input."""
        input_id = params.get("input_id") or self._console_foreign_input(params)["Id"]
        return self.create_channel(_foreign_channel(self.world.account, input_id, params))["Channel"]

    def _console_role_not_propagated(self, params: Params) -> Params:
        """Refuse the next `calls` creations, or all for `seconds` AWS seconds, with 400."""
        self._unpropagated_calls = int(params.get("calls", 0 if "seconds" in params else 1))
        self._unpropagated_until = self.world.clock.due(float(params.get("seconds", 0)))
        return {}

    def _console_deny_pass_role(self, params: Params) -> Params:
        """Answer as if the caller lacked iam:PassRole, until this is called with `denied` false."""
        self.pass_role_denied = bool(params.get("denied", True))
        return {}

    def _console_update_channel(self, params: Params) -> Params:
        """Edit the channel `id`: {"changes": {"LogLevel": "ERROR"}}. AWS's console sends its role along."""
        role = self.describe_channel({"ChannelId": params["id"]}).get("RoleArn")
        given = {"ChannelId": params["id"], **({"RoleArn": role} if role else {}), **params["changes"]}
        return self.update_channel(given)["Channel"]

    def _console_update_input(self, params: Params) -> Params:
        """Edit the input `id`: {"changes": {"Name": "studio"}}. Refused as for everybody."""
        return self.update_input({"InputId": params["id"], **params["changes"]})["Input"]

    def _console_fail_update(self, params: Params) -> Params:
        """Let the next `calls` updates of channels end as UPDATE_FAILED."""
        self._update_failures = int(params.get("calls", 1))
        return {}

    def _console_fail_start(self, params: Params) -> Params:
        """Let the next start of `id` (or of any channel) end as `to`: idle, or recovering for a while."""
        result = START_RESULTS.get(params.get("to", "idle"))
        if result is None:
            raise Refusal("InvalidConsoleParameters", f"'to' must be one of {', '.join(START_RESULTS)}.")
        self._start_results[params.get("id") or ANY] = result
        return {}

    def _console_fail_create(self, params: Params) -> Params:
        """Let the next `calls` creations of channels end as CREATE_FAILED."""
        self._create_failures = int(params.get("calls", 1))
        return {}

    def _console_fail_pipeline(self, params: Params) -> Params:
        """Put a running channel into RECOVERING for a while; then it is RUNNING again."""
        channel = self._channel({"ChannelId": params["id"]})
        if channel.state == "RUNNING":
            self._arrive(channel, "RECOVERING")
        return channel.describe()


def _set_tags(record: Record, params: Params) -> Params:
    """Replace all tags of a resource by `tags`."""
    record.tags = {str(key): str(value) for key, value in params["tags"].items()}
    return {"tags": dict(record.tags)}


def _entry(record: Record) -> Params:
    return {"id": record.id, "arn": record.arn, "state": record.state, "tags": dict(record.tags)}


def _input_entry(record: Input) -> Params:
    urls = [destination["Url"] for destination in record.destinations]
    references: Params = {"channel_ids": record.channels, "security_group_ids": record.groups}
    references["sources"] = record.sources or record.callers
    return {**_entry(record), "name": record.name, "type": record.kind, "urls": urls, **references}


def _group_entry(record: SecurityGroup) -> Params:
    return {
        **_entry(record),
        "cidrs": [rule["Cidr"] for rule in record.rules],
        "input_ids": list(record.inputs),
    }


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
