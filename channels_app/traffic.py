"""What was lately delivered for breakouts, minute by minute, from the app that knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels_app.models import Breakout
from channels_app.viewers import Minute, last_minute
from streamhub.clock import database_now
from streamhub.contributions import contributed

LATELY_MINUTES = 60


def traffic_of(rows: Sequence[Breakout], minutes: int = LATELY_MINUTES) -> dict[int, list[Minute]]:
    """By breakout: the last so many minutes, oldest first. A constant number of queries."""
    found: dict[int, list[Minute]] = {}
    for read in contributed("breakout_traffic") if rows else ():
        found |= read(rows, minutes)
    return found


def last_minutes(rows: Sequence[Breakout]) -> Mapping[int, Minute]:
    """By breakout: the newest minute that says how many watch now. Those without one are left out."""
    if not rows:
        return {}
    now, found = database_now(), traffic_of(rows, 20)
    last = {pk: last_minute(its, now) for pk, its in found.items()}
    return {pk: minute for pk, minute in last.items() if minute is not None}


def set_viewers(rows: Sequence[Any]) -> None:
    """Set `viewers_estimate` of breakouts, as the API shows it; None: nothing current is published."""
    last = last_minutes(rows)
    for row in rows:
        row.viewers_estimate = last[row.pk].viewers if row.pk in last else None
