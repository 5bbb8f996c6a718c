"""What staff see of channels and security groups that were handed over, and the stop that has to be typed.

A channel that waits for a person is an alarm as every channel with an error is; a security group is one here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from channels_app.breakout_sync import encoding
from channels_app.models import Breakout, Channel, SecurityGroup
from channels_app.models.breakout import ON_AIR
from streamhub.alerts.rules import Condition, Severity
from streamhub.console import handed_over, needs_person


def id_to_type(channel: Channel | None) -> str:
    """The MediaLive channel's id, which has to be typed to stop it if it was handed over; "" otherwise."""
    return channel.ml_channel_id if channel is not None and channel.handed_over_at is not None else ""


def stop_consequences(channel: Channel | None) -> list[str]:
    if not id_to_type(channel):
        return []
    return [
        _(
            "It no longer carries StreamHub's mark, so others may use it. It is stopped only "
            "because you say so."
        )
    ]


def _of_channels(rows: Sequence[Any]) -> Mapping[int, dict[str, Any]]:
    """Critical, with the *Stop* of its breakout or else of the channel, while a show or money is at stake."""
    breakouts = Breakout.objects.filter(channel__in=rows, state__in=ON_AIR)
    on_air = {breakout.channel_id: breakout for breakout in breakouts}
    at_stake = [row for row in rows if row.pk in on_air or encoding(row)]
    return {row.pk: {"severity": Severity.CRITICAL, **_stop(on_air.get(row.pk, row))} for row in at_stake}


def _stop(row: Breakout | Channel) -> dict[str, Any]:
    permission = f"channels_app.stop_{row._meta.model_name}"
    return {"action": "Stop", "action_url": handed_over.url_of(row, "do", "stop"), "permission": permission}


_CHANNELS = handed_over.alarms(Channel, "channels_app.view_channel", _of_channels)


def _of_breakout(row: Breakout) -> list[Condition]:
    """That of its channel, while it is on air."""
    if row.channel is None or row.state not in ON_AIR:
        return []
    return _CHANNELS.of_row[Channel](row.channel)


ALARMS = (
    replace(_CHANNELS, of_row={**_CHANNELS.of_row, Breakout: _of_breakout}),
    handed_over.alarms(SecurityGroup, "channels_app.view_securitygroup"),
    needs_person.alarms(SecurityGroup, "channels_app.view_securitygroup", retry=""),
)
