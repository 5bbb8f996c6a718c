"""The words of a notice: what is wrong, since when, what to do, and where."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse

from streamhub.alerts.models import Event, Notice


def subject(notice: Notice) -> str:
    """One line: the environment, how bad it is, and the sentence."""
    alarm = notice.alarm
    word = {
        Event.OPENED: alarm.severity.upper(),
        Event.ESCALATED: f"NOBODY ANSWERS, {alarm.severity.upper()}",
        Event.RESOLVED: "resolved",
    }[Event(notice.event)]
    return f"[StreamHub {settings.STREAMHUB_ENVIRONMENT}] {word}: {' '.join(alarm.detail.split())[:160]}"


def body(notice: Notice) -> str:
    alarm = notice.alarm
    parts = [alarm.detail]
    if notice.event == Event.RESOLVED and alarm.resolved_at is not None:
        parts.append(f"This is over since {_utc(alarm.resolved_at)}.")
    elif alarm.hint:
        parts.append(f"What to do: {alarm.hint}")
    if alarm.aws_error and notice.event != Event.RESOLVED:
        parts.append(f"The error: {alarm.aws_error}")
    if notice.event == Event.ESCALATED:
        parts.append(
            f"Nobody has acknowledged it for {settings.ALARM_ESCALATION_MINUTES} minutes. "
            "Acknowledge or take it in the console, so that others know."
        )
    parts.append(f"Since {_utc(alarm.since)}. Alarm {alarm.pk}, {alarm.rule}, {alarm.kind} {alarm.name}.")
    if settings.CONSOLE_URL:
        parts.append(settings.CONSOLE_URL + reverse("admin:alerts_alarm_change", args=[alarm.pk]))
    return "\n\n".join(parts) + "\n"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
