"""The tour: the life of one channel, step by step, over the HTTP API.

A step is a function of the tour. It waits by polling the API, as any client does, and reads the embedded AWS
only to show which calls it gets. `steps` has the order of the steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devstack.demo.api import Api
from devstack.demo.screen import ProgressLine, Screen
from emulator.control import Control
from emulator.mediamanager import is_mediamanager

POLL_SECONDS = 0.1
STEP_SECONDS = 90.0


class TourFailed(Exception):
    """A step failed; the message says what it waited for."""


@dataclass
class Tour:
    """The tour's clients, and what it has seen so far (times are of `time.monotonic`)."""

    api: Api
    control: Control
    screen: Screen
    check_processes: Callable[[], None]
    channel: dict[str, Any] = field(default_factory=dict)
    distribution: dict[str, Any] = field(default_factory=dict)
    breakout: dict[str, Any] = field(default_factory=dict)
    idle_at: float = 0.0
    distribution_seen_at: float = 0.0
    domain_seen_at: float = 0.0
    deployed_at: float = 0.0
    _calls_seen: int = 0

    def another(self) -> Tour:
        """A tour with the same clients, which does not show the calls again that this one has shown."""
        return Tour(self.api, self.control, self.screen, self.check_processes, _calls_seen=self._calls_seen)

    def wait(
        self, step: ProgressLine, until: Callable[[], bool], condition: str, seconds: float = STEP_SECONDS
    ) -> None:
        """Poll until `until()` is true, showing the changes that AWS gets. Raises TourFailed."""
        deadline = time.monotonic() + seconds
        while not until():
            self.check_processes()
            self.show_calls(step)
            if time.monotonic() > deadline:
                raise TourFailed(f"Timed out after {seconds:.0f} s; waited until {condition}.")
            time.sleep(POLL_SECONDS)
        self.show_calls(step)

    def show_calls(self, step: ProgressLine) -> None:
        for call in self.control.calls(since=self._calls_seen):
            self._calls_seen = call["n"]
            if not call["operation"].startswith(("List", "Get", "Describe")):
                outcome = "accepted" if not call["error"] else f"refused: {call['error']}"
                step.note(f"{call['service']} {call['operation']}: {outcome}")

    def refresh_channel(self) -> dict[str, Any] | None:
        """Read the channel again, note when it first became idle, and return it; None if deleted."""
        channel = self.api.find(f"channels/{self.channel['id']}")
        now = time.monotonic()
        if channel is None:
            return None
        self.channel = channel
        if channel["state"] == "idle" and not self.idle_at:
            self.idle_at = now
        if channel["distribution"]:
            self._note_distribution(channel["distribution"], now)
        return self.channel

    def _note_distribution(self, attached: dict[str, Any], now: float) -> None:
        self.distribution = self.distribution or attached
        self.distribution_seen_at = self.distribution_seen_at or now
        if attached["domain_name"]:
            self.domain_seen_at = self.domain_seen_at or now
        if attached["state"] == "deployed":
            self.deployed_at = self.deployed_at or now

    def refresh_distribution(self) -> dict[str, Any] | None:
        """Read the distribution again and return it; None if deleted."""
        distribution: dict[str, Any] | None = self.api.find(f"distributions/{self.distribution['id']}")
        if distribution is not None:
            self.distribution = distribution
        return distribution


def create(tour: Tour) -> None:
    with tour.screen.step("POST /api/v1/channels") as step:
        body = {"name": "First light", "allowed_cidrs": ["203.0.113.7/32"], "tags": {"show": "demo"}}
        tour.channel = tour.api.post("channels", body)
        step.result = f"202 at once, channel {tour.channel['id'][:8]}… is {tour.channel['state']}"


def build(tour: Tour) -> None:
    """Wait for MediaPackage and MediaLive; the distribution is created in parallel."""
    with tour.screen.step("AWS builds the channel's stack") as step:

        def idle() -> bool:
            channel = tour.refresh_channel() or {}
            if channel.get("state") == "failed":
                raise TourFailed(f"The channel failed: {channel['error']}")
            step.now(f"the channel is {channel.get('state')}")
            return tour.idle_at > 0 and tour.domain_seen_at > 0

        tour.wait(step, idle, "the channel is idle and has its distribution")
        step.result = f"idle; encoders push to {tour.channel['input_dest_urls'][0]}"


def deploy(tour: Tour) -> None:
    """Only the tour waits here: a show could start already."""
    with tour.screen.step("CloudFront deploys the distribution; a show need not wait for it") as step:

        def deployed() -> bool:
            tour.refresh_channel()
            step.now(f"the distribution is {(tour.channel['distribution'] or {}).get('state')}")
            return tour.deployed_at > 0

        tour.wait(step, deployed, "the distribution is deployed")
        step.result = tour.channel["distribution"]["domain_name"]


def delete(tour: Tour) -> None:
    with tour.screen.step("DELETE /api/v1/channels/…") as step:
        tour.api.delete(f"channels/{tour.channel['id']}")

        def gone() -> bool:
            channel = tour.refresh_channel()
            step.now(f"the channel is {channel['state'] if channel else 'deleted'}")
            return channel is None

        tour.wait(step, gone, "the channel is deleted")
        step.result = "202 at once; by now the stack is deleted and the API answers 404"


def disable(tour: Tour) -> None:
    with tour.screen.step("CloudFront disables the channel's former distribution") as step:

        def disabled() -> bool:
            distribution = tour.refresh_distribution()
            step.now(f"the distribution is {distribution['state'] if distribution else 'deleted'}")
            return distribution is None or distribution["state"] in ("disabled", "deleting")

        tour.wait(step, disabled, "the distribution is disabled")
        step.result = "disabled and deployed: stale, so the reaper may delete it"


def reap(tour: Tour) -> None:
    with tour.screen.step("The reaper deletes it") as step:

        def reaped() -> bool:
            distribution = tour.refresh_distribution()
            step.now(f"the distribution is {distribution['state'] if distribution else 'deleted'}")
            return distribution is None

        tour.wait(step, reaped, "the distribution is deleted")
        step.result = "deleted from AWS and from the database"


def clean(tour: Tour) -> None:
    """The shared security group is deleted after the last channel that used it."""
    with tour.screen.step("Nothing is left behind") as step:
        tour.wait(step, lambda: not left_in_aws(tour.control), "nothing is left in AWS")


def left_in_aws(control: Control) -> dict[str, int]:
    """The number of resources left in AWS by kind, without zeros and the MediaManager distribution."""
    kinds = {
        "cloudfront": ("distributions",),
        "mediapackage": ("channels", "origin_endpoints"),
        "medialive": ("channels", "inputs", "input_security_groups"),
    }
    inventory = control.inventory()
    left = {
        f"{service} {kind}": sum(not is_mediamanager(resource) for resource in inventory[service][kind])
        for service, names in kinds.items()
        for kind in names
    }
    return {name: count for name, count in left.items() if count}
