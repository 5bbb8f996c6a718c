"""Changing what is planned: edit, reschedule, duplicate a breakout, and plan the same show several times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from django.db import transaction

from channels_app.guards import breakout as guards
from channels_app.models import Breakout, Channel
from channels_app.services.breakout import (
    breakout_create,
    locked_breakout,
    plan_errors,
    stored_start,
    stored_zone,
)
from channels_app.services.schedule import schedule_spare
from channels_app.services.situations import breakout_situation
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.errors import Invalid
from streamhub.lifecycle import intent, states
from streamhub.names import composed

EDITABLE = ("name", "starts_at", "time_zone", "duration_minutes", "customer", "note")
LABELS = {"starts_at": "start", "duration_minutes": "planned minutes", "time_zone": "time zone"}


@transaction.atomic
@audit.verb("channels_app.edit_breakout")
def breakout_edit(breakout: Breakout, *, who: Actor, **given: Any) -> Breakout:
    """Change the fields that are given: `name`, `starts_at`, `time_zone`, `duration_minutes`, `customer`,
    `note`.

    None empties a field; a name cannot be empty. Name, customer and note can be corrected at any time, the
    start until the show begins, its duration until it ends. Raises `Invalid`, `NotPossible`.
    """
    row = locked_breakout(breakout)
    return _edit(row, given, who=who)


@transaction.atomic
@audit.verb("channels_app.edit_breakout")
def breakout_reschedule(breakout: Breakout, *, who: Actor, **given: Any) -> Breakout:
    """Plan a show that has not begun for another time: `starts_at`, and `duration_minutes` if it is given."""
    row = locked_breakout(breakout)
    guards.check("reschedule", breakout_situation(row))
    return _edit(row, given, who=who)


def _edit(row: Breakout, given: dict[str, Any], *, who: Actor) -> Breakout:
    values = {name: _stored(name, value) for name, value in given.items()}
    wanted = {name: value for name, value in values.items() if value != _stored(name, getattr(row, name))}
    if unknown := sorted(set(given) - set(EDITABLE)):
        raise TypeError(f"A breakout has no field to edit: {', '.join(unknown)}.")
    if errors := plan_errors(wanted):
        raise Invalid(errors)
    for name in guards.plan_rules():
        if name in wanted:
            guards.PLAN_TABLE.check(name, breakout_situation(row))
    if not wanted:
        return row
    why = "edited: " + "; ".join(_sentence(row, name, value) for name, value in wanted.items())
    before = row.planned_end_at
    for name, value in wanted.items():
        setattr(row, name, value)
    row.save(update_fields=list(wanted))
    end = row.planned_end_at
    if end is not None and (before is None or end > before):
        schedule_spare(row)
    states.record(row, row.state, row.state, who=who, why=why)
    if row.channel_id is not None and not set(wanted).isdisjoint(guards.plan_rules()):
        # The maintenance window of the channel may have to move away from it.
        intent.requeue(Channel, [row.channel_id])
    return row


def _stored(name: str, value: Any) -> Any:
    if name == "note":
        return (value or "").strip()
    if name == "starts_at":
        return stored_start(value)
    if name == "time_zone":
        return stored_zone(value)
    return composed(value or "") if name in ("name", "customer") else value


def _sentence(row: Breakout, name: str, value: Any) -> str:
    if name == "note":
        return "note"
    label = LABELS.get(name, name)
    return f"{label} {_text(getattr(row, name))} becomes {_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return "none" if value in (None, "") else str(value)


@transaction.atomic
@audit.verb("channels_app.add_breakout")
def breakout_duplicate(
    breakout: Breakout, *, who: Actor, name: str | None = None, starts_at: datetime | None = None
) -> Breakout:
    """Plan the same show once more on its channel: with its duration, zone, customer, note and schedule.

    Returns the new one.
    """
    row = locked_breakout(breakout)
    guards.check("duplicate", breakout_situation(row))
    return breakout_create(
        cast(Channel, row.channel),  # the guards have checked it
        row.name if name is None else name,
        who=who,
        starts_at=starts_at,
        **copied(row),
    )


COPIED = ("duration_minutes", "time_zone", "customer", "note", "schedule")


def copied(row: Breakout) -> dict[str, Any]:
    """What another show gets from this one, as arguments of `breakout_create`."""
    return {name: getattr(row, name) for name in COPIED}


@transaction.atomic
def breakouts_plan(
    channel: Channel, name: str, times: Sequence[datetime], *, who: Actor, **same: Any
) -> list[Breakout]:
    """Plan the same show at several times, or at none of them. Raises `Invalid`, `NotPossible`.

    `same`: the other arguments of `breakout_create`. Each show has its own entry in the audit.
    """
    return [breakout_create(channel, name, who=who, starts_at=time, **same) for time in times]
