"""The alarms of `channels_app.cost_alarms`, each with its Stop verb, and those of what was handed over."""

from __future__ import annotations

from django.db.models import Model
from django.urls import reverse

from channels_app import cost_alarms
from channels_app.admin import handed_over
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from streamhub.alerts.rules import AlarmSource, Condition, Severity


def _url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def _shown(alarm: cost_alarms.CostAlarm) -> Condition:
    """The alarm with Stop on its breakout, or on the channel if it has none."""
    model, pk = (Breakout, alarm.breakout_id) if alarm.breakout_id else (Channel, alarm.channel_id)
    return Condition(
        rule=alarm.code.value,
        severity=Severity.CRITICAL,
        kind=model.KIND,
        object_id=str(pk),
        name=alarm.name,
        url=_url(model, "change", pk),
        sentence=alarm.message,
        since=alarm.since,
        hint=alarm.hint,
        aws_error=alarm.channel_error,
        action="Stop",
        action_url=_url(model, "do", pk, "stop"),
        permission=f"channels_app.stop_{model._meta.model_name}",
    )


def _all() -> list[Condition]:
    return [_shown(alarm) for alarm in cost_alarms.current_alarms()]


def _of_channel(row: Channel) -> list[Condition]:
    return [_shown(alarm) for alarm in cost_alarms.alarms_of(row.pk)]


def _of_breakout(row: Breakout) -> list[Condition]:
    """The breakout's own alarms, and its channel's if that still runs after the breakout failed."""
    if row.channel_id is None or row.state not in (*ON_AIR, State.FAILED):
        return []
    alarms = cost_alarms.alarms_of(row.channel_id)
    return [_shown(alarm) for alarm in alarms if alarm.breakout_id in (row.pk, None)]


ALARMS = (
    AlarmSource("channels_app.view_channel", _all, of_row={Channel: _of_channel, Breakout: _of_breakout}),
    *handed_over.ALARMS,
)
