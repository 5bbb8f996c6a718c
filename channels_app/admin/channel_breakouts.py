"""The breakouts on the page of their channel: on air first, then what is planned, then the latest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext as _

from channels_app.admin import badges, first_steps
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR, State
from streamhub.console.badges import Badge
from streamhub.console.facts import Panel
from streamhub.console.saved_views import list_url

MOST = 6  # of each kind


@dataclass(frozen=True)
class Line:
    breakout: Breakout
    badge: Badge
    planned: bool


def panel(request: HttpRequest, row: Channel) -> Panel | None:
    """None for people who may not see breakouts. Three queries."""
    if not request.user.has_perm("channels_app.view_breakout"):
        return None
    of_channel = Breakout.objects.filter(channel=row)
    on_air = of_channel.filter(state__in=ON_AIR).order_by("-state_since")[:MOST]
    planned = of_channel.filter(state=State.IDLE).order_by(F("starts_at").asc(nulls_last=True), "id")[:MOST]
    over = of_channel.exclude(state__in=(*ON_AIR, State.IDLE)).order_by("-state_since")[:MOST]
    lines = [_line(breakout) for breakout in (*on_air, *planned, *over)]
    context: dict[str, Any] = {"rows": lines, "url": list_url(Breakout, channel=row.pk)}
    if not lines:
        context["empty"] = first_steps.no_breakout(request, row)
    return Panel(_("Breakouts"), "channels_app/channel_breakouts.html", context, "podcasts", 5)


def _line(row: Breakout) -> Line:
    planned = row.state == State.IDLE and row.starts_at is not None
    return Line(row, badges.BREAKOUT[State(row.state)], planned)
