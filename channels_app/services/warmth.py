"""Keeping a channel warm: MediaLive runs until a time although no breakout is on air."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from channels_app.guards import channel as guards
from channels_app.models import Channel
from channels_app.services.channel import channel_intent, locked_channel
from channels_app.services.places import lock_places
from channels_app.services.situations import channel_situation
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import Invalid
from streamhub.lifecycle import states

# A channel that is kept warm costs as much as one on air.
WARM_MAX = timedelta(days=7)


@transaction.atomic
@audit.verb("channels_app.warm_channel", daily="max_starts_per_day")
def channel_warm(channel: Channel, until: datetime, *, who: Actor) -> Channel:
    """Keep the channel running until then. Raises `Invalid` for a time in the past or beyond a week, and
    `NotPossible`.
    """
    row = locked_channel(channel.pk)
    lock_places()
    guards.check("warm", channel_situation(row))
    now = database_now()
    if not now < until <= now + WARM_MAX:
        raise Invalid(
            {"until": _("Give a time after now and at most %(days)s days ahead.") % {"days": WARM_MAX.days}}
        )
    if row.warm_until == until:
        return row
    row.warm_until = until
    why = f"kept warm until {until:%Y-%m-%d %H:%M} UTC"
    states.record(row, row.state, row.state, who=who, why=why)
    channel_intent(row, warm_until=until)
    return row


@transaction.atomic
@audit.verb("channels_app.warm_channel", name="cool_channel")
def channel_cool(channel: Channel, *, who: Actor) -> Channel:
    """Keep the channel warm no longer: it stops unless a breakout needs it. No effect if it is not warm."""
    row = locked_channel(channel.pk)
    if not guards.check("cool", channel_situation(row)):
        return row
    row.warm_until = None
    states.record(row, row.state, row.state, who=who, why="kept warm no longer")
    channel_intent(row, warm_until=None)
    return row


def warmth_forget() -> None:
    """Clear the times that are over. What ran because of them was stopped, or a breakout needs it."""
    Channel.objects.filter(warm_until__lte=Now()).update(warm_until=None)
