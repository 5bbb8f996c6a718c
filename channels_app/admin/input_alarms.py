"""The alarms of inputs: what a running channel does not receive, and a picture that looks black."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app.input_health import input_health, missing_since, with_facts
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import ON_AIR
from channels_app.services.input_facts import listening
from streamhub.alerts.rules import AlarmSource, Condition, Severity

HINTS = {
    "input_missing": _("Call the encoder's crew. Viewers see the last picture, then what is shown on loss."),
    "input_black": _("Look at the thumbnail and the preview, then call the crew."),
}


def _conditions(channels: QuerySet[Channel]) -> list[Condition]:
    """One for each channel that listens and does not receive. Three queries."""
    on_air = Prefetch(
        "breakouts", Breakout.objects.filter(state__in=ON_AIR).order_by("state"), to_attr="on_air_breakouts"
    )
    suspicious = ~Q(input_facts__alerts=[]) | Q(input_facts__black_since__isnull=False)
    rows: Any = with_facts(channels.filter(listening(), input_facts__isnull=False).filter(suspicious))
    found = (_condition(row) for row in rows.prefetch_related(on_air))
    return [condition for condition in found if condition is not None]


def _condition(channel: Any) -> Condition | None:
    health, since = input_health(channel), missing_since(channel)
    if health.ok is not False or since is None:
        return None
    rule = "input_black" if channel.input_facts.black_since else "input_missing"
    on_air = next(iter(channel.on_air_breakouts), None)
    on_which = (
        gettext(", on which %(name)s is %(state)s") % {"name": on_air.name, "state": gettext(on_air.state)}
        if on_air
        else ""
    )
    severity = Severity.CRITICAL if on_air and rule == "input_missing" else Severity.WARNING
    return Condition(
        rule=rule,
        severity=severity,
        kind=Channel.KIND,
        object_id=str(channel.pk),
        name=channel.name,
        url=reverse("admin:channels_app_channel_change", args=[channel.pk]),
        sentence=gettext("The channel %(name)s%(on_which)s: %(detail)s")
        % {"name": channel.name, "on_which": on_which, "detail": health.detail},
        since=since,
        hint=str(HINTS[rule]),
    )


def current() -> list[Condition]:
    return _conditions(Channel.objects.all())


def _of_channel(row: Channel) -> list[Condition]:
    return _conditions(Channel.objects.filter(pk=row.pk))


def _of_breakout(row: Breakout) -> list[Condition]:
    if row.channel_id is None or row.state not in ON_AIR:
        return []
    return _conditions(Channel.objects.filter(pk=row.channel_id))


ALARMS = AlarmSource(
    "channels_app.view_channel", current, of_row={Channel: _of_channel, Breakout: _of_breakout}
)
