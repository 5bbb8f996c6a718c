"""The words of a notice: what is wrong, since when, what to do, and where."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from streamhub.alerts.models import Event, Notice


def subject(notice: Notice) -> str:
    """One line: the environment, how bad it is, and the sentence."""
    alarm = notice.alarm
    severity = _(alarm.severity).upper()
    word = {
        Event.OPENED: severity,
        Event.ESCALATED: _("NOBODY ANSWERS, %(severity)s") % {"severity": severity},
        Event.RESOLVED: _("resolved"),
    }[Event(notice.event)]
    return f"[StreamHub {settings.STREAMHUB_ENVIRONMENT}] {word}: {' '.join(alarm.detail.split())[:160]}"


def body(notice: Notice) -> str:
    alarm = notice.alarm
    parts = [alarm.detail]
    if notice.event == Event.RESOLVED and alarm.resolved_at is not None:
        parts.append(_("This is over since %(moment)s.") % {"moment": _utc(alarm.resolved_at)})
    elif alarm.hint:
        parts.append(_("What to do: %(hint)s") % {"hint": alarm.hint})
    if alarm.aws_error and notice.event != Event.RESOLVED:
        parts.append(_("The error: %(error)s") % {"error": alarm.aws_error})
    if notice.event == Event.ESCALATED:
        parts.append(
            _(
                "Nobody has acknowledged it for %(minutes)s minutes. "
                "Acknowledge or take it in the console, so that others know."
            )
            % {"minutes": settings.ALARM_ESCALATION_MINUTES}
        )
    parts.append(
        _("Since %(moment)s. Alarm %(id)s, %(rule)s, %(kind)s %(name)s.")
        % {
            "moment": _utc(alarm.since),
            "id": alarm.pk,
            "rule": alarm.rule,
            "kind": alarm.kind,
            "name": alarm.name,
        }
    )
    if settings.CONSOLE_URL:
        parts.append(settings.CONSOLE_URL + reverse("admin:alerts_alarm_change", args=[alarm.pk]))
    return "\n\n".join(parts) + "\n"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
