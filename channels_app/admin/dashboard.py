"""The dashboard's tiles and lists of channels and breakouts."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from channels_app import services
from channels_app.admin import badges, control_room
from channels_app.admin.breakout import starting_soon
from channels_app.admin.calendar_place import calendar_url
from channels_app.admin.facts import page_of
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from channels_app.models.channel import State as ChannelState
from streamhub.console.badges import Badge, Tone, troubled
from streamhub.console.saved_views import list_url
from streamhub.console.tiles import DashboardList, DashboardRow, Figure, Glance, GlanceFigure, Tile
from streamhub.lifecycle.models import HasError

LIST_LENGTH = 8
GLANCE_LENGTH = 3
BREAKOUTS, CHANNELS = "channels_app.view_breakout", "channels_app.view_channel"


def _badge(badge: Badge, error: HasError) -> Badge:
    return troubled(badge) if error.error_code else badge


def _breakout_rows(rows: QuerySet[Breakout], *, planned: bool = False) -> list[DashboardRow]:
    return [
        DashboardRow(
            label=row.name,
            url=page_of(row),
            badge=_badge(badges.BREAKOUT[State(row.state)], row.shown_error),
            word=row.state,
            since=row.state_since,
            at=row.starts_at if planned else None,
            detail=row.shown_error.error_message[:140] or f"on {row.channel_name}",
        )
        for row in rows.select_related("channel")[:LIST_LENGTH]
    ]


def _channel_rows() -> list[DashboardRow]:
    rows = Channel.objects.filter(badges.in_trouble()).order_by("-state_since")[:LIST_LENGTH]
    return [
        DashboardRow(
            row.name,
            page_of(row),
            _badge(badges.CHANNEL[ChannelState(row.state)], row),
            row.state,
            since=row.error_at,
            detail=row.error_message[:140],
        )
        for row in rows
    ]


def _on_air() -> Figure:
    count = Breakout.objects.filter(state__in=ON_AIR).count()
    raised = Breakout.objects.filter(state=State.RUNNING, curtain_raised=True).count()
    return Figure(count, f"{raised} with raised curtain", Tone.LIVE if count else Tone.CALM)


def _soon() -> Figure:
    count = Breakout.objects.filter(starting_soon()).count()
    return Figure(count, "in the next 24 hours", Tone.WARN if count else Tone.CALM)


def _running() -> Figure:
    """What costs money, against the limits."""
    running = Channel.objects.filter(services.running()).count()
    most = settings.MAX_RUNNING_CHANNELS
    limit = "no limit is set" if most is None else f"of {most} that may run at once"
    there = f"{services.channel_count()} in all, {_of_all()}"
    full = most is not None and running >= most
    return Figure(running, f"{limit}; {there}", Tone.WARN if full else Tone.BUSY if running else Tone.CALM)


def _of_all() -> str:
    most = settings.MAX_CHANNELS
    return "without a limit" if most is None else f"of {most}"


def _moving() -> Figure:
    count = Channel.objects.filter(state__in=badges.CHANNEL_MOVING).count()
    return Figure(count, "starting, stopping or changing", Tone.BUSY if count else Tone.CALM)


def _trouble(rows: QuerySet[Breakout] | QuerySet[Channel]) -> Figure:
    count = rows.count()
    return Figure(count, "need attention" if count else "none", Tone.BAD if count else Tone.GOOD)


def _outdated() -> Figure:
    count = Channel.objects.filter(services.settings_outdated()).count()
    detail = "apply the settings while they are idle" if count else "all have the present settings"
    return Figure(count, detail, Tone.WARN if count else Tone.GOOD)


def _room_rows(rows: QuerySet[Breakout], *, planned: bool = False) -> list[DashboardRow]:
    """The first of them, with their control rooms."""
    return [
        DashboardRow(
            row.name,
            control_room.url_of(row),
            badges.BREAKOUT[State(row.state)],
            row.state,
            since=None if planned else row.session_started_at or row.state_since,
            at=row.starts_at if planned else None,
        )
        for row in rows[:GLANCE_LENGTH]
    ]


def _live_glance() -> GlanceFigure:
    rows = Breakout.objects.filter(state__in=ON_AIR).order_by("-state_since")
    figure = _on_air()
    return GlanceFigure(figure.value or "nothing", _room_rows(rows), figure.detail, figure.tone)


def _next_glance() -> GlanceFigure:
    """What starts next, by the clock; what should have started already comes first."""
    rows = Breakout.objects.filter(starting_soon()).order_by("starts_at")
    lines = _room_rows(rows, planned=True)
    if not lines:
        return GlanceFigure("nothing", detail="planned for the next 24 hours")
    return GlanceFigure("", lines, f"{rows.count()} in the next 24 hours", Tone.BUSY, at=lines[0].at)


GLANCES = (
    Glance("live", "Live", "sensors", BREAKOUTS, _live_glance, lambda: reverse("admin:live_now"), 10),
    Glance("next", "Next", "event_upcoming", BREAKOUTS, _next_glance, lambda: list_url(Breakout, "soon"), 20),
)

TILES = (
    Tile("live", "Live now", "sensors", BREAKOUTS, _on_air, lambda: list_url(Breakout, "live"), 10),
    Tile("soon", "Starting soon", "event_upcoming", BREAKOUTS, _soon, lambda: list_url(Breakout, "soon"), 20),
    Tile(
        "channels-running",
        "Running channels",
        "stream",
        CHANNELS,
        _running,
        lambda: list_url(Channel, "running"),
        25,
    ),
    Tile(
        "channels-moving",
        "Channels in transition",
        "progress_activity",
        CHANNELS,
        _moving,
        lambda: list_url(Channel, "moving"),
        30,
    ),
    Tile(
        "breakouts-failed",
        "Failed breakouts",
        "error",
        BREAKOUTS,
        lambda: _trouble(Breakout.objects.filter(state=State.FAILED)),
        lambda: list_url(Breakout, "failed"),
        40,
    ),
    Tile(
        "channels-failed",
        "Channels in trouble",
        "error",
        CHANNELS,
        lambda: _trouble(Channel.objects.filter(badges.in_trouble())),
        lambda: list_url(Channel, "failed"),
        41,
    ),
    Tile(
        "channels-outdated",
        "Channels with outdated settings",
        "history_toggle_off",
        CHANNELS,
        _outdated,
        lambda: list_url(Channel, "outdated"),
        42,
    ),
)

DASHBOARD_LISTS = (
    DashboardList(
        "live",
        "Live now",
        "sensors",
        BREAKOUTS,
        lambda: _breakout_rows(Breakout.objects.filter(state__in=ON_AIR).order_by("-state_since")),
        lambda: list_url(Breakout, "live"),
        "Nothing is on air.",
        10,
    ),
    DashboardList(
        "soon",
        "Starting soon",
        "event_upcoming",
        BREAKOUTS,
        lambda: _breakout_rows(Breakout.objects.filter(starting_soon()).order_by("starts_at"), planned=True),
        lambda: list_url(Breakout, "soon"),
        "Nothing is planned for the next 24 hours.",
        20,
        ("calendar", calendar_url),
    ),
    DashboardList(
        "failed",
        "Failed breakouts",
        "error",
        BREAKOUTS,
        lambda: _breakout_rows(Breakout.objects.filter(Q(state=State.FAILED)).order_by("-state_since")),
        lambda: list_url(Breakout, "failed"),
        "No breakout has failed.",
        30,
    ),
    DashboardList(
        "channels",
        "Channels in trouble",
        "report",
        CHANNELS,
        _channel_rows,
        lambda: list_url(Channel, "failed"),
        "No channel is in trouble.",
        40,
    ),
)
