"""How a channel or a show is now, in a phrase: for whoever is about to start, stop or delete it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import State as ChannelState
from channels_app.viewers import Minute


def breakout_now(row: Breakout, now: datetime) -> str:
    """Since when it is on air, or when it is planned, and until when."""
    if row.state in ON_AIR:
        since = row.session_started_at or row.state_since
        word = _("on air") if row.session_started_at else _("has been %(state)s") % {"state": _(row.state)}
        return _("%(word)s for %(now)s, %(planned_end)s") % {
            "word": word,
            "now": length(now - since),
            "planned_end": _planned_end(row, now),
        }
    if row.state not in (State.IDLE, State.FAILED):
        return ""
    return _planned_start(row, now)


def channel_now(row: Channel, now: datetime) -> str:
    """Its show on air, or since when it runs without one, and the next show that is planned on it."""
    on_air = next(iter(row.on_air_breakouts), None)  # type: ignore[attr-defined]
    if on_air is not None:
        return f"{on_air.name}: {breakout_now(on_air, now)}"
    runs = row.state in (ChannelState.STARTING, ChannelState.RUNNING)
    word = (
        _("running")
        if row.state == ChannelState.RUNNING
        else _("has been %(state)s") % {"state": _(row.state)}
    )
    phrases = (
        [_("%(word)s for %(now)s without a show") % {"word": word, "now": length(now - row.state_since)}]
        if runs
        else []
    )
    planned = row.breakouts.filter(state=State.IDLE, starts_at__gte=now).order_by("starts_at").first()
    if planned:
        phrases.append(
            _("next: %(name)s, %(planned_start)s")
            % {"name": planned.name, "planned_start": _planned_start(planned, now)}
        )
    return ", ".join(phrases)


def viewers_sentence(minute: Minute | None) -> str:
    """How many watched in the last minute that is published, and how that is known."""
    if minute is None:
        return _("How many watch is not known: CloudFront has published nothing of the last minutes.")
    people = ngettext("%(viewers)s viewer", "%(viewers)s viewers", minute.viewers) % {
        "viewers": f"{minute.viewers:,}"
    }
    about = _("About %(people)s") % {"people": people} if minute.requests else _("Nobody")
    how = _("estimated from %(requests)s requests") % {"requests": f"{minute.requests:,}"}
    return _("%(about)s watched in the minute from %(start)s UTC, %(how)s.") % {
        "about": about,
        "start": f"{minute.start:%Y-%m-%d %H:%M}",
        "how": how,
    }


def _planned_start(row: Breakout, now: datetime) -> str:
    if row.starts_at is None:
        return _("no start is planned")
    lasts = (
        _(", for %(timedelta)s") % {"timedelta": length(timedelta(minutes=row.duration_minutes))}
        if row.duration_minutes
        else ""
    )
    return _("planned for %(starts_at)s%(lasts)s") % {"starts_at": _at(row.starts_at, now), "lasts": lasts}


def _planned_end(row: Breakout, now: datetime) -> str:
    end = row.planned_end_at
    return _("no end is planned") if end is None else _("planned to end %(end)s") % {"end": _at(end, now)}


def _at(time: datetime, now: datetime) -> str:
    away = (
        _("in %(time)s") % {"time": length(time - now)}
        if time >= now
        else _("%(now)s ago") % {"now": length(now - time)}
    )
    return _("%(time)s UTC, %(away)s") % {"time": f"{time:%Y-%m-%d %H:%M}", "away": away}


def length(span: timedelta) -> str:
    """A span in its two largest units: "2 d 3 h", "1 h 5 min", "40 s"."""
    seconds = max(0, int(span.total_seconds()))
    for name, size, below, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if seconds >= size:
            return f"{seconds // size} {name} {seconds % size // part} {below}"
    return _("%(seconds)s min") % {"seconds": seconds // 60} if seconds >= 60 else f"{seconds} s"
