"""After the tour: a show that stays on air, and the page on which a person sees its picture move."""

from __future__ import annotations

from devstack.demo import show, tour
from devstack.demo.tour import Tour


def on_air(of: Tour) -> str:
    """Put another channel on air, with an encoder that pushes; returns the path of its breakout's page."""
    begun = of.another()
    with begun.screen.step("A second show stays on air, to look at") as step:
        begun.channel = begun.api.post(
            "channels", {"name": "Test pattern", "allowed_cidrs": ["203.0.113.7/32"]}
        )
        begun.wait(step, lambda: _is_up(begun), "the channel is idle and its distribution is deployed")
        encoder = begun.channel["input_dest_urls"][0]
        begun.breakout = begun.api.post("breakouts", {"channel": begun.channel["id"], "name": "Test pattern"})
        path = f"breakouts/{begun.breakout['id']}"
        begun.api.post(f"{path}/start")
        begun.wait(
            step, lambda: show.refresh_breakout(begun)["state"] == "running", "the breakout is running"
        )
        heard = begun.control.console("medialive", "push", url=encoder)["heard_by"]
        if not heard:
            raise tour.TourFailed(f"Nobody hears the encoder that pushes to {encoder}.")
        begun.api.post(f"{path}/curtain", {"raised": True})
        step.result = f"an encoder pushes to {encoder}"
    return f"/admin/channels_app/breakout/{begun.breakout['id']}/change/"


def _is_up(of: Tour) -> bool:
    channel = of.refresh_channel() or {}
    if channel.get("state") == "failed":
        raise tour.TourFailed(f"The channel failed: {channel['error']}")
    return bool(channel.get("state") == "idle" and of.deployed_at)
