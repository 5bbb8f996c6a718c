"""The tour: one channel's life, step by step, over the HTTP API.

A step is a function of the tour; it waits by asking the API, as any client would, and looks over AWS's
shoulder only to tell what happens there. `steps` puts the steps of tour and show in order.
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
    """A step did not end as it should; the sentence says what was waited for."""


@dataclass
class Tour:
    """The tour's means, and what it has learned so far (moments are of `time.monotonic`)."""

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

    def wait(
        self, step: ProgressLine, until: Callable[[], bool], what: str, seconds: float = STEP_SECONDS
    ) -> None:
        """Ask until it is so, telling meanwhile which changes reach AWS. Raises TourFailed."""
        deadline = time.monotonic() + seconds
        while not until():
            self.check_processes()
            self.tell_calls(step)
            if time.monotonic() > deadline:
                raise TourFailed(f"After {seconds:.0f} s it was not so that {what}.")
            time.sleep(POLL_SECONDS)
        self.tell_calls(step)

    def tell_calls(self, step: ProgressLine) -> None:
        for call in self.control.calls(since=self._calls_seen):
            self._calls_seen = call["n"]
            if not call["operation"].startswith(("List", "Get", "Describe")):
                outcome = "accepted" if not call["error"] else f"refused: {call['error']}"
                step.note(f"{call['service']} {call['operation']}: {outcome}")

    def look_at_channel(self) -> dict[str, Any] | None:
        """The channel as it is now, noting the moments that matter."""
        found = self.api.find(f"channels/{self.channel['id']}")
        now = time.monotonic()
        if found is None:
            return None
        self.channel = found
        if found["state"] == "idle" and not self.idle_at:
            self.idle_at = now
        if found["distribution"]:
            self._note_distribution(found["distribution"], now)
        return self.channel

    def _note_distribution(self, attached: dict[str, Any], now: float) -> None:
        self.distribution = self.distribution or attached
        self.distribution_seen_at = self.distribution_seen_at or now
        if attached["domain_name"]:
            self.domain_seen_at = self.domain_seen_at or now
        if attached["state"] == "deployed":
            self.deployed_at = self.deployed_at or now

    def look_at_distribution(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.api.find(f"distributions/{self.distribution['id']}")
        if found is not None:
            self.distribution = found
        return found


def create(tour: Tour) -> None:
    with tour.screen.step("POST /api/v1/channels") as step:
        body = {"name": "First light", "allowed_cidrs": ["203.0.113.7/32"], "tags": {"show": "demo"}}
        tour.channel = tour.api.post("channels", body)
        step.result = f"202 at once, channel {tour.channel['id'][:8]}… is {tour.channel['state']}"


def build(tour: Tour) -> None:
    """The MediaPackage and MediaLive half; the distribution is created beside it."""
    with tour.screen.step("AWS builds the channel's stack") as step:

        def idle() -> bool:
            channel = tour.look_at_channel() or {}
            if channel.get("state") == "failed":
                raise TourFailed(f"The channel failed: {channel['error']}")
            step.now(f"the channel is {channel.get('state')}")
            return tour.idle_at > 0 and tour.domain_seen_at > 0

        tour.wait(step, idle, "the channel is idle and has its distribution")
        step.result = f"idle; encoders push to {tour.channel['input_dest_urls'][0]}"


def deploy(tour: Tour) -> None:
    """Nobody waits for this one: a show could start already."""
    with tour.screen.step("CloudFront deploys the distribution, and nobody waits for it") as step:

        def deployed() -> bool:
            tour.look_at_channel()
            step.now(f"the distribution is {(tour.channel['distribution'] or {}).get('state')}")
            return tour.deployed_at > 0

        tour.wait(step, deployed, "the distribution is deployed")
        step.result = tour.channel["distribution"]["domain_name"]


def delete(tour: Tour) -> None:
    with tour.screen.step("DELETE /api/v1/channels/…") as step:
        tour.api.delete(f"channels/{tour.channel['id']}")

        def gone() -> bool:
            channel = tour.look_at_channel()
            step.now(f"the channel is {channel['state'] if channel else 'gone'}")
            return channel is None

        tour.wait(step, gone, "the channel is gone")
        step.result = "202 at once; now the stack is gone and the API says 404"


def disable(tour: Tour) -> None:
    with tour.screen.step("CloudFront disables the distribution that was left") as step:

        def disabled() -> bool:
            found = tour.look_at_distribution()
            step.now(f"the distribution is {found['state'] if found else 'gone'}")
            return found is None or found["state"] in ("disabled", "deleting")

        tour.wait(step, disabled, "the distribution is disabled")
        step.result = "disabled everywhere, stale: the reaper's"


def reap(tour: Tour) -> None:
    with tour.screen.step("The reaper deletes it") as step:

        def reaped() -> bool:
            found = tour.look_at_distribution()
            step.now(f"the distribution is {found['state'] if found else 'gone'}")
            return found is None

        tour.wait(step, reaped, "the distribution is gone")
        step.result = "gone from AWS and from the database"


def clean(tour: Tour) -> None:
    """The shared security group goes with the last channel that used it."""
    with tour.screen.step("Nothing is left behind") as step:
        tour.wait(step, lambda: not left_in_aws(tour.control), "nothing is left in AWS")


def left_in_aws(control: Control) -> dict[str, int]:
    """How many resources of each kind exist that StreamHub makes; zeros left out."""
    kinds = {
        "cloudfront": ("distributions",),
        "mediapackage": ("channels", "origin_endpoints"),
        "medialive": ("channels", "inputs", "input_security_groups"),
    }
    inventory = control.inventory()
    left = {
        f"{service} {kind}": sum(not is_mediamanager(each) for each in inventory[service][kind])
        for service, names in kinds.items()
        for kind in names
    }
    return {what: count for what, count in left.items() if count}
