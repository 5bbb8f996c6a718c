"""Whether a breakout is ready to go on air, from the last observation. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from channels_app.guards.breakout import STARTABLE
from channels_app.input_health import NOT_READ, input_health, is_listening
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import ChannelClass, Desired
from channels_app.services import origin_closed
from channels_app.services.maintenance import disturbed
from distributions import signing
from distributions.models import Distribution
from streamhub.clock import database_now
from streamhub.lifecycle.expectation import expected
from streamhub.lifecycle.freshness import is_fresh, last_answer
from streamhub.lifecycle.models import ManagedResource


@dataclass(frozen=True)
class Check:
    """One check. `ok` None: not known; `observed_at` None: no observation, or a stale one.

    `may_be_unknown`: what is not known yet, because it cannot be, is no reason to wait.
    """

    name: str
    ok: bool | None
    detail: str
    observed_at: datetime | None = None
    may_be_unknown: bool = False

    @property
    def passes(self) -> bool:
        return bool(self.ok) or (self.ok is None and self.may_be_unknown)


@dataclass(frozen=True)
class Readiness:
    checks: list[Check]

    @property
    def ready(self) -> bool:
        return all(check.passes for check in self.checks)


def last_observed(row: ManagedResource, key: str) -> datetime | None:
    """When AWS was last read for the row, by a describe or in a complete list; None if that is stale."""
    latest = last_answer(row.observed_at, key)
    return latest if is_fresh(latest) else None


def readiness(breakout: Breakout) -> Readiness:
    """The checks of a breakout, in the order in which an operator works through them."""
    channel = breakout.channel
    if channel is None or channel.desired == Desired.DELETED:
        return Readiness([Check("channel", False, "The channel is deleted or being deleted.")])
    checks = [_channel(channel), _free(breakout, channel)]
    checks += _distribution(channel) + _origin(channel) + _receiving(channel)
    return Readiness(checks + _maintenance(breakout, channel))


def _receiving(channel: Channel) -> list[Check]:
    """Whether the input is received. Not known while the channel is idle: it does not listen then.

    Nor in the first seconds of a run: that AWS was not asked yet is no reason to wait either.
    """
    health = input_health(channel)
    unknown_is_fine = not is_listening(channel) or health.detail == NOT_READ
    return [Check("receiving", health.ok, health.detail, health.observed_at, unknown_is_fine)]


def _origin(channel: Channel) -> list[Check]:
    """Whether CloudFront may read the origin endpoint; none where no origin is, or is to be, closed."""
    if not (settings.MEDIAPACKAGE_CDN_SECRET_ARN or channel.authorization_seen or channel.authorization):
        return []
    closed, observed_at = origin_closed(channel), last_observed(channel, "mp_endpoint")
    if closed is None:
        detail = (
            "The origin endpoint and CloudFront are being changed, one after the other. Until both are done "
            "viewers get errors."
        )
        return [Check("origin", False, detail, observed_at)]
    detail = "Only CloudFront can read the origin endpoint."
    if not closed:
        detail = "The origin endpoint is open. Apply settings closes it, while nothing is on air."
    return [_readable(channel, observed_at, "origin", lambda: (True, detail))]


def _maintenance(breakout: Breakout, channel: Channel) -> list[Check]:
    """A warning if AWS may interrupt the planned show. Two pipelines are maintained one after the other."""
    window = disturbed(breakout)
    if window is None:
        return []
    observed_at = last_observed(channel, "ml_channel")
    if channel.channel_class == ChannelClass.STANDARD:
        detail = f"AWS may stop one pipeline for maintenance ({window}). The other one goes on."
        return [Check("maintenance_window", True, detail, observed_at)]
    detail = (
        f"The show is planned in the hours in which AWS may interrupt the channel ({window}). StreamHub "
        "moves them while the channel is idle; if they stay, plan the show at another time."
    )
    return [Check("maintenance_window", False, detail, observed_at)]


def _channel(channel: Channel) -> Check:
    observed_at = last_observed(channel, "ml_channel")
    if channel.state not in STARTABLE:
        when = expected(channel) or "Its AWS resources are not complete yet."
        reason = channel.error_message or str(when)
        return Check("channel", False, f"The channel is {channel.state}. {reason}", observed_at)
    return _readable(channel, observed_at, "channel", lambda: (True, f"The channel is {channel.state}."))


def _free(breakout: Breakout, channel: Channel) -> Check:
    others = Breakout.objects.filter(channel=channel, state__in=ON_AIR).exclude(pk=breakout.pk)
    other = others.order_by("state").first()  # stopping comes last
    if other is None:
        return Check("channel_free", True, "No other breakout is on air on the channel.", database_now())
    detail = f"The breakout {other.name!r} is {other.state} on the channel."
    if other.state == State.STOPPING:
        detail += " A start is accepted and follows as soon as MediaLive is idle."
    if other.state == State.RUNNING:
        detail += " Take over ends it and goes on air in its place."
    return Check("channel_free", False, detail, database_now())


def _distribution(channel: Channel) -> list[Check]:
    row = channel.distribution
    if row is None:
        detail = "No distribution is attached. Prepare or start creates one."
        return [Check("distribution", False, detail)]
    observed_at = last_observed(row, "distribution")

    def exists() -> tuple[bool, str]:
        if row.suspect_since is not None:
            return (
                False,
                "CloudFront answered that it does not exist. StreamHub reads it once more to be sure.",
            )
        if row.aws_distribution_id:
            return True, f"{row.aws_distribution_id} ({row.domain_name}) is attached."
        return False, row.error_message or "It is being created."

    return [
        _readable(row, observed_at, "distribution", exists),
        _readable(row, observed_at, "distribution_enabled", lambda: _enabled(row)),
        _readable(row, observed_at, "distribution_deployed", lambda: _deployed(row)),
        *_signing(row),
    ]


def _signing(row: Distribution) -> list[Check]:
    """Whether viewers get signatures that CloudFront takes; nothing where it asks for none."""
    fit = signing.fit(row) if row.aws_distribution_id else None
    return [Check("playback_signing", fit.ok, fit.detail, fit.observed_at)] if fit else []


def _enabled(row: Distribution) -> tuple[bool, str]:
    return bool(row.enabled), "CloudFront serves it." if row.enabled else "It is not enabled."


def _deployed(row: Distribution) -> tuple[bool, str]:
    if row.status == "Deployed":
        return True, "CloudFront has deployed it everywhere."
    when = expected(row) or "CloudFront is still deploying it."
    return False, f"{when} Viewers in some regions may have to wait."


# The calls that read; every other one changes something.
READS = ("Describe", "Get", "List")


def _readable(
    row: ManagedResource, observed_at: datetime | None, name: str, judge: Callable[[], tuple[bool, str]]
) -> Check:
    """The check `judge`; `ok` is None if AWS could not be read or the last observation is stale.

    A call that AWS refused to carry out is no reading that failed: the check says which call it was.
    """
    _service, _, call = row.error_operation.partition(":")
    if call.startswith(READS):
        return Check(name, None, f"AWS could not be read: {row.error_message}", observed_at)
    if call:
        return Check(name, False, f"AWS did not carry out {call}: {row.error_message}", observed_at)
    if observed_at is None and row.observed_at is not None:
        return Check(name, None, "The last observation is too old. Prepare requests a new one.", None)
    ok, detail = judge()
    return Check(name, ok, detail, observed_at)
