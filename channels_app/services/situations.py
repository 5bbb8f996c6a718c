"""Situations: what the guards need to know of a row. The services build them under the row's lock."""

from __future__ import annotations

from channels_app import breakout_sync
from channels_app.guards import breakout, channel
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import NEEDS_CHANNEL
from channels_app.models.channel import NOT_SENT_AGAIN
from channels_app.services import applied_settings
from channels_app.services.places import running_places


def channel_situation(row: Channel) -> channel.Situation:
    """The channel's situation. One query for the breakout on air, and one for the limit."""
    on_air = breakout_sync.on_air(row)
    return channel.Situation(
        state=row.state,
        desired=row.desired,
        on_air=on_air.name if on_air else "",
        on_air_state=on_air.state if on_air else "",
        runs=breakout_sync.runs(row),
        may_run=breakout_sync.may_run(row),
        has_error=bool(row.error_code or row.second_renewal in NOT_SENT_AGAIN),
        has_distribution=row.distribution_id is not None,
        has_endpoint=bool(row.endpoint_url),
        built=bool(row.ml_channel_id and row.mp_endpoint_id),
        outdated=bool(applied_settings.differing(row)),
        kept_warm=row.warm_until is not None,
        has_second_input=bool(row.second_input_type),
        second_attached=_second_is_attached(row),
        restarting=row.restart_wanted,
        places=running_places(row),
    )


def _second_is_attached(row: Channel) -> bool:
    """Whether MediaLive's channel has the second input, as far as it was read."""
    second = row.input_ids[1:]
    return bool(second) and (not row.attached_inputs or second[0] in row.attached_inputs)


def breakout_situation(row: Breakout) -> breakout.Situation:
    """The breakout's situation. A query for another breakout that needs the channel, one for the limit."""
    has_duration = row.duration_minutes is not None
    if row.channel is None:
        return breakout.Situation(row.state, row.curtain_raised, has_duration=has_duration)
    others = Breakout.objects.filter(channel=row.channel, state__in=NEEDS_CHANNEL).exclude(pk=row.pk)
    other, other_state = others.values_list("name", "state").first() or ("", "")
    return breakout.Situation(
        row.state,
        row.curtain_raised,
        row.channel.state,
        row.channel.desired,
        other,
        running_places(row.channel),
        other_state,
        has_duration,
    )
