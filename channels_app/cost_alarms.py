"""What may cost money without anybody wanting it: a forgotten running channel is the classic surprise bill
(AWS_RULES 20). Alarms are computed from the rows, never stored, so that none outlives its reason.

The dashboard asks `current_alarms()`; the job `cost_safety` logs them every minute, stops what should not
run any more because its time to be kept warm is over, and, if `AUTO_STOP_IDLE_MINUTES` says so, what runs
without a breakout.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from channels_app.breakout_sync import ENCODING, encoding
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import Desired
from channels_app.services import channel_stop_unneeded
from streamhub.access.actors import SYSTEM

log = logging.getLogger(__name__)


class Code(StrEnum):
    IDLE_RUNNING = "idle_running"
    OVER_TIME = "over_time"
    START_LATE = "start_late"
    STOP_LATE = "stop_late"


@dataclass(frozen=True)
class Limits:
    """From when on something is alarming."""

    idle_running: timedelta
    start: timedelta
    over_time: timedelta = timedelta(minutes=15)
    without_duration: timedelta = timedelta(hours=12)


def limits() -> Limits:
    """As the settings say."""
    return Limits(
        idle_running=timedelta(minutes=settings.IDLE_RUNNING_ALARM_MINUTES),
        start=timedelta(minutes=settings.START_ALARM_MINUTES),
    )


@dataclass(frozen=True)
class CostAlarm:
    """One thing somebody should look at now. `since`: when it began (not when it became alarming).

    `name` is the channel's, or the breakout's where there is one; `hint` says what to do; `in_the_way` is
    what AWS last answered to the channel, "" if nothing is wrong.
    """

    code: Code
    channel_id: int
    breakout_id: int | None
    name: str
    since: datetime
    minutes: int
    message: str
    hint: str
    in_the_way: str = ""


def alarms(
    channel: Channel, breakouts: Iterable[Breakout], now: datetime, allowed: Limits | None = None
) -> tuple[CostAlarm, ...]:
    """All alarms of one channel, a function of values.

    `breakouts`: those on air, and of the others at least the one that changed last. `allowed`: by default
    the settings'.
    """
    allowed = allowed or limits()
    breakouts = list(breakouts)
    found = [alarm for each in breakouts for alarm in _of_breakout(channel, each, now, allowed)]
    if (idle := _idle_running(channel, breakouts, now, allowed)) is not None:
        found.insert(0, idle)
    return tuple(found)


def _idle_running(
    channel: Channel, breakouts: list[Breakout], now: datetime, allowed: Limits
) -> CostAlarm | None:
    if not encoding(channel) or any(each.state in ON_AIR for each in breakouts):
        return None
    since = max([channel.state_since, *(each.state_since for each in breakouts)])
    if now - since < allowed.idle_running:
        return None
    warm = channel.warm_until is not None and channel.warm_until > now
    why = f"; it is kept warm until {channel.warm_until:%Y-%m-%d %H:%M} UTC" if warm else ""
    minutes = _minutes(now - since)
    return CostAlarm(
        Code.IDLE_RUNNING,
        channel.pk,
        None,
        channel.name,
        since,
        minutes,
        f"The channel {channel.name} runs and costs, and no breakout is on air for {minutes} minutes{why}.",
        "If nobody needs it, stop it."
        if warm
        else "StreamHub stops it; if that lasts, look at its error, or press Stop to ask AWS again now.",
        _in_the_way(channel),
    )


def _of_breakout(channel: Channel, row: Breakout, now: datetime, allowed: Limits) -> Iterator[CostAlarm]:
    waited = now - row.state_since
    if row.state in (State.STARTING, State.STOPPING) and waited >= allowed.start:
        starts = row.state == State.STARTING
        yield _alarm(
            Code.START_LATE if starts else Code.STOP_LATE,
            channel,
            row,
            row.state_since,
            now,
            f"{row.name} is {row.state} for {_minutes(waited)} minutes.",
            "Look at its channel's error; stop it if the show is off."
            if starts
            else "StreamHub keeps asking AWS to stop; look at its channel's error, or press Stop to ask now.",
        )
    elif row.state == State.RUNNING and row.session_started_at is not None:
        planned = row.duration_minutes
        most = allowed.without_duration if planned is None else timedelta(minutes=planned) + allowed.over_time
        ran = now - row.session_started_at
        if ran > most:
            plan = "without a planned duration" if planned is None else f"{planned} were planned"
            message = f"{row.name} runs for {_minutes(ran)} minutes, {plan}."
            yield _alarm(
                Code.OVER_TIME, channel, row, row.session_started_at, now, message, "Stop it if it is over."
            )


def _alarm(
    code: Code, channel: Channel, row: Breakout, since: datetime, now: datetime, message: str, hint: str
) -> CostAlarm:
    minutes = _minutes(now - since)
    return CostAlarm(code, channel.pk, row.pk, row.name, since, minutes, message, hint, _in_the_way(channel))


def _in_the_way(channel: Channel) -> str:
    return f"{channel.error_code}: {channel.error_message}" if channel.error_code else ""


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


def current_alarms() -> tuple[CostAlarm, ...]:
    """All alarms now, the oldest first. Two queries, however much runs."""
    on_air = Breakout.objects.filter(state__in=ON_AIR, channel__isnull=False).values("channel_id")
    return _alarms_of(Channel.objects.filter(Q(ml_channel_state__in=ENCODING) | Q(pk__in=on_air)))


def alarms_of(channel_id: int) -> tuple[CostAlarm, ...]:
    """The alarms of one channel and of its breakouts. Two queries."""
    return _alarms_of(Channel.objects.filter(pk=channel_id))


def _alarms_of(channels: QuerySet[Channel]) -> tuple[CostAlarm, ...]:
    now, allowed = timezone.now(), limits()
    last = Breakout.objects.filter(channel=OuterRef("pk")).order_by("-state_since").values("pk")[:1]
    rows = list(channels.annotate(last_breakout=Subquery(last)))
    relevant = _relevant(rows)
    found = [alarm for row in rows for alarm in alarms(row, relevant[row.pk], now, allowed)]
    return tuple(sorted(found, key=lambda alarm: alarm.since))


def _relevant(channels: list[Any]) -> dict[int, list[Breakout]]:
    """By channel: its breakouts that are on air, or else the one that changed last."""
    lasts = [channel.last_breakout for channel in channels]
    found: dict[int, list[Breakout]] = {channel.pk: [] for channel in channels}
    mine = Q(channel__in=list(found), state__in=ON_AIR) | Q(pk__in=lasts)
    for breakout in Breakout.objects.filter(mine).order_by("pk"):
        found[breakout.channel_id or 0].append(breakout)
    return found


def check_costs() -> str:
    """One run of the job; what it found and did, in a sentence."""
    stopping = [
        channel.name
        for channel in _no_longer_wanted()
        if channel_stop_unneeded(channel, who=SYSTEM, why=OVER)
    ]
    found = current_alarms()
    for alarm in found:
        log.error("ALARM: %s: %s %s", alarm.code, alarm.message, alarm.hint)
    stopped = [alarm.name for alarm in found if _auto_stop(alarm)]
    said = f"{len(found)} alarms" if found else "no alarms"
    if found:
        said += ": " + ", ".join(f"{alarm.code} {alarm.name} ({alarm.minutes} min)" for alarm in found)
    if stopping or stopped:
        said = f"stopping {', '.join([*stopping, *stopped])}; {said}"
    return said


OVER = "no breakout is on air and its time to be kept warm is over"


def _no_longer_wanted() -> Iterable[Channel]:
    """Wanted running by the row, though nothing says so any more: a warm time ran out."""
    on_air = Breakout.objects.filter(state__in=(State.STARTING, State.RUNNING), channel__isnull=False)
    rows = Channel.objects.filter(desired=Desired.RUNNING).exclude(pk__in=on_air.values("channel_id"))
    return rows.filter(Q(warm_until__isnull=True) | Q(warm_until__lte=timezone.now()))


def _auto_stop(alarm: CostAlarm) -> bool:
    """Stop a channel that runs for nobody, if staff have asked for that."""
    after = settings.AUTO_STOP_IDLE_MINUTES
    if alarm.code is not Code.IDLE_RUNNING or not after or alarm.minutes < after:
        return False
    channel = Channel.objects.filter(pk=alarm.channel_id).first()
    if channel is None:
        return False
    why = f"auto-stop: it runs without a breakout for {alarm.minutes} minutes"
    return channel_stop_unneeded(channel, who=SYSTEM, why=why, warm=False)
