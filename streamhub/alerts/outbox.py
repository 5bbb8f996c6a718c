"""The outbox: which notices about an alarm are to be sent to whom. Nothing is sent here.

A notice is written in the transaction of what it tells, so none is lost and none is written twice. An alarm
is announced once it has lasted `SETTLE`: what is over sooner costs nobody's sleep. It is escalated when
nobody has acknowledged it for `ALARM_ESCALATION_MINUTES`, and its end is told to whom its opening was told.
A critical alarm in the place of a warning is told at once to whom that was told. A silenced alarm is neither
announced nor escalated.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from streamhub.alerts.models import Alarm, Event, Notice, open_alarms

SETTLE = timedelta(seconds=20)
EMAIL = "email"


def digest(url: str) -> str:
    """The name of an apprise URL: it says nothing about the secrets in it."""
    return f"url:{hashlib.sha256(url.encode()).hexdigest()[:16]}"


def targets(event: Event) -> list[str]:
    """Who is told, by the settings of now."""
    if event == Event.ESCALATED:
        return [digest(url) for url in settings.ALARM_ESCALATION_URLS]
    everybody = [EMAIL] if settings.ALARM_EMAILS else []
    return list(dict.fromkeys(everybody + [digest(url) for url in settings.ALARM_URLS]))


def announce() -> int:
    """Write the notices that are due now: openings and escalations. Returns how many."""
    heard = Q(silenced_until__isnull=True) | Q(silenced_until__lte=Now())
    fresh = open_alarms().filter(heard, announced_at__isnull=True, opened_at__lte=Now() - SETTLE)
    patience = timedelta(minutes=settings.ALARM_ESCALATION_MINUTES)
    ignored = open_alarms().filter(
        heard, announced_at__isnull=False, escalated_at__isnull=True, acknowledged_at__isnull=True
    )
    written = sum(_once(alarm, Event.OPENED, "announced_at") for alarm in fresh)
    late = ignored.filter(opened_at__lte=Now() - patience)
    return written + sum(_once(alarm, Event.ESCALATED, "escalated_at") for alarm in late)


def _once(alarm: Alarm, event: Event, column: str) -> int:
    """Mark the alarm and write its notices, unless somebody else has."""
    with transaction.atomic():
        marked = open_alarms().filter(pk=alarm.pk, **{f"{column}__isnull": True}).update(**{column: Now()})
        notices = [Notice(alarm=alarm, event=event, target=target) for target in targets(event)]
        return _insert(notices) if marked else 0


def worse(warning: Alarm, alarm: Alarm) -> int:
    """Tell everybody who was told of the warning of the critical alarm in its place. In its transaction."""
    told = Notice.objects.filter(alarm=warning).order_by("pk").values_list("target", flat=True)
    return _insert([Notice(alarm=alarm, event=Event.OPENED, target=each) for each in dict.fromkeys(told)])


def resolved(alarms: list[Alarm]) -> int:
    """Tell everybody who was told of the alarms that they are over. In the transaction of their end."""
    told = Notice.objects.filter(alarm__in=alarms).exclude(event=Event.RESOLVED)
    pairs = dict.fromkeys(told.order_by("pk").values_list("alarm_id", "target"))
    return _insert([Notice(alarm_id=pk, event=Event.RESOLVED, target=target) for pk, target in pairs])


def _insert(notices: list[Notice]) -> int:
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    return len(notices)
