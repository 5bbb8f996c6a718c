"""Writing events, in the transaction of what they tell: none is lost, none is doubled, none is early."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streamhub.alerts.models import Alarm, State
from streamhub.lifecycle.models import Transition
from streamhub.webhooks.kinds import ALARM_OPENED, ALARM_RESOLVED, of_resource
from streamhub.webhooks.models import Event


def events_add(events: Sequence[Event]) -> None:
    """Write them, in the caller's transaction. A change that has its event already gets no second one."""
    if events:
        Event.objects.bulk_create(events, ignore_conflicts=True)


def at_transition(transitions: Sequence[Transition]) -> None:
    """The hook of `lifecycle.states`: events for state changes, and for the ends of alarms."""
    changed = [row for row in transitions if row.from_state != row.to_state]
    events_add([*_changes(changed), *_alarms(changed)])


def _changes(transitions: Iterable[Transition]) -> Iterable[Event]:
    for row in transitions:
        if kind := of_resource(row.resource_type):
            yield Event(
                key=f"transition:{row.pk}",
                kind=kind.name,
                subject=f"{row.resource_type}/{row.resource_id}",
                data={
                    "id": str(row.resource_id),
                    "name": row.resource_name,
                    "from": row.from_state or None,
                    "to": row.to_state,
                    "why": row.why,
                    "who": row.who,
                    "error": row.error or None,
                    "aws_request_id": row.aws_request_id or None,
                },
            )


def _alarms(transitions: Iterable[Transition]) -> Iterable[Event]:
    kinds = {State.OPEN.value: ALARM_OPENED, State.RESOLVED.value: ALARM_RESOLVED}
    # An alarm opens once: what is open again after a silence is not new.
    wanted = [
        row
        for row in transitions
        if row.resource_type == Alarm.KIND
        and row.to_state in kinds
        and (row.to_state != State.OPEN or not row.from_state)
    ]
    alarms = Alarm.objects.in_bulk([row.resource_id for row in wanted]) if wanted else {}
    for row in wanted:
        yield Event(
            key=f"transition:{row.pk}",
            kind=kinds[row.to_state],
            subject=f"{Alarm.KIND}/{row.resource_id}",
            data=_alarm(alarms[row.resource_id]),
        )


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": str(alarm.pk),
        "rule": alarm.rule,
        "severity": alarm.severity,
        "object": {"kind": alarm.kind, "id": alarm.object_id, "name": alarm.name},
        "detail": alarm.detail,
        "hint": alarm.hint,
        "since": alarm.since.isoformat(),
    }
