"""Storing alarms: what is a condition now is opened or refreshed, what is none any more is resolved.

The job `check_alarms` does it every few seconds. Whoever reads the list of alarms does it too, so that the
list, the banner and the API agree even if no worker is alive. Two that do it at once do no harm: a constraint
lets one alarm be open for a rule and an object, and every change is conditional.

What becomes critical after people were told of a warning is a new alarm: they acknowledged or silenced less.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from streamhub.alerts import outbox
from streamhub.alerts.models import Alarm, State, open_alarms
from streamhub.alerts.rules import Condition, is_worse, sources
from streamhub.clock import database_now
from streamhub.lifecycle import states

log = logging.getLogger(__name__)

Key = tuple[str, str, str]


@dataclass
class Outcome:
    """How many alarms were opened, were resolved, are open. `unread`: the sources that could not be read."""

    opened: int = 0
    resolved: int = 0
    open: int = 0
    unread: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"open {self.open}, opened {self.opened}, resolved {self.resolved}"


def evaluate() -> Outcome:
    """Read all sources and store what they say. A source that raises leaves the stored alarms as they are."""
    started = database_now()
    return _store(*_conditions(), started)


def store_now() -> None:
    """Store alarms if what is stored is not what is the case. For whoever reads the list of alarms."""
    started = database_now()
    conditions, unread = _conditions()
    if set(conditions) != {alarm.key for alarm in open_alarms()}:
        _store(conditions, unread, started)


def _store(conditions: dict[Key, Condition], unread: tuple[str, ...], started: datetime) -> Outcome:
    """Store conditions that were read since `started`."""
    stored = {alarm.key: alarm for alarm in open_alarms()}
    outcome = Outcome(open=len(conditions), unread=unread)
    new = [condition for key, condition in conditions.items() if key not in stored]
    outcome.opened = _open(new)
    for key, condition in conditions.items():
        if key not in stored:
            continue
        alarm = stored.pop(key)
        if _needs_new_alarm(alarm, condition):
            outcome.opened += _replace(alarm, condition)
        else:
            _refresh(alarm, condition)
    if not unread:
        replaced = {
            (rule, each.kind, each.object_id) for each in conditions.values() for rule in each.replaces
        }
        over = [alarm for alarm in stored.values() if alarm.opened_at < started]
        outcome.resolved = _resolve(over, replaced)
    outbox.announce()
    return outcome


def _conditions() -> tuple[dict[Key, Condition], tuple[str, ...]]:
    """The conditions of all sources by key, and the names of the sources that could not be read."""
    found: dict[Key, Condition] = {}
    unread: list[str] = []
    for source in sources():
        try:
            found.update((condition.key, condition) for condition in source.current())
        except Exception:  # one source must not hide what the others see
            log.exception("The alarms of %s could not be read", source.current.__module__)
            unread.append(source.current.__module__)
    return found, tuple(unread)


def _fields(condition: Condition) -> dict[str, Any]:
    """What an alarm shows of its condition, cut to its columns."""
    return {
        "name": condition.name[:200],
        "severity": condition.severity.value,
        "detail": condition.sentence,
        "hint": condition.hint,
        "aws_error": condition.aws_error,
        "url": condition.url[:300],
    }


def _open(conditions: list[Condition]) -> int:
    """Store new alarms, and return how many. What somebody else stored at the same moment does not count."""
    alarms = [_alarm(condition) for condition in conditions]
    with transaction.atomic():
        Alarm.objects.bulk_create(alarms, ignore_conflicts=True)
        mine = Alarm.objects.filter(uid__in=[alarm.uid for alarm in alarms])
        opened = list(mine) if alarms else []
        for alarm in opened:
            states.record(alarm, "", State.OPEN, why=alarm.detail)
    for alarm in opened:
        log.error("ALARM: %s: %s %s", alarm.rule, alarm.detail, alarm.hint)
    return len(opened)


def _alarm(condition: Condition, **fields: Any) -> Alarm:
    rule, kind, object_id = condition.key
    own = {"since": condition.since, **_fields(condition), **fields}
    return Alarm(rule=rule, kind=kind, object_id=object_id, **own)


def _needs_new_alarm(alarm: Alarm, condition: Condition) -> bool:
    """Whether it has become critical since people were told of a warning, or acted upon one."""
    answered = alarm.announced_at or alarm.acknowledged_at or alarm.silenced_until
    return bool(answered) and is_worse(condition.severity, alarm.severity)


def _replace(alarm: Alarm, condition: Condition) -> int:
    """End the warning and open a critical alarm in its place; returns how many were opened.

    Owner and note stay. Who was told of the warning is told that it is critical, not that it is over.
    """
    now = database_now()
    with transaction.atomic():
        # Somebody may have acknowledged it, or another process have replaced it, since it was read.
        before = open_alarms().select_for_update().filter(pk=alarm.pk).first()
        if before is None:
            return 0
        open_alarms().filter(pk=before.pk).update(resolved_at=Now())
        states.record(before, before.state_at(now), State.RESOLVED, why="critical now: a new alarm")
        since = min(before.since, condition.since)
        new = _alarm(condition, since=since, owner=before.owner, note=before.note)
        new.save()
        states.record(new, "", State.OPEN, why=new.detail)
        outbox.worse(before, new)
    log.error("ALARM: %s: %s %s", new.rule, new.detail, new.hint)
    return 1


def _refresh(alarm: Alarm, condition: Condition) -> None:
    """Write what changed. `since` only moves back: a condition may not know its beginning."""
    fields: dict[str, Any] = _fields(condition)
    fields["since"] = min(alarm.since, condition.since)
    changed = {name: value for name, value in fields.items() if getattr(alarm, name) != value}
    if changed:
        open_alarms().filter(pk=alarm.pk).update(**changed)


def _resolve(alarms: list[Alarm], replaced: set[Key]) -> int:
    """End these alarms, tell who was told of them, and return how many were still open.

    Nobody is told of the end of the `replaced`: a condition that goes beyond theirs is an alarm now.
    """
    if not alarms:
        return 0
    now = database_now()
    with transaction.atomic():
        # Somebody may have acknowledged, or ended, one of them since they were read.
        ended = list(open_alarms().select_for_update().filter(pk__in=[alarm.pk for alarm in alarms]))
        open_alarms().filter(pk__in=[alarm.pk for alarm in ended]).update(resolved_at=Now())
        for alarm in ended:
            why = "another alarm goes beyond it" if alarm.key in replaced else "its reason is gone"
            states.record(alarm, alarm.state_at(now), State.RESOLVED, why=why)
        outbox.resolved([alarm for alarm in ended if alarm.key not in replaced])
    for alarm in ended:
        log.warning("Alarm resolved: %s: %s", alarm.rule, alarm.detail)
    return len(ended)
