"""The tiles of the dashboard's first row that alarms answer: what is wrong, blind, or waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from streamhub.alerts.alarms import Shown
from streamhub.console import banner, needs_person
from streamhub.console.badges import Badge, Tone
from streamhub.console.tiles import DashboardRow, Figure, ShownTile
from streamhub.errors import HANDED_OVER

SHOWN = 3
# StreamHub does nothing more about these until a person has acted.
WAITING = (needs_person.RULE, HANDED_OVER)
_RED, _AMBER = Badge(Tone.BAD, "error"), Badge(Tone.WARN, "warning")


def of_alarms(request: HttpRequest, seen: Sequence[Shown]) -> list[ShownTile]:
    """The tiles of these alarms."""
    wrong = [item for item in seen if not item.condition.blind]
    blind = [item for item in seen if item.condition.blind]
    waiting = [item for item in wrong if not item.calm and waits(item)]
    alarms_url, health_url = banner.alarms_url(request), reverse("admin:health")
    return [
        ShownTile(_("Wrong"), "report", _wrong(wrong), alarms_url),
        ShownTile(_("Blind"), "visibility_off", _blind(blind), health_url),
        ShownTile(_("Waits for a person"), "front_hand", _waiting(waiting), alarms_url),
    ]


def waits(item: Shown) -> bool:
    """Whether a person has to do something: StreamHub waits for them, or offers them the verb that helps."""
    return item.condition.rule in WAITING or item.offered


def _wrong(items: Sequence[Shown]) -> Figure:
    if not items:
        return Figure(_("nothing"), _("Nothing is in trouble or late."), Tone.GOOD)
    open_ones = [item for item in items if not item.calm]
    critical = any(item.critical for item in open_ones)
    tone = Tone.BAD if critical else Tone.WARN if open_ones else Tone.CALM
    looked_after = len(items) - len(open_ones)
    detail = (
        _("%(looked_after)s of them looked after") % {"looked_after": looked_after}
        if looked_after
        else _("nobody looks after them yet")
    )
    return Figure(len(items), detail, tone, lines=[_row(item) for item in items[:SHOWN]])


def _blind(items: Sequence[Shown]) -> Figure:
    if not items:
        return Figure(_("nothing"), _("StreamHub sees AWS, and its workers work."), Tone.GOOD)
    # What is not stored yet began "now", which would be another page at every refresh.
    rows = [_row(item) if item.stored else replace(_row(item), since=None) for item in items[:SHOWN]]
    return Figure(len(items), tone=Tone.BAD, lines=rows)


def _waiting(items: Sequence[Shown]) -> Figure:
    if not items:
        return Figure(_("nothing"), _("StreamHub goes on by itself."), Tone.GOOD)
    return Figure(len(items), tone=Tone.WARN, lines=[_to_do(item) for item in items[:SHOWN]])


def _row(item: Shown) -> DashboardRow:
    condition = item.condition
    badge = _RED if item.critical else _AMBER
    return DashboardRow(condition.name, condition.url or reverse("admin:health"), badge, "", item.since)


def _to_do(item: Shown) -> DashboardRow:
    """What to press, where there is something; else what to look at."""
    condition = item.condition
    label = f"{condition.action} {condition.name}" if item.offered else condition.name
    return DashboardRow(
        label, condition.action_url if item.offered else condition.url, _AMBER, "", item.since
    )
