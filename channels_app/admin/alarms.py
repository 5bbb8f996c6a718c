"""The alarms of channels: what costs without need, what has an error, and what was handed over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Model, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_app import cost_alarms
from channels_app.admin import address_alarms, handed_over, input_alarms, schedule_alarms
from channels_app.admin.badges import in_trouble
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import from_now

# The rule of an alarm that says what the channel's error says.
CHANNEL_ERROR = "channel_error"
# So long after it failed a show is still waited for: somebody has to retry it.
AT_STAKE = timedelta(hours=1)


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
        action=_("Stop"),
        action_url=_url(model, "do", pk, "stop"),
        permission=f"channels_app.stop_{model._meta.model_name}",
    )


def _error(channel: Channel, show: Breakout | None) -> Condition:
    """The error that the channel shows, which is also that of the show that is on air or has just failed."""
    trouble = (
        _("it could not %(failed_step)s") % {"failed_step": channel.failed_step}
        if channel.failed_step
        else channel.error_message
    )
    concerned = (
        _(", on which %(name)s is %(state)s,") % {"name": show.name, "state": _(show.state)}
        if show and show.state != State.FAILED
        else _(", on which %(name)s failed,") % {"name": show.name}
        if show
        else ""
    )
    return Condition(
        rule=CHANNEL_ERROR,
        severity=Severity.CRITICAL if show else Severity.WARNING,
        kind=Channel.KIND,
        object_id=str(channel.pk),
        name=channel.name,
        url=_url(Channel, "change", channel.pk),
        sentence=_("The channel %(name)s%(concerned)s has an error: %(trouble)s.")
        % {"name": channel.name, "concerned": concerned, "trouble": trouble.rstrip(".")},
        since=channel.error_at or channel.state_since,
        hint=channel.error_hint,
        aws_error=_answer(channel) if channel.error_operation else "",
        action=_("Retry"),
        action_url=_url(Channel, "do", channel.pk, "retry"),
        permission="channels_app.retry_channel",
    )


def _answer(channel: Channel) -> str:
    """AWS's answer, as far as the sentence does not say it already."""
    message = f": {channel.error_message}" if channel.failed_step else ""
    return f"{channel.error_code}{message} ({channel.error_operation})"


def _errors(channels: QuerySet[Channel]) -> list[Condition]:
    """One for each channel in trouble. Two queries."""
    just_failed = Q(state=State.FAILED, state_since__gte=from_now(-AT_STAKE))
    shows = Breakout.objects.filter(Q(state__in=ON_AIR) | just_failed).order_by("-state_since")
    rows: Any = channels.filter(in_trouble()).prefetch_related(Prefetch("breakouts", shows, to_attr="shows"))
    return [_error(row, min(row.shows, key=_concern, default=None)) for row in rows]


def _concern(show: Breakout) -> tuple[bool, str]:
    """What is on air before what failed; by the alphabet running and starting come before stopping."""
    return show.state == State.FAILED, show.state


def _distribution_errors() -> list[Condition]:
    """One for each distribution with an error that delivers a breakout on air. One query."""
    on_air = Breakout.objects.filter(state__in=ON_AIR, channel__distribution__isnull=False)
    in_error = on_air.exclude(channel__distribution__error_code="").select_related("channel__distribution")
    return [_distribution_error(row) for row in in_error.defer("channel__distribution__config")]


def _distribution_error(breakout: Breakout) -> Condition:
    row: Any = breakout.channel and breakout.channel.distribution
    return Condition(
        rule="distribution_error",
        severity=Severity.CRITICAL,
        kind=row.KIND,
        object_id=str(row.pk),
        name=str(row),
        url=_url(type(row), "change", row.pk),
        sentence=_("The distribution of %(name)s has an error: %(error_message)s.")
        % {"name": breakout.name, "error_message": row.error_message.rstrip(".")},
        since=row.error_at or row.state_since,
        hint=row.error_hint,
        aws_error=f"{row.error_code} ({row.error_operation})" if row.error_operation else "",
    )


def _all() -> list[Condition]:
    costs = [_shown(alarm) for alarm in cost_alarms.current_alarms()]
    return costs + _errors(Channel.objects.all()) + _distribution_errors()


def _of_channel(row: Channel) -> list[Condition]:
    """Its error stands on its page already, in full."""
    return [_shown(alarm) for alarm in cost_alarms.alarms_of(row.pk)]


def _of_breakout(row: Breakout) -> list[Condition]:
    """The breakout's own alarms, and its channel's if that still runs after the breakout failed."""
    if row.channel_id is None or row.state not in (*ON_AIR, State.FAILED):
        return []
    alarms = cost_alarms.alarms_of(row.channel_id)
    return [_shown(alarm) for alarm in alarms if alarm.breakout_id in (row.pk, None)]


ALARMS = (
    AlarmSource("channels_app.view_channel", _all, of_row={Channel: _of_channel, Breakout: _of_breakout}),
    input_alarms.ALARMS,
    address_alarms.ALARMS,
    schedule_alarms.ALARMS,
    *handed_over.ALARMS,
)
