"""One show in a line for Live now and the control room: its clocks, its input, and who watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from channels_app.input_health import InputHealth, input_figures, input_health
from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR
from channels_app.thumbnails import Thumbnail, thumbnail
from channels_app.viewers import REQUESTS_A_MINUTE, Minute, last_minute
from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone

HEALTH = {
    True: Badge(Tone.GOOD, "check_circle", word="input received"),
    False: Badge(Tone.BAD, "videocam_off", word="no good input"),
    None: Badge(Tone.CALM, "help", word="input not known"),
}


@dataclass(frozen=True)
class ShowLine:
    """`since`: on air since then, None before. `ends`: as planned. `minute`: the newest that counts."""

    since: datetime | None
    until: datetime | None
    ends: datetime | None
    minute: Minute | None
    health: InputHealth | None
    thumbnail: Thumbnail | None
    network_in: int | None = None
    dropped_frames: int | None = None
    active_input: str | None = None
    a_viewer: int = REQUESTS_A_MINUTE

    @property
    def health_badge(self) -> Badge | None:
        return HEALTH[self.health.ok] if self.health else None


def line_of(row: Breakout, minutes: Sequence[Minute], now: datetime | None = None) -> ShowLine:
    """The line of a show. No query if its channel was selected with `input_health.with_facts`."""
    on_air, channel = row.state in ON_AIR, row.channel
    listening = channel is not None and on_air
    figures = input_figures(channel) if channel is not None and on_air else None
    return ShowLine(
        since=row.session_started_at,
        until=row.session_ended_at,
        ends=row.planned_end_at,
        minute=last_minute(minutes, now or database_now()) if on_air else None,
        health=input_health(channel) if channel is not None and listening else None,
        thumbnail=thumbnail(channel) if channel is not None and listening else None,
        network_in=figures.network_in if figures else None,
        dropped_frames=figures.dropped_frames if figures else None,
        active_input=figures.active_input if figures else None,
    )
