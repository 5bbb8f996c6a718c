"""What arrives: encoders that push, sources that can be pulled, and which pipelines receive their input.

Until somebody says otherwise, an encoder pushes to every address of an input from an address that is
allowed, and every source can be pulled. The console's `push`, `unplug` and `plug` change that. A pipeline
hears one address of its input only, the one with its number (AWS_RULES 35), and only senders that the
input's security groups allow. Of several attached inputs the first is the active one until a failover or
an action of the schedule makes it another (`failover`).
"""

from __future__ import annotations

import ipaddress

from emulator import picture
from emulator.base import Refusal, World
from emulator.medialive.channels import Channels
from emulator.medialive.records import PUSH_TYPES, STREAMING, Channel, Heard, Input, Params


class Signals(Channels):
    """What each running channel receives, kept up to date."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        # A method of this object, not a function: a copy of the account listens to its own inputs.
        self.on_running_change.append(self._running_changed)

    def update_input_security_group(self, params: Params) -> Params:
        """Replace the rules: a sender may be shut out or let in by that."""
        answer = super().update_input_security_group(params)
        self._listen_to_all()
        return answer

    def _running_changed(self, channel: Channel, _running: bool) -> None:
        self._listen(channel)

    # -- the console

    def _console_push(self, params: Params) -> Params:
        """The input's encoder pushes to `url` (or several `urls`), and nowhere else; `from` is its address.

        Returns the pipelines that hear it. Nobody can push to an address that does not exist.
        """
        urls = params.get("urls") or [params["url"]]
        record = self._with_address(urls[0])
        addresses = [destination["Url"] for destination in record.destinations]
        sender = params.get("from") or self._an_allowed_sender(record)
        record.senders = {addresses.index(url): sender for url in urls}
        self._listen_to_all()
        channels = self._channels_of(record)
        return {"heard_by": sorted({p for each in channels for p, heard in enumerate(_now(each)) if heard})}

    def _console_plug(self, params: Params, senders: dict[int, str] | None) -> Params:
        """`unplug`: nothing is sent to the input `id`, or can be pulled. `plug`: all is as at first."""
        self._alive(self._inputs, "Input", params["id"]).senders = senders
        self._listen_to_all()
        return {}

    def _console_show(self, params: Params) -> Params:
        """The encoder of the input `id` sends another `picture`: "pattern", "second" or "black"."""
        if params["picture"] not in picture.SENT:
            raise Refusal("InvalidConsoleParameters", f"Pictures are {', '.join(picture.SENT)}.")
        self._alive(self._inputs, "Input", params["id"]).picture = params["picture"]
        self._listen_to_all()
        return {}

    def _with_address(self, url: str) -> Input:
        for record in self._inputs:
            if url in (destination["Url"] for destination in record.destinations):
                return record
        raise Refusal("InvalidConsoleParameters", f"No input has the address {url}.")

    # -- who is heard

    def _listen_to_all(self) -> None:
        for channel in self._channels:
            self._listen(channel)

    def _listen(self, channel: Channel) -> None:
        """Note what the channel receives if that has changed."""
        before = _now(channel)
        running = range(channel.pipelines) if channel.state in STREAMING else ()
        record = self._active_input(channel)
        heard = tuple(self._is_heard(record, pipeline) for pipeline in running)
        shown = tuple(self.sent_to(channel) if each else _without_input(channel) for each in heard)
        if (heard, shown) != (before, channel.heard[-1].shown if channel.heard else ()):
            channel.heard = [*channel.heard, Heard(self.world.clock.now().timestamp(), heard, shown)]
        if heard != before:
            self._heard_changed(channel, before, heard)
        self._listened(channel, heard)

    def _listened(self, channel: Channel, heard: tuple[bool, ...]) -> None:
        """Called whenever a channel was looked at, changed or not."""

    def _heard_changed(self, channel: Channel, before: tuple[bool, ...], heard: tuple[bool, ...]) -> None:
        """What the pipelines receive has changed; both are empty while the channel does not run."""

    def _is_heard(self, record: Input | None, pipeline: int) -> bool:
        if record is None or pipeline >= _ways_in(record):
            return False
        if record.senders is None:
            return record.kind not in PUSH_TYPES or bool(self._an_allowed_sender(record))
        if pipeline not in record.senders:
            return False
        return record.kind not in PUSH_TYPES or self._is_allowed(record, record.senders[pipeline])

    def sent_to(self, channel: Channel) -> str:
        """The picture that the encoder of the active input sends."""
        record = self._active_input(channel)
        by_place = "second" if channel.active else "pattern"
        return (record.picture or by_place) if record else "black"

    def _active_input(self, channel: Channel) -> Input | None:
        return self._inputs.find(channel.input_ids[channel.active])

    def _channels_of(self, record: Input) -> list[Channel]:
        found = (self._channels.find(channel_id) for channel_id in record.channels)
        return [channel for channel in found if channel is not None]

    def _networks(self, record: Input) -> list[ipaddress.IPv4Network]:
        groups = (self._groups.find(group_id) for group_id in record.groups)
        return [
            ipaddress.IPv4Network(rule["Cidr"], strict=False)
            for group in groups
            if group
            for rule in group.rules
        ]

    def _is_allowed(self, record: Input, sender: str) -> bool:
        return any(ipaddress.IPv4Address(sender) in network for network in self._networks(record))

    def _an_allowed_sender(self, record: Input) -> str:
        """An address that may push to the input; "" if none may."""
        networks = self._networks(record)
        return str(networks[0].network_address) if networks else ""


def _now(channel: Channel) -> tuple[bool, ...]:
    return channel.heard[-1].pipelines if channel.heard else ()


def _without_input(channel: Channel) -> str:
    """What a channel shows without its input: black, or a slate ("Handling loss of video input").

    An image is not read: every slate has the colour of the product's.
    """
    config = channel.config["EncoderSettings"].get("GlobalConfiguration") or {}
    loss = config.get("InputLossBehavior") or {}
    if loss.get("InputLossImageType") == "COLOR":
        return "slate" if int(loss.get("InputLossImageColor") or "0", 16) else "black"
    return "slate" if loss.get("InputLossImageType") == "SLATE" else "black"


def _ways_in(record: Input) -> int:
    return len(record.destinations or record.sources or record.callers or record.flows)
