"""Is this breakout ready to go on air? Answered from the last observation; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from channels_app.guards.breakout import STARTABLE
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from distributions.models import Distribution
from streamhub.lifecycle.freshness import is_fresh
from streamhub.lifecycle.models import Listing, ManagedResource


@dataclass(frozen=True)
class Check:
    """One question. `ok` None: could not be read; `observed_at` None: no observation, or a stale one."""

    name: str
    ok: bool | None
    detail: str
    observed_at: datetime | None = None


@dataclass(frozen=True)
class Readiness:
    checks: list[Check]

    @property
    def ready(self) -> bool:
        return all(check.ok for check in self.checks)


def last_seen(row: ManagedResource, key: str) -> datetime | None:
    """When AWS was last read for the row, by itself or in a complete list; None when stale."""
    listed = Listing.objects.filter(key=key).values_list("listed_at", flat=True).first()
    seen = max(filter(None, (row.observed_at, listed)), default=None)
    return seen if is_fresh(seen) else None


def readiness(breakout: Breakout) -> Readiness:
    """The checks in the order in which an operator would ask them."""
    channel = breakout.channel
    if channel is None or channel.desired == "deleted":
        return Readiness([Check("channel", False, "The channel is deleted or being deleted.")])
    checks = [_channel(channel), _free(breakout, channel)]
    return Readiness(checks + _distribution(channel))


def _channel(channel: Channel) -> Check:
    seen = last_seen(channel, "ml_channel")
    if channel.state not in STARTABLE:
        reason = channel.error_message or "its AWS stack is not complete yet"
        return Check("channel", False, f"The channel is {channel.state}: {reason}", seen)
    return _readable(channel, seen, "channel", lambda: (True, f"The channel is {channel.state}."))


def _free(breakout: Breakout, channel: Channel) -> Check:
    other = Breakout.objects.filter(channel=channel, state__in=ON_AIR).exclude(pk=breakout.pk).first()
    if other is None:
        return Check("channel_free", True, "No other breakout is on air on the channel.", timezone.now())
    return Check("channel_free", False, f"{other.name!r} is {other.state} on the channel.", timezone.now())


def _distribution(channel: Channel) -> list[Check]:
    row = channel.distribution
    if row is None:
        detail = "No distribution is attached; prepare or start creates one."
        return [Check("distribution", False, detail)]
    seen = last_seen(row, "distribution")

    def exists() -> tuple[bool, str]:
        if row.suspect_since is not None:
            return False, "CloudFront answered once that it does not exist; it is being looked at again."
        if row.aws_distribution_id:
            return True, f"{row.aws_distribution_id} ({row.domain_name}) is attached."
        return False, row.error_message or "It is being created."

    return [
        _readable(row, seen, "distribution", exists),
        _readable(row, seen, "distribution_enabled", lambda: _enabled(row)),
        _readable(row, seen, "distribution_deployed", lambda: _deployed(row)),
    ]


def _enabled(row: Distribution) -> tuple[bool, str]:
    return bool(row.enabled), "CloudFront serves it." if row.enabled else "It is not enabled (yet)."


def _deployed(row: Distribution) -> tuple[bool, str]:
    if row.status == "Deployed":
        return True, "CloudFront has deployed it everywhere."
    return False, "CloudFront is still deploying it; viewers far away may have to wait."


UNREADABLE = ("AccessDenied", "Throttl", "TooManyRequests", "RateExceeded")


def _readable(
    row: ManagedResource, seen: datetime | None, name: str, ask: Callable[[], tuple[bool, str]]
) -> Check:
    """The answer, unless AWS could not be read or the last observation is stale: then None."""
    if any(word in row.error_code for word in UNREADABLE):
        return Check(name, None, f"AWS could not be read: {row.error_message}", seen)
    if seen is None and row.observed_at is not None:
        return Check(name, None, "The last observation is too old; prepare asks for a fresh one.", None)
    ok, detail = ask()
    return Check(name, ok, detail, seen)
