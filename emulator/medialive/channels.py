"""Channels: the state machine, the billing meter and the check of the settings.

The world's timers change states. Each change raises the channel's `epoch`; a timer that was set before a
stop or delete finds another epoch and does nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from emulator.base import Unprocessable, World
from emulator.medialive.records import (
    BILLED,
    GONE,
    STREAMING,
    BilledPeriod,
    Channel,
    Params,
    bad_request,
    conflict,
)
from emulator.medialive.roles import TO_CHANNELS, Roles
from emulator.medialive.settings import settings_errors

CONFIG = ("ChannelClass", "Destinations", "EncoderSettings", "InputAttachments", "InputSpecification")
MORE_CONFIG = ("CdiInputSpecification", "LogLevel", "Maintenance", "Name", "RoleArn", "Vpc")
STOPPABLE = {"STARTING", "RUNNING", "RECOVERING"}
DELETABLE = {"IDLE", "CREATE_FAILED", "UPDATE_FAILED"}
UPDATABLE = {"IDLE", "UPDATE_FAILED"}
ANY = "*"
# For so many real seconds a failed start counts as unknown to the client.
UNKNOWN_SECONDS = 15.0
START = re.compile("([01][0-9]|2[0-3]):00")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


class Channels(Roles):
    """The operations on channels.

    `on_running_change` callbacks get (channel, running) when a channel starts or stops sending video, that is
    when it enters or leaves RUNNING. The meter also runs in RECOVERING, as on AWS.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.on_running_change: list[Callable[[Channel, bool], Any]] = []
        self._start_results: dict[str, str] = {}
        self._create_failures = 0
        self._update_failures = 0

    # Operations

    def create_channel(self, params: Params) -> Params:
        """A new channel, or the one created with this `RequestId`; CREATING, then IDLE."""
        token = params.get("RequestId")
        channel = self._once(self._channels, "channel", token, lambda: self._new_channel(params))
        return {"Channel": channel.describe()}

    def describe_channel(self, params: Params) -> Params:
        """The channel. A deleted one is still described for a while, as DELETED."""
        return self._known(self._channels, "Channel", params.get("ChannelId")).describe()

    def list_channels(self, params: Params) -> Params:
        """Summaries of all channels that are not deleted, in pages."""
        return self._page("Channels", self._channels, params)

    def update_channel(self, params: Params) -> Params:
        """Replace the given settings: UPDATING, then IDLE; 409 unless IDLE or UPDATE_FAILED.

        A role that is not given is taken away (MediaLive's service model: UpdateChannel, RoleArn).
        """
        channel = self._channel(params)
        if channel.state not in UPDATABLE:
            conflict(f"Cannot update channel {channel.id}: it is {channel.state}. Stop the channel first.")
        if params.get("RoleArn"):
            self._check_propagation(params["RoleArn"])
            self._check_pass_role()
        kept = {name: value for name, value in channel.config.items() if name != "RoleArn"}
        config = self._checked_config({**kept, **params}, channel)
        for input_id in set(channel.input_ids) - _inputs_of(config):
            self._input_detached(input_id, channel.id)
        for input_id in _inputs_of(config):
            self._input_attached(input_id, channel.id)
        channel.config, channel.name = config, config["Name"]
        self._enter(channel, "UPDATING")
        self._later(channel, self.world.durations.medialive_update, self._update_result())
        return {"Channel": channel.describe()}

    def start_channel(self, params: Params) -> Params:
        """STARTING, then RUNNING; 409 unless IDLE."""
        channel = self._channel(params)
        if channel.state != "IDLE":
            conflict(f"Cannot start channel {channel.id}: it is {channel.state}, not IDLE")
        self._enter(channel, "STARTING")
        result = self._start_results.pop(channel.id, None) or self._start_results.pop(ANY, "RUNNING")
        self._later(channel, self.world.durations.medialive_start, result)
        return channel.describe()

    def stop_channel(self, params: Params) -> Params:
        """STOPPING, then IDLE; 409 unless STARTING, RUNNING or RECOVERING."""
        channel = self._channel(params)
        if channel.state not in STOPPABLE:
            # A client that reads every few seconds does not know yet that its start has just failed.
            illegal = False if time.monotonic() - channel.fell_at < UNKNOWN_SECONDS else None
            conflict(f"Cannot stop channel {channel.id}: it is {channel.state}, not RUNNING", illegal=illegal)
        self._enter(channel, "STOPPING")
        self._later(channel, self.world.durations.medialive_stop, "IDLE")
        return channel.describe()

    def delete_channel(self, params: Params) -> Params:
        """DELETING, then DELETED, which detaches its inputs; 409 unless IDLE or failed."""
        channel = self._channel(params)
        if channel.state not in DELETABLE:
            conflict(f"Cannot delete channel {channel.id}: it is {channel.state}. Stop the channel first.")
        self._enter(channel, "DELETING")
        self._later(channel, self.world.durations.medialive_delete, "DELETED")
        return channel.describe()

    # Creation and checks

    def _new_channel(self, params: Params) -> Channel:
        self._check_propagation(params.get("RoleArn"))
        self._check_pass_role()
        if params.get("DryRun"):
            bad_request("DryRun is not supported here")
        self._check_quota("channels", len(self._channels))
        config = self._checked_config(params)
        channel_id = self._new_id(self._channels)
        channel = Channel(
            id=channel_id,
            arn=self._arn("channel", channel_id),
            state="CREATING",
            tags=dict(params.get("Tags") or {}),
            name=config["Name"],
            config=config,
            egress=[],
        )
        channel.egress = [{"SourceIp": self._address()} for _ in range(channel.pipelines)]
        self._channels.put(channel_id, channel)
        for input_id in channel.input_ids:
            self._input_attached(input_id, channel_id)
        self._later(channel, self.world.durations.medialive_create, self._creation_result())
        return channel

    def _checked_config(self, params: Params, channel: Channel | None = None) -> Params:
        """The settings, if they are valid: for a new channel or for an update of `channel`."""
        given = {key: params[key] for key in (*CONFIG, *MORE_CONFIG) if params.get(key) is not None}
        config = {"ChannelClass": "STANDARD", "LogLevel": "DISABLED", "Name": "", **given}
        config["Maintenance"] = _maintenance(self.world, config.get("Maintenance") or {})
        own = channel.id if channel else ""

        def input_error(input_id: str, channel_class: str) -> str | None:
            if self.world.is_unknown(TO_CHANNELS, input_id):
                return f'Input "{input_id}" was not found'
            return self._input_error(input_id, channel_class, own=own)

        errors = settings_errors(config, input_error, self._package_exists)
        if errors:
            refusal = Unprocessable(errors)
            # Nobody can know how long something new stays unknown.
            refusal.illegal = False if self._refers_to_new(config) else None
            raise refusal
        return config

    def _refers_to_new(self, config: Params) -> bool:
        packages = [
            setting["ChannelId"]
            for destination in config.get("Destinations") or []
            for setting in destination.get("MediaPackageSettings") or []
        ]
        unknown = self.world.is_unknown
        return any(unknown(TO_CHANNELS, input_id) for input_id in _inputs_of(config)) or any(
            unknown("mediapackage_channel_unknown_to_medialive", package) for package in packages
        )

    def _package_exists(self, channel_id: str) -> bool:
        packages: Any = self.world.services.get("mediapackage")
        return packages is not None and packages.has_channel(channel_id)

    def _creation_result(self) -> str:
        if self._create_failures > 0:
            self._create_failures -= 1
            return "CREATE_FAILED"
        return "IDLE"

    def _update_result(self) -> str:
        if self._update_failures > 0:
            self._update_failures -= 1
            return "UPDATE_FAILED"
        return "IDLE"

    # The state machine

    def _channel(self, params: Params) -> Channel:
        return self._alive(self._channels, "Channel", params.get("ChannelId"))

    def _enter(self, channel: Channel, state: str) -> None:
        before = channel.state
        channel.state = state
        channel.epoch = channel.epoch + 1
        self._meter(channel)
        if (before in STREAMING) != (state in STREAMING):
            for callback in self.on_running_change:
                callback(channel, state in STREAMING)

    def _later(self, channel: Channel, span: tuple[float, float], state: str) -> None:
        epoch = channel.epoch

        def arrive() -> None:
            if channel.epoch == epoch:
                self._arrive(channel, state)

        self.world.after(span, arrive)

    def _arrive(self, channel: Channel, state: str) -> None:
        if (channel.state, state) == ("STARTING", "IDLE"):
            channel.fell_at = time.monotonic()
        self._enter(channel, state)
        if state == "RECOVERING":
            self._later(channel, self.world.durations.medialive_start, "RUNNING")
        if state == "DELETED":
            for input_id in channel.input_ids:
                self._input_detached(input_id, channel.id)
            self._retire(self._channels, channel)

    def _meter(self, channel: Channel) -> None:
        """Start or end a billed period when the state requires it."""
        now = self.world.clock.now()
        if channel.state in BILLED and not channel.billed_since:
            channel.billed_periods.append(BilledPeriod(now))
        elif channel.state not in BILLED and channel.billed_since:
            channel.billed_periods[-1].stopped_at = now

    def _stop_at_once(self, channel: Channel) -> None:
        """Make the channel IDLE at once, for the console's forced delete."""
        if channel.state not in DELETABLE | GONE:
            self._enter(channel, "IDLE")


def _inputs_of(config: Params) -> set[str]:
    return {attachment.get("InputId") or "" for attachment in config.get("InputAttachments") or []}


def _maintenance(world: World, given: Params) -> Params:
    """The weekly window: what is not given is arbitrary, as on AWS ("Managing channel maintenance")."""
    start = given.get("MaintenanceStartTime") or f"{world.random.randrange(24):02}:00"
    if not START.fullmatch(start):
        bad_request(f"Invalid maintenanceStartTime {start}: it must be an hour such as 02:00")
    return {
        "MaintenanceDay": given.get("MaintenanceDay") or world.random.choice(DAYS),
        "MaintenanceStartTime": start,
    }
