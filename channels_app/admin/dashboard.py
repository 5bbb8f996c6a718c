"""The dashboard's tiles and lists of channels and breakouts."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

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
from streamhub.console.tiles import DashboardList, DashboardRow, Figure, Tile
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
            detail=row.shown_error.error_message[:140]
            or gettext("on %(channel_name)s") % {"channel_name": row.channel_name},
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
    return Figure(
        count,
        gettext("%(raised)s with raised curtain") % {"raised": raised},
        Tone.LIVE if count else Tone.CALM,
    )


def _soon() -> Figure:
    count = Breakout.objects.filter(starting_soon()).count()
    return Figure(count, gettext("in the next 24 hours"), Tone.WARN if count else Tone.CALM)


def _running() -> Figure:
    """What costs money, against the limits."""
    running = Channel.objects.filter(services.running()).count()
    most = settings.MAX_RUNNING_CHANNELS
    limit = (
        gettext("no limit to how many run")
        if most is None
        else gettext("of %(most)s that may run at once") % {"most": most}
    )
    full = most is not None and running >= most
    return Figure(
        running, f"{limit}; {_in_all()}", Tone.WARN if full else Tone.BUSY if running else Tone.CALM
    )


def _in_all() -> str:
    """How many channels there are, of how many if that is limited."""
    count, most = services.channel_count(), settings.MAX_CHANNELS
    if most is None:
        in_all = ngettext("%(channel_count)s channel in all", "%(channel_count)s channels in all", count)
        return in_all % {"channel_count": count}
    return gettext("%(channel_count)s of %(most)s channels in all") % {"channel_count": count, "most": most}


def _moving() -> Figure:
    count = Channel.objects.filter(state__in=badges.CHANNEL_MOVING).count()
    return Figure(count, gettext("starting, stopping or changing"), Tone.BUSY if count else Tone.CALM)


def _trouble(rows: QuerySet[Breakout] | QuerySet[Channel]) -> Figure:
    count = rows.count()
    return Figure(
        count, gettext("need attention") if count else gettext("none"), Tone.BAD if count else Tone.GOOD
    )


def _outdated() -> Figure:
    count = Channel.objects.filter(services.settings_outdated()).count()
    detail = (
        gettext("apply the settings while they are idle")
        if count
        else gettext("all have the present settings")
    )
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


def _live_glance() -> Figure:
    rows = Breakout.objects.filter(state__in=ON_AIR).order_by("-state_since")
    figure = _on_air()
    return replace(figure, value=figure.value or gettext("nothing"), lines=_room_rows(rows))


def _next_glance() -> Figure:
    """What starts next, by the clock; what should have started already comes first."""
    rows = Breakout.objects.filter(starting_soon()).order_by("starts_at")
    lines = _room_rows(rows, planned=True)
    if not lines:
        return Figure(gettext("nothing"), gettext("planned for the next 24 hours"))
    detail = gettext("%(count)s in the next 24 hours") % {"count": rows.count()}
    return Figure("", detail, Tone.BUSY, lines=lines, at=lines[0].at)


GLANCES = (
    Tile("live", _("Live"), "sensors", BREAKOUTS, _live_glance, lambda: reverse("admin:live_now"), 10),
    Tile(
        "next", _("Next"), "event_upcoming", BREAKOUTS, _next_glance, lambda: list_url(Breakout, "soon"), 20
    ),
)

TILES = (
    Tile("live", _("Live now"), "sensors", BREAKOUTS, _on_air, lambda: list_url(Breakout, "live"), 10),
    Tile(
        "soon", _("Starting soon"), "event_upcoming", BREAKOUTS, _soon, lambda: list_url(Breakout, "soon"), 20
    ),
    Tile(
        "channels-running",
        _("Running channels"),
        "stream",
        CHANNELS,
        _running,
        lambda: list_url(Channel, "running"),
        25,
    ),
    Tile(
        "channels-moving",
        _("Channels in transition"),
        "progress_activity",
        CHANNELS,
        _moving,
        lambda: list_url(Channel, "moving"),
        30,
    ),
    Tile(
        "breakouts-failed",
        _("Failed breakouts"),
        "error",
        BREAKOUTS,
        lambda: _trouble(Breakout.objects.filter(state=State.FAILED)),
        lambda: list_url(Breakout, "failed"),
        40,
    ),
    Tile(
        "channels-failed",
        _("Channels in trouble"),
        "error",
        CHANNELS,
        lambda: _trouble(Channel.objects.filter(badges.in_trouble())),
        lambda: list_url(Channel, "failed"),
        41,
    ),
    Tile(
        "channels-outdated",
        _("Channels with outdated settings"),
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
        _("Live now"),
        "sensors",
        BREAKOUTS,
        lambda: _breakout_rows(Breakout.objects.filter(state__in=ON_AIR).order_by("-state_since")),
        lambda: list_url(Breakout, "live"),
        _("Nothing is on air."),
        10,
    ),
    DashboardList(
        "soon",
        _("Starting soon"),
        "event_upcoming",
        BREAKOUTS,
        lambda: _breakout_rows(Breakout.objects.filter(starting_soon()).order_by("starts_at"), planned=True),
        lambda: list_url(Breakout, "soon"),
        _("Nothing is planned for the next 24 hours."),
        20,
        (_("calendar"), calendar_url),
    ),
    DashboardList(
        "failed",
        _("Failed breakouts"),
        "error",
        BREAKOUTS,
        lambda: _breakout_rows(Breakout.objects.filter(Q(state=State.FAILED)).order_by("-state_since")),
        lambda: list_url(Breakout, "failed"),
        _("No breakout has failed."),
        30,
    ),
    DashboardList(
        "channels",
        _("Channels in trouble"),
        "report",
        CHANNELS,
        _channel_rows,
        lambda: list_url(Channel, "failed"),
        _("No channel is in trouble."),
        40,
    ),
)
