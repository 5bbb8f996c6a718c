"""Playback URLs: the origin endpoint's path on the distribution's domain."""

from __future__ import annotations

from urllib.parse import urlsplit

from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from channels_app.services import origin_switching
from distributions import aliases, signing


def of_channel(channel: Channel) -> str | None:
    """The channel's playback URL; None unless a breakout is running with its curtain raised."""
    running = getattr(channel, "running_breakouts", None)
    if running is None:
        running = list(channel.breakouts.filter(state=State.RUNNING))
    return url(channel) if any(breakout.curtain_raised for breakout in running) else None


def of_breakout(breakout: Breakout) -> str | None:
    """The breakout's playback URL; None unless it is running with its curtain raised."""
    if breakout.state != State.RUNNING or not breakout.curtain_raised or breakout.channel is None:
        return None
    return url(breakout.channel)


def is_protected(breakout: Breakout) -> bool:
    """Whether its viewers need a signature."""
    distribution = breakout.channel.distribution if breakout.channel is not None else None
    return distribution is not None and bool(signing.groups_of(distribution))


def url(channel: Channel) -> str | None:
    """The playback URL regardless of the curtain; None without a distribution or endpoint.

    Its host is the channel's alias as soon as that leads to the distribution, and CloudFront's domain before.

    None too while the origin is being closed or opened: it plays only after both sides have changed.
    """
    distribution = channel.distribution
    if distribution is None or not aliases.host(distribution) or not channel.endpoint_url:
        return None
    if origin_switching(channel):
        return None  # its origin would refuse CloudFront
    return f"https://{aliases.host(distribution)}{urlsplit(channel.endpoint_url).path}"


def resource(url: str) -> str:
    """What a policy has to cover so that the playlist and everything below its folder play."""
    return f"{url.rpartition('/')[0]}/*"
