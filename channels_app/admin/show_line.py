"""One show in a line for Live now and the control room: its clocks, its input, and who watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from channels_app.input_health import InputHealth, input_figures, input_health, is_late
from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR
from channels_app.thumbnails import Thumbnail, thumbnail
from channels_app.viewers import REQUESTS_A_MINUTE, Minute, last_minute
from streamhub.clock import database_now
from streamhub.console.badges import Badge, Tone

HEALTH = {
    True: Badge(Tone.GOOD, "check_circle", word=_("input received")),
    False: Badge(Tone.BAD, "videocam_off", word=_("no good input")),
    None: Badge(Tone.CALM, "help", word=_("input not known")),
}
# Of an answer that is late: nobody knows whether it is still so. The page says beside it since when.
WAS_RECEIVED = Badge(Tone.WARN, "history", word=_("input last seen"))


@dataclass(frozen=True)
class ShowLine:
    """`since`: on air since then, None before. `ends`: as planned. `minute`: the newest that counts.

    `network_in` and `dropped_frames` are of the minute that began at `measured_at`.
    `last_seen`: when the input was received, if AWS has not said since then whether it still is.
    """

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
    last_seen: datetime | None = None
    measured_at: datetime | None = None

    @property
    def health_badge(self) -> Badge | None:
        if self.last_seen:
            return WAS_RECEIVED
        return HEALTH[self.health.ok] if self.health else None


def line_of(row: Breakout, minutes: Sequence[Minute], now: datetime | None = None) -> ShowLine:
    """The line of a show. No query if its channel was selected with `input_health.with_facts`."""
    on_air, channel = row.state in ON_AIR, row.channel
    listening = channel is not None and on_air
    figures = input_figures(channel) if channel is not None and on_air else None
    now = (now or database_now()) if on_air else None
    health = input_health(channel) if channel is not None and listening else None
    seen_at = health.observed_at if health and health.ok else None
    return ShowLine(
        since=row.session_started_at,
        until=row.session_ended_at,
        ends=row.planned_end_at,
        minute=last_minute(minutes, now) if now else None,
        health=health,
        thumbnail=thumbnail(channel) if channel is not None and listening else None,
        network_in=figures.network_in if figures else None,
        dropped_frames=figures.dropped_frames if figures else None,
        active_input=figures.active_input if figures else None,
        measured_at=figures.measured_at if figures else None,
        last_seen=seen_at if channel and now and seen_at and is_late(channel, seen_at, now) else None,
    )
