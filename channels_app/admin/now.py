"""How a channel or a show is now, in a phrase: for whoever is about to start, stop or delete it."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import State as ChannelState
from channels_app.viewers import Minute


def breakout_now(row: Breakout, now: datetime) -> str:
    """Since when it is on air, or when it is planned, and until when."""
    if row.state in ON_AIR:
        since = row.session_started_at or row.state_since
        word = "on air" if row.session_started_at else f"has been {row.state}"
        return f"{word} for {length(now - since)}, {_planned_end(row, now)}"
    if row.state not in (State.IDLE, State.FAILED):
        return ""
    return _planned_start(row, now)


def channel_now(row: Channel, now: datetime) -> str:
    """Its show on air, or since when it runs without one, and the next show that is planned on it."""
    on_air = next(iter(row.on_air_breakouts), None)  # type: ignore[attr-defined]
    if on_air is not None:
        return f"{on_air.name}: {breakout_now(on_air, now)}"
    runs = row.state in (ChannelState.STARTING, ChannelState.RUNNING)
    word = "running" if row.state == ChannelState.RUNNING else f"has been {row.state}"
    phrases = [f"{word} for {length(now - row.state_since)} without a show"] if runs else []
    planned = row.breakouts.filter(state=State.IDLE, starts_at__gte=now).order_by("starts_at").first()
    if planned:
        phrases.append(f"next: {planned.name}, {_planned_start(planned, now)}")
    return ", ".join(phrases)


def viewers_sentence(minute: Minute | None) -> str:
    """How many watched in the last minute that is published, and how that is known."""
    if minute is None:
        return "How many watch is not known: CloudFront has published nothing of the last minutes."
    people = "1 viewer" if minute.viewers == 1 else f"{minute.viewers:,} viewers"
    about = "Nobody" if not minute.requests else f"About {people}"
    how = f"estimated from {minute.requests:,} requests"
    return f"{about} watched in the minute from {minute.start:%H:%M} UTC, {how}."


def _planned_start(row: Breakout, now: datetime) -> str:
    if row.starts_at is None:
        return "no start is planned"
    lasts = f" for {length(timedelta(minutes=row.duration_minutes))}" if row.duration_minutes else ""
    return f"planned for {_at(row.starts_at, now)}{lasts}"


def _planned_end(row: Breakout, now: datetime) -> str:
    end = row.planned_end_at
    return "no end is planned" if end is None else f"planned to end {_at(end, now)}"


def _at(time: datetime, now: datetime) -> str:
    away = f"in {length(time - now)}" if time >= now else f"{length(now - time)} ago"
    return f"{time:%Y-%m-%d %H:%M} UTC ({away})"


def length(span: timedelta) -> str:
    """A span in its two largest units: "2 d 3 h", "1 h 5 min", "40 s"."""
    seconds = max(0, int(span.total_seconds()))
    for name, size, below, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if seconds >= size:
            return f"{seconds // size} {name} {seconds % size // part} {below}"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
