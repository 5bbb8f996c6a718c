"""The shows of a calendar's window, and the channels beside which they are shown. Four queries at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Q, Value, When

from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import Desired
from channels_app.services.maintenance import USUAL_LENGTH
from channels_app.services.planning import LONGEST

# The most shows of one page, and how long a session is searched for that began before the window.
MOST_SHOWS = 500
OVERRUN = timedelta(days=30)
SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True)
class CalendarShow:
    """One show in the calendar. `open_ended`: nobody has said when it ends, so its end is assumed."""

    breakout: Breakout
    begins: datetime
    ends: datetime
    open_ended: bool


@dataclass(frozen=True)
class CalendarPage:
    """`more_channels`: there is another page of them; `left_out`: there are more shows than fit."""

    channels: Sequence[Channel]
    shows: list[CalendarShow]
    more_channels: bool
    left_out: bool


def calendar_page(
    begins: datetime, ends: datetime, now: datetime, *, first: int, most: int, channel: int | None = None
) -> CalendarPage:
    """The window's shows, and `most` channels from number `first` on: those with shows first, then by name.

    `channel`: only this one. Cancelled shows are left out: their time is free.
    """
    rows = Breakout.objects.filter(_within(begins, ends)).order_by("starts_at", "id")
    rows = rows.filter(channel=channel) if channel is not None else rows
    rows = rows.select_related("channel")
    found = list(rows[: MOST_SHOWS + 1])
    shows = [show for row in found[:MOST_SHOWS] if (show := _show(row, now)) and _meets(show, begins, ends)]
    busy = {show.breakout.channel_id for show in shows}
    channels = Channel.objects.exclude(desired=Desired.DELETED)
    channels = channels.filter(pk=channel) if channel is not None else channels
    rank = Case(When(pk__in=[pk for pk in busy if pk], then=Value(0)), default=Value(1))
    ranked = list(channels.alias(rank=rank).order_by("rank", "name_key", "pk")[first : first + most + 1])
    return CalendarPage(ranked[:most], shows, len(ranked) > most, len(found) > MOST_SHOWS)


def _within(begins: datetime, ends: datetime) -> Q:
    """Breakouts that may lie in the window, by indexed columns."""
    planned = Q(state__in=(State.IDLE, State.FAILED), starts_at__gt=begins - LONGEST, starts_at__lt=ends)
    held = Q(
        session_ended_at__gt=begins, session_ended_at__lt=ends + OVERRUN, session_started_at__lt=ends
    ) & ~Q(state=State.CANCELLED)
    return planned | Q(state__in=ON_AIR) | held


def _show(row: Breakout, now: datetime) -> CalendarShow | None:
    """From when to when, in whole minutes; None if neither is known."""
    found = _exact(row, now)
    if found is None:
        return None
    begins = found.begins.replace(second=0, microsecond=0)
    ends = (found.ends + SHORTEST - timedelta(microseconds=1)).replace(second=0, microsecond=0)
    return CalendarShow(row, begins, max(ends, begins + SHORTEST), found.open_ended)


def _exact(row: Breakout, now: datetime) -> CalendarShow | None:
    """As it was held, is held or is planned."""
    planned_end = row.planned_end_at
    if row.session_ended_at is not None:
        begins = row.session_started_at or row.session_ended_at
        return CalendarShow(row, begins, row.session_ended_at, False)
    if row.state in ON_AIR:
        begins = row.session_started_at or row.state_since
        return CalendarShow(row, begins, max(planned_end or now, now), planned_end is None)
    if row.starts_at is None:
        return None
    return CalendarShow(
        row, row.starts_at, planned_end or row.starts_at + USUAL_LENGTH, row.duration_minutes is None
    )


def _meets(show: CalendarShow, begins: datetime, ends: datetime) -> bool:
    return show.begins < ends and begins < show.ends
