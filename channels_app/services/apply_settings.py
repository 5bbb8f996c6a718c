"""Bringing a channel up to date with the settings of the house."""

from __future__ import annotations

from django.db import transaction

from channels_app.guards import channel as guards
from channels_app.models import Channel
from channels_app.services.aliases import alias_of
from channels_app.services.applied_settings import differing, encoder_differs, wanted_authorization
from channels_app.services.channel import channel_intent, locked_channel
from channels_app.services.situations import channel_situation
from distributions import services as distributions
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.lifecycle import states


@transaction.atomic
@audit.verb("channels_app.apply_settings_channel")
def channel_apply_settings(channel: Channel, *, who: Actor) -> Channel:
    """Want the present settings for its origin endpoint, its MediaLive channel and its distribution.

    Workers send what differs, one call a step, while the channel is idle. No effect if nothing differs.
    Raises `NotPossible` while a breakout is on air.
    """
    row = locked_channel(channel.pk)
    if not guards.check("apply-settings", channel_situation(row)):
        return row
    why = f"settings to apply: {', '.join(differing(row))}"
    states.record(row, row.state, row.state, who=who, why=why)
    secret = row.origin_secret
    authorization, pending = wanted_authorization(), bool(encoder_differs(row))
    channel_intent(row, authorization=authorization, settings_pending=pending)
    row.authorization = authorization
    # If its origin wants to see another header, the distribution gets all with that, in one deployment.
    if row.distribution is not None and row.origin_secret == secret:
        distributions.distribution_settings_apply(row.distribution, alias=alias_of(row), who=who)
    return row
