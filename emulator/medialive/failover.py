"""Which of its attached inputs a channel reads: automatic failover, the schedule, and restarts of pipelines.

Pages: "Setting up automatic input failover", "Working with the schedule", "RestartChannelPipelines". On AWS
each pipeline fails over by itself; here both do it together. Of the schedule only immediate switches exist.
"""

from __future__ import annotations

from typing import Any

from emulator.base import Unprocessable
from emulator.medialive.records import STREAMING, Channel, Params, bad_request, conflict
from emulator.medialive.signals import Signals
from emulator.medialive.store import MAX_PAGE, PAGE

PIPELINES = ("PIPELINE_0", "PIPELINE_1")


class Failover(Signals):
    """The operations that change what a running channel reads."""

    def batch_update_schedule(self, params: Params) -> Params:
        """Add immediate input switches; 422 for a name that is taken or an attachment that is not there."""
        channel = self._channel(params)
        actions = (params.get("Creates") or {}).get("ScheduleActions") or []
        if params.get("Deletes") or not actions:
            bad_request("Only the creation of actions is supported here")
        if channel.state not in STREAMING:
            bad_request(f"Channel {channel.id} is {channel.state}: an immediate action needs a running one")
        if errors := [error for action in actions for error in _errors(channel, action)]:
            raise Unprocessable(errors)
        for action in actions:
            channel.actions = [*channel.actions, action]
            channel.active = _names(channel).index(_switch_to(action))
            channel.switched_by = action["ActionName"]
        self._listen(channel)
        return {"Creates": {"ScheduleActions": actions}, "Deletes": {"ScheduleActions": []}}

    def describe_schedule(self, params: Params) -> Params:
        """The channel's actions, in pages."""
        channel, limit = self._channel(params), params.get("MaxResults") or PAGE
        if not 1 <= limit <= MAX_PAGE:
            bad_request(f"maxResults must be between 1 and {MAX_PAGE}")
        token = params.get("NextToken") or "0"
        if not token.isdigit():
            bad_request("Invalid nextToken")
        first = int(token)
        more = {"NextToken": str(first + limit)} if len(channel.actions) > first + limit else {}
        return {"ScheduleActions": channel.actions[first : first + limit], **more}

    def restart_channel_pipelines(self, params: Params) -> Params:
        """RECOVERING, then RUNNING; 409 unless RUNNING."""
        channel = self._channel(params)
        names = params.get("PipelineIds") or list(PIPELINES[: channel.pipelines])
        if unknown := sorted(set(names) - set(PIPELINES[: channel.pipelines])):
            bad_request(f"Channel {channel.id} has no {', '.join(unknown)}")
        if channel.state != "RUNNING":
            conflict(f"Cannot restart pipelines of channel {channel.id}: it is {channel.state}, not RUNNING")
        self._arrive(channel, "RECOVERING")
        return channel.describe()

    # -- failover

    def _running_changed(self, channel: Channel, running: bool) -> None:
        if not running and channel.state != "RECOVERING":
            channel.active, channel.switched_by = 0, ""  # a new run begins with the first input
        super()._running_changed(channel, running)

    def _listened(self, channel: Channel, heard: tuple[bool, ...]) -> None:
        """Fail over after the threshold if the active input is lost and the other one of the pair is not."""
        pair = channel.config["InputAttachments"][0].get("AutomaticInputFailoverSettings")
        if pair is None or all(heard):
            return
        threshold, lost = _threshold(pair), channel.active

        def fail_over() -> None:
            other = 0 if lost else channel.input_ids.index(pair["SecondaryInputId"])
            here, there = (self._inputs.find(channel.input_ids[number]) for number in (lost, other))
            still = channel.state in STREAMING and channel.active == lost
            pipelines = range(channel.pipelines)
            if not still or all(self._is_heard(here, pipeline) for pipeline in pipelines):
                return
            if all(self._is_heard(there, pipeline) for pipeline in pipelines):
                channel.active, channel.switched_by = other, ""
                self._listen(channel)

        self.world.after((threshold, threshold), fail_over)


def _threshold(pair: Params) -> float:
    """AWS seconds; MediaLive fails over on the loss of the input unless conditions say when."""
    conditions: list[Any] = pair.get("FailoverConditions") or []
    losses = [each["FailoverConditionSettings"].get("InputLossSettings") for each in conditions]
    return min((loss["InputLossThresholdMsec"] / 1000 for loss in losses if loss), default=1.0)


def _names(channel: Channel) -> list[str]:
    return [attachment.get("InputAttachmentName") or "" for attachment in channel.config["InputAttachments"]]


def _switch_to(action: Params) -> str:
    settings = action["ScheduleActionSettings"].get("InputSwitchSettings") or {}
    return str(settings.get("InputAttachmentNameReference") or "")


def _errors(channel: Channel, action: Params) -> list[tuple[str, str]]:
    name, path = action["ActionName"], "creates.scheduleActions"
    if "ImmediateModeScheduleActionStartSettings" not in action["ScheduleActionStartSettings"]:
        return [(path, "Only immediate actions are supported here")]
    if name in [each["ActionName"] for each in channel.actions]:
        return [(f"{path}.actionName", f'Action name "{name}" is not unique in the schedule')]
    if _switch_to(action) not in _names(channel):
        return [(path, f'Input attachment "{_switch_to(action)}" is not attached to the channel')]
    return []
