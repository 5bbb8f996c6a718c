"""Cost alarms: what may cost money without need, such as a running channel without a breakout (AWS_RULES 20).

Alarms are computed from the rows and never stored, so that an alarm ends with its cause. The dashboard asks
`current_alarms()`. The job `check_costs` logs the alarms every minute, stops channels that are no longer kept
warm, and, if `AUTO_STOP_IDLE_MINUTES` is set, channels that run without a breakout.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels_app.breakout_sync import ENCODING, encoding
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import Desired
from channels_app.services import channel_stop_unneeded, warmth_forget
from streamhub.access.actors import SYSTEM
from streamhub.clock import database_now

log = logging.getLogger(__name__)

# All that alarms read: every page of the admin asks for them, and the rest of a row takes most of the time.
OF_CHANNEL = (
    "name",
    "state_since",
    "warm_until",
    "warm_asked_until",
    "ml_channel_state",
    "ml_channel_gone",
    "error_code",
    "error_message",
)
OF_BREAKOUT = (
    "name",
    "state",
    "state_since",
    "cancelling",
    "starts_at",
    "session_started_at",
    "duration_minutes",
    "channel_id",
)
# A breakout in one of these states was on air.
OVER = (State.COMPLETED, State.FAILED)


class Code(StrEnum):
    IDLE_RUNNING = "idle_running"
    OVER_TIME = "over_time"
    START_LATE = "start_late"
    STOP_LATE = "stop_late"


@dataclass(frozen=True)
class Limits:
    """How long each situation may last before it is an alarm."""

    idle_running: timedelta
    start: timedelta
    over_time: timedelta = timedelta(minutes=15)
    without_duration: timedelta = timedelta(hours=12)


def configured_limits() -> Limits:
    """The limits of the settings."""
    return Limits(
        idle_running=timedelta(minutes=settings.IDLE_RUNNING_ALARM_MINUTES),
        start=timedelta(minutes=settings.START_ALARM_MINUTES),
    )


@dataclass(frozen=True)
class CostAlarm:
    """One situation that needs attention now. `since`: when it began, not when it became an alarm.

    `name` is the breakout's, or the channel's if it concerns no breakout; `hint` says what to do;
    `channel_error` is the error that the channel shows ("": none).
    """

    code: Code
    channel_id: int
    breakout_id: int | None
    name: str
    since: datetime
    minutes: int
    message: str
    hint: str
    channel_error: str = ""


def alarms(
    channel: Channel, breakouts: Iterable[Breakout], now: datetime, limits: Limits | None = None
) -> tuple[CostAlarm, ...]:
    """All alarms of one channel: a pure function.

    `breakouts`: those on air, and of those that were at least the one that ended last. `limits`: those of the
    settings if None.
    """
    limits = limits or configured_limits()
    breakouts = list(breakouts)
    candidates = [_idle_running(channel, breakouts, now, limits)]
    candidates += [_of_breakout(channel, breakout, now, limits) for breakout in breakouts]
    return tuple(alarm for alarm in candidates if alarm is not None)


def _idle_running(
    channel: Channel, breakouts: list[Breakout], now: datetime, limits: Limits
) -> CostAlarm | None:
    if not encoding(channel) or any(breakout.state in ON_AIR for breakout in breakouts):
        return None
    # What is planned or cancelled without a start is no reason to run.
    ends = [breakout.state_since for breakout in breakouts if breakout.state in OVER or breakout.cancelling]
    since = max([channel.state_since, *ends])
    if now - since < limits.idle_running:
        return None
    warm_until = channel.warm_until if channel.warm_until and channel.warm_until > now else None
    if warm_until is not None and _waits_for_show(channel, warm_until):
        return None
    reason = (
        gettext(" It is kept warm until %(warm_until)s UTC.") % {"warm_until": f"{warm_until:%Y-%m-%d %H:%M}"}
        if warm_until
        else ""
    )
    duration = _minutes_text(now - since)
    return CostAlarm(
        Code.IDLE_RUNNING,
        channel.pk,
        None,
        channel.name,
        since,
        _minutes(now - since),
        gettext("The channel %(name)s has run without a breakout for %(duration)s and costs money.%(reason)s")
        % {"name": channel.name, "duration": duration, "reason": reason},
        gettext("Stop it if no breakout needs it soon.")
        if warm_until
        else gettext(
            "StreamHub stops it. If this lasts, check its error, or press Stop to ask AWS again now."
        ),
        _channel_error(channel),
    )


def _waits_for_show(channel: Channel, warm_until: datetime) -> bool:
    """Whether it is warmed up for a show that still comes: only the schedule keeps it warm for so long."""
    return channel.warm_asked_until is None or channel.warm_asked_until < warm_until


def _of_breakout(channel: Channel, breakout: Breakout, now: datetime, limits: Limits) -> CostAlarm | None:
    if breakout.state in (State.STARTING, State.STOPPING):
        return _late(channel, breakout, now, limits)
    if breakout.state == State.RUNNING and breakout.session_started_at is not None:
        return _over_time(channel, breakout, breakout.session_started_at, now, limits)
    return None


def _late(channel: Channel, breakout: Breakout, now: datetime, limits: Limits) -> CostAlarm | None:
    since = breakout.state_since
    if now - since < limits.start:
        return None
    message = gettext("%(name)s has been %(state)s for %(minutes_text)s.") % {
        "name": breakout.name,
        "state": gettext(breakout.state),
        "minutes_text": _minutes_text(now - since),
    }
    if breakout.state == State.STARTING:
        hint = gettext("Check its channel's error. Stop it if the show does not take place.")
        return _breakout_alarm(Code.START_LATE, channel, breakout, since, now, message, hint)
    hint = gettext(
        "StreamHub keeps asking AWS to stop. Check its channel's error, or press Stop to ask again now."
    )
    return _breakout_alarm(Code.STOP_LATE, channel, breakout, since, now, message, hint)


def _over_time(
    channel: Channel, breakout: Breakout, since: datetime, now: datetime, limits: Limits
) -> CostAlarm | None:
    end = breakout.planned_end_at
    late = now - since > limits.without_duration if end is None else now - end > limits.over_time
    if not late:
        return None
    plan = (
        gettext("without a planned duration")
        if end is None
        else gettext("beyond its planned end, %(end)s UTC") % {"end": f"{end:%Y-%m-%d %H:%M}"}
    )
    message = gettext("%(name)s has run for %(minutes_text)s, %(plan)s.") % {
        "name": breakout.name,
        "minutes_text": _minutes_text(now - since),
        "plan": plan,
    }
    hint = gettext("Stop it if it is over.")
    return _breakout_alarm(Code.OVER_TIME, channel, breakout, since, now, message, hint)


def _breakout_alarm(
    code: Code, channel: Channel, breakout: Breakout, since: datetime, now: datetime, message: str, hint: str
) -> CostAlarm:
    minutes, error = _minutes(now - since), _channel_error(channel)
    return CostAlarm(code, channel.pk, breakout.pk, breakout.name, since, minutes, message, hint, error)


def _channel_error(channel: Channel) -> str:
    return f"{channel.error_code}: {channel.error_message}" if channel.error_code else ""


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def _minutes_text(span: timedelta) -> str:
    minutes = _minutes(span)
    return ngettext("%(minutes)s minute", "%(minutes)s minutes", minutes) % {"minutes": minutes}


def current_alarms() -> tuple[CostAlarm, ...]:
    """All alarms now, the oldest first. Three queries, for any number of channels."""
    on_air = Breakout.objects.filter(state__in=ON_AIR, channel__isnull=False).values("channel_id")
    return _alarms_of(Channel.objects.filter(Q(ml_channel_state__in=ENCODING) | Q(pk__in=on_air)))


def alarms_of(channel_id: int) -> tuple[CostAlarm, ...]:
    """The alarms of one channel and its breakouts. Three queries."""
    return _alarms_of(Channel.objects.filter(pk=channel_id))


def _alarms_of(channels: QuerySet[Channel]) -> tuple[CostAlarm, ...]:
    now, limits = database_now(), configured_limits()
    over = Breakout.objects.filter(Q(state__in=OVER) | Q(cancelling=True), channel=OuterRef("pk"))
    last = over.order_by("-state_since").values("pk")[:1]
    rows = list(channels.annotate(last_breakout=Subquery(last)).only(*OF_CHANNEL))
    breakouts = _relevant_breakouts(rows)
    current = [alarm for row in rows for alarm in alarms(row, breakouts[row.pk], now, limits)]
    return tuple(sorted(current, key=lambda alarm: alarm.since))


def _relevant_breakouts(channels: list[Any]) -> dict[int, list[Breakout]]:
    """By channel: the breakouts on air and the one that ended last."""
    by_channel: dict[int, list[Breakout]] = {channel.pk: [] for channel in channels}
    last = [channel.last_breakout for channel in channels]
    relevant = Q(channel__in=list(by_channel), state__in=ON_AIR) | Q(pk__in=last)
    for breakout in Breakout.objects.filter(relevant).only(*OF_BREAKOUT).order_by("pk"):
        by_channel[breakout.channel_id or 0].append(breakout)
    return by_channel


def check_costs() -> str:
    """Log the alarms and stop what may be stopped; returns the job's outcome in words."""
    stopping = [
        channel.name
        for channel in _no_longer_warm()
        if channel_stop_unneeded(channel, who=SYSTEM, why=str(NO_LONGER_WARM))
    ]
    warmth_forget()
    current = current_alarms()
    for alarm in current:
        log.error("ALARM: %s: %s %s", alarm.code, alarm.message, alarm.hint)
    stopping += [alarm.name for alarm in current if _auto_stop(alarm)]
    return _outcome(current, stopping)


def _outcome(current: tuple[CostAlarm, ...], stopping: list[str]) -> str:
    outcome = (
        ngettext("%(current)s alarm", "%(current)s alarms", len(current)) % {"current": len(current)}
        if current
        else gettext("no alarms")
    )
    if current:
        outcome += ": " + ", ".join(
            gettext("%(code)s %(name)s (%(minutes)s min)")
            % {"code": alarm.code, "name": alarm.name, "minutes": alarm.minutes}
            for alarm in current
        )
    return (
        gettext("stopping %(stopping)s; %(outcome)s") % {"stopping": ", ".join(stopping), "outcome": outcome}
        if stopping
        else outcome
    )


NO_LONGER_WARM = _("no breakout is on air and the channel is no longer kept warm")


def _no_longer_warm() -> Iterable[Channel]:
    """Channels whose row still desires running, although no breakout needs them and the warm time is over."""
    on_air = Breakout.objects.filter(state__in=(State.STARTING, State.RUNNING), channel__isnull=False)
    rows = Channel.objects.filter(desired=Desired.RUNNING).exclude(pk__in=on_air.values("channel_id"))
    return rows.filter(Q(warm_until__isnull=True) | Q(warm_until__lte=Now()))


def _auto_stop(alarm: CostAlarm) -> bool:
    """Stop a channel that runs without a breakout, if `AUTO_STOP_IDLE_MINUTES` allows it."""
    limit = settings.AUTO_STOP_IDLE_MINUTES
    if alarm.code is not Code.IDLE_RUNNING or not limit or alarm.minutes < limit:
        return False
    channel = Channel.objects.filter(pk=alarm.channel_id).first()
    if channel is None:
        return False
    why = ngettext(
        "auto-stop: it has run without a breakout for %(minutes)s minute",
        "auto-stop: it has run without a breakout for %(minutes)s minutes",
        alarm.minutes,
    ) % {"minutes": alarm.minutes}
    return channel_stop_unneeded(channel, who=SYSTEM, why=why, warm=False)
