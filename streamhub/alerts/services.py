"""The verbs of alarms. Staff and services call them; the evaluation opens and resolves."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.alerts import guards
from streamhub.alerts.models import Alarm
from streamhub.clock import database_now
from streamhub.errors import Invalid
from streamhub.lifecycle import states

NOTE_LENGTH = 1000
LONGEST_SILENCE = timedelta(days=30)


def situation_of(alarm: Alarm, asked_by: str = "") -> guards.Situation:
    return guards.Situation(alarm.state_at(database_now()), alarm.owner, asked_by)


@transaction.atomic
@audit.verb("alerts.acknowledge_alarm")
def alarm_acknowledge(alarm: Alarm, *, who: Actor, note: str = "") -> Alarm:
    """Somebody has seen it: it is not escalated. An empty note keeps the one before. Raises NotPossible."""
    if len(note) > NOTE_LENGTH:
        raise Invalid({"note": _("Use %(note_length)s characters at most.") % {"note_length": NOTE_LENGTH}})
    row = _locked(alarm)
    guards.check("acknowledge", situation_of(row))
    fields = {
        "acknowledged_by": str(who),
        "acknowledged_at": database_now(),
        "note": note.strip() or row.note,
    }
    return _change(row, who, f"acknowledged: {note.strip()}" if note.strip() else "acknowledged", **fields)


@transaction.atomic
@audit.verb("alerts.take_alarm")
def alarm_take(alarm: Alarm, *, who: Actor) -> Alarm:
    """It is `who`'s to solve, which also acknowledges it. Raises NotPossible."""
    row = _locked(alarm)
    if not guards.check("take", situation_of(row, who.name)):
        return row
    fields = {"owner": who.name, "acknowledged_by": str(who), "acknowledged_at": database_now()}
    return _change(row, who, f"taken from {row.owner}" if row.owner else "taken", **fields)


@transaction.atomic
@audit.verb("alerts.silence_alarm")
def alarm_silence(alarm: Alarm, *, who: Actor, until: datetime) -> Alarm:
    """Send no notice about it before `until`, and show it more calmly. Raises NotPossible, Invalid."""
    row = _locked(alarm)
    guards.check("silence", situation_of(row))
    now = database_now()
    if not now < until <= now + LONGEST_SILENCE:
        raise Invalid(
            {
                "until": _("Use a time from now on, %(days)s days ahead at most.")
                % {"days": LONGEST_SILENCE.days}
            }
        )
    return _change(row, who, f"silenced until {until:%Y-%m-%d %H:%M} UTC", silenced_until=until)


def _locked(alarm: Alarm) -> Alarm:
    return audit.lock(Alarm.objects.all(), alarm)


def _change(row: Alarm, who: Actor, why: str, **fields: object) -> Alarm:
    """Write the fields and the transition."""
    now = database_now()
    before = row.state_at(now)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
    states.record(row, before, row.state_at(now), who=who, why=why)
    return row
