"""Readiness of the channel: its state and error, who else is on air on it, its origin and maintenance."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from channels_app.guards.breakout import STARTABLE
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import ChannelClass
from channels_app.readiness.check import READS, Check, last_observed, readable
from channels_app.services import origin_closed, settings_differing
from channels_app.services.maintenance import disturbed
from streamhub.clock import database_now
from streamhub.lifecycle.expectation import expected


def state(channel: Channel) -> Check:
    observed_at = last_observed(channel, "ml_channel")
    if channel.state not in STARTABLE:
        when = expected(channel) or _("Its AWS resources are not complete yet.")
        reason = channel.error_message or str(when)
        return Check(
            "channel",
            False,
            _("The channel is %(state)s. %(reason)s") % {"state": _(channel.state), "reason": reason},
            observed_at,
        )
    return readable(
        channel,
        observed_at,
        "channel",
        lambda: (True, _("The channel is %(state)s.") % {"state": _(channel.state)}),
    )


def free(breakout: Breakout, channel: Channel) -> Check:
    """Whether no other breakout is on air on the channel, or it is planned to end in time for this one."""
    others = Breakout.objects.filter(channel=channel, state__in=ON_AIR).exclude(pk=breakout.pk)
    other = others.order_by("state").first()  # stopping comes last
    if other is None:
        return Check("channel_free", True, _("No other breakout is on air on the channel."), database_now())
    detail = _("The breakout %(name)s is %(state)s on the channel.") % {
        "name": repr(other.name),
        "state": _(other.state),
    }
    if other.state == State.STOPPING:
        detail += _(" A start is accepted and follows as soon as MediaLive is idle.")
    if other.state == State.RUNNING:
        detail += _(" Take over ends it and goes on air in its place.")
    now, end = database_now(), other.planned_end_at
    in_time = end is not None and breakout.starts_at is not None and now < end <= breakout.starts_at
    if end is not None and in_time:
        detail += _(" It is planned to end before, %(end)s UTC.") % {"end": f"{end:%Y-%m-%d %H:%M}"}
    return Check("channel_free", in_time, detail, now)


def origin(channel: Channel) -> list[Check]:
    """Whether CloudFront may read the origin endpoint; none where no origin is, or is to be, closed."""
    if not (settings.MEDIAPACKAGE_CDN_SECRET_ARN or channel.authorization_seen or channel.authorization):
        return []
    closed, observed_at = origin_closed(channel), last_observed(channel, "mp_endpoint")
    if closed is None:
        detail = _(
            "The origin endpoint and CloudFront are being changed, one after the other. Until both are done "
            "viewers get errors."
        )
        return [Check("origin", False, detail, observed_at)]
    detail = _("Only CloudFront can read the origin endpoint.")
    if not closed:
        detail = _("The origin endpoint is open. Apply settings closes it, while nothing is on air.")
    return [readable(channel, observed_at, "origin", lambda: (True, detail))]


def maintenance(breakout: Breakout, channel: Channel) -> list[Check]:
    """A warning if AWS may interrupt the planned show. Two pipelines are maintained one after the other."""
    window = disturbed(breakout)
    if window is None:
        return []
    observed_at = last_observed(channel, "ml_channel")
    if channel.channel_class == ChannelClass.STANDARD:
        detail = _("AWS may stop one pipeline for maintenance (%(window)s). The other one goes on.") % {
            "window": window
        }
        return [Check("maintenance_window", True, detail, observed_at)]
    detail = _(
        "The show is planned in the hours in which AWS may interrupt the channel (%(window)s). StreamHub "
        "moves them while the channel is idle; if they stay, plan the show at another time."
    ) % {"window": window}
    return [Check("maintenance_window", False, detail, observed_at)]


def error(channel: Channel) -> Check:
    """Whether the channel shows an error, of whatever step."""
    observed_at = last_observed(channel, "ml_channel")
    if not channel.error_code:
        return Check("channel_error", True, _("The channel shows no error."), observed_at)
    sentence = f"{channel.error_message} {channel.error_hint}".strip()
    read = channel.error_operation.partition(":")[2].startswith(READS)
    return Check("channel_error", None if read else False, sentence, observed_at)


def outdated(channel: Channel) -> Check:
    """Whether AWS has it with the settings that StreamHub has now."""
    observed_at = last_observed(channel, "ml_channel")
    names = settings_differing(channel)
    if not names:
        return Check("settings", True, _("It has StreamHub's present settings."), observed_at)
    fix = _("Apply settings brings it up to date while nothing is on air; the show can go on without.")
    return Check(
        "settings",
        False,
        _("Its settings are outdated: %(names)s. %(fix)s") % {"names": ", ".join(names), "fix": fix},
        observed_at,
    )
