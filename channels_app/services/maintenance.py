"""The planned shows of a channel against MediaLive's weekly maintenance window."""

from __future__ import annotations

from datetime import timedelta

from channels_app.decide.maintenance import Show, Window, clash, free_window, window_of
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from streamhub.clock import database_now

# How long a show is taken to be if nobody has said so.
USUAL_LENGTH = timedelta(hours=2)
# The window of a channel is not changed so shortly before a show: the change takes the channel's time.
TOO_LATE = timedelta(minutes=15)


def planned_shows(channel: Channel) -> list[Show]:
    """The shows that are planned on the channel and have not begun. One query."""
    rows = Breakout.objects.filter(channel=channel, state=State.IDLE, starts_at__gt=database_now())
    return [_show(row) for row in rows]


def _show(row: Breakout) -> Show:
    assert row.starts_at is not None  # noqa: S101  for mypy: the query is for those that have it
    minutes = row.duration_minutes
    return Show(row.starts_at, row.starts_at + (timedelta(minutes=minutes) if minutes else USUAL_LENGTH))


def disturbed(breakout: Breakout) -> Window | None:
    """The maintenance window that may disturb this planned show; None if none does or none is known."""
    if breakout.channel is None or breakout.starts_at is None:
        return None
    window = window_of(breakout.channel.maintenance_window)
    return window if clash(window, [_show(breakout)]) else None


def better_window(channel: Channel) -> Window | None:
    """The window to which the channel's should move now; None if it should stay.

    It stays if no show is disturbed, if every hour of the week is taken, and shortly before a show.
    """
    window = window_of(channel.maintenance_window)
    if window is None:
        return None
    shows = planned_shows(channel)
    if clash(window, shows) is None or min(show.begin for show in shows) < database_now() + TOO_LATE:
        return None
    return free_window(window, shows)
