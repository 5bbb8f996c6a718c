"""Keeping a channel warm: MediaLive runs until a time although no breakout is on air."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from channels_app.guards import channel as guards
from channels_app.models import Channel
from channels_app.services.channel import NOT_WARM, channel_intent, locked_channel
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
def channel_warm(channel: Channel, until: datetime, *, who: Actor, asked: bool = True) -> Channel:
    """Keep the channel running until then. Raises `Invalid` for a time in the past or beyond a week, and
    `NotPossible`.

    `asked` False: for a show, and no longer than the show needs it (`channel_warm_less`).
    """
    row = locked_channel(channel.pk)
    lock_places()
    guards.check("warm", channel_situation(row))
    now = database_now()
    if not now < until <= now + WARM_MAX:
        raise Invalid(
            {"until": _("Give a time after now and at most %(days)s days ahead.") % {"days": WARM_MAX.days}}
        )
    fields = {"warm_until": until, **({"warm_asked_until": until} if asked else {})}
    if all(getattr(row, name) == value for name, value in fields.items()):
        return row
    row.warm_until = until
    states.record(row, row.state, row.state, who=who, why=_kept_until(until))
    channel_intent(row, **fields)
    return row


def channel_warm_less(channel: Channel, needed: datetime | None, *, who: Actor) -> bool:
    """Keep the locked channel warm for as long as somebody asked or a show needs it (`needed`), not longer.

    Returns whether that is less than before.
    """
    asked, now = channel.warm_asked_until, database_now()
    until = max((each for each in (asked, needed) if each is not None and each > now), default=None)
    if channel.warm_until is None or (until is not None and until >= channel.warm_until):
        return False
    channel.warm_until = until
    why = "kept warm no longer: no show needs it" if until is None else _kept_until(until)
    states.record(channel, channel.state, channel.state, who=who, why=why)
    channel_intent(channel, warm_until=until)
    return True


def _kept_until(until: datetime) -> str:
    return f"kept warm until {until:%Y-%m-%d %H:%M} UTC"


@transaction.atomic
@audit.verb("channels_app.warm_channel", name="cool_channel")
def channel_cool(channel: Channel, *, who: Actor) -> Channel:
    """Keep the channel warm no longer: it stops unless a breakout needs it. No effect if it is not warm."""
    row = locked_channel(channel.pk)
    if not guards.check("cool", channel_situation(row)):
        return row
    row.warm_until = None
    states.record(row, row.state, row.state, who=who, why="kept warm no longer")
    channel_intent(row, **NOT_WARM)
    return row


def warmth_forget() -> None:
    """Clear the times that are over. What ran because of them was stopped, or a breakout needs it."""
    Channel.objects.filter(warm_until__lte=Now()).update(**NOT_WARM)
