"""The schedule: what StreamHub does by itself around a breakout, chosen for a channel or a breakout.

`services.schedule_steps` carries it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from channels_app.decide.schedule import MOST, NAMES, Action, Plan, Rules, due, missed_before, rules_of
from channels_app.guards import breakout as guards
from channels_app.guards import channel as channel_guards
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from channels_app.services.breakout import locked_breakout
from channels_app.services.channel import locked_channel
from channels_app.services.situations import breakout_situation, channel_situation
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import Invalid
from streamhub.lifecycle import states

Choice = Mapping[str, Any]


def schedule_of(breakout: Breakout) -> Rules:
    """What is chosen for the breakout, by itself or by its channel."""
    return rules_of(breakout.channel.schedule if breakout.channel else {}, breakout.schedule)


def plan_of(breakout: Breakout) -> Plan:
    return Plan(
        breakout.state,
        breakout.starts_at,
        breakout.planned_end_at,
        schedule_of(breakout),
        breakout.schedule_done,
    )


def schedule_errors(choice: Choice) -> dict[str, str]:
    """What is wrong with a choice, by field."""
    return {name: error for name, value in choice.items() if (error := _error(name, value))}


def _error(name: str, value: Any) -> str:
    if name not in NAMES:
        return _("There is no such choice. Choose from %(names)s.") % {"names": ", ".join(NAMES)}
    if name not in MOST:
        return "" if isinstance(value, bool) else _("Say true or false.")
    if value is None or (type(value) is int and 1 <= value <= MOST[name]):
        return ""
    return _("Give 1 to %(most)s minutes, or nothing for not at all.") % {"most": MOST[name]}


@transaction.atomic
@audit.verb("channels_app.schedule_channel")
def channel_schedule(channel: Channel, choice: Choice, *, who: Actor) -> Channel:
    """Replace what StreamHub does by itself for the channel's breakouts. Raises `Invalid`, `NotPossible`."""
    _check(choice)
    row = locked_channel(channel.pk)
    channel_guards.check("schedule", channel_situation(row))
    _choose(row, choice, who)
    return row


@transaction.atomic
@audit.verb("channels_app.schedule_breakout")
def breakout_schedule(breakout: Breakout, choice: Choice, *, who: Actor) -> Breakout:
    """Replace the breakout's own choice; what is left out is as its channel says. Raises as above."""
    _check(choice)
    row = locked_breakout(breakout)
    guards.check("schedule", breakout_situation(row))
    _choose(row, choice, who)
    return row


def _check(choice: Choice) -> None:
    if errors := schedule_errors(choice):
        raise Invalid(errors)


def _choose(row: Channel | Breakout, choice: Choice, who: Actor) -> None:
    if dict(choice) == row.schedule:
        return
    affected = Q(channel=row) if isinstance(row, Channel) else Q(pk=row.pk)
    shows = Breakout.objects.filter(affected, state__in=(State.IDLE, State.RUNNING)).select_related("channel")
    was = {show.pk: schedule_of(show) for show in shows}
    row.schedule = dict(choice)
    row.save(update_fields=["schedule"])
    for show in shows.all():
        if show.state == State.RUNNING:
            schedule_spare(show)
        else:
            _spare_what_is_past(show, was[show.pk])
    states.record(row, row.state, row.state, who=who, why=f"schedule: {said(choice)}")


def _spare_what_is_past(breakout: Breakout, was: Rules) -> None:
    """Do not alarm of a start as missed that was planned before somebody chose so."""
    plan = plan_of(breakout)
    if past := missed_before(plan, was, database_now()):
        _note(breakout, *past)


def schedule_spare(breakout: Breakout) -> None:
    """Do not stop a show for a planned end that is past. Its row is locked. Planned to end later, it ends."""
    if Action.STOP in due(plan_of(breakout), database_now()):
        _note(breakout, Action.STOP)


def _note(breakout: Breakout, *actions: Action) -> None:
    """Note the actions as done for the times as they are planned now."""
    plan = plan_of(breakout)
    noted = {action: plan.moment(action) for action in actions}
    breakout.schedule_done = {**breakout.schedule_done, **noted}
    breakout.save(update_fields=["schedule_done"])


def what_is_on(rules: Rules) -> str:
    """What StreamHub does by itself, in words."""
    on = {name: value for name, value in vars(rules).items() if value}
    return said(on) if on else "nothing"


def said(choice: Choice) -> str:
    """A choice in words."""
    return ", ".join(_words(name, choice[name]) for name in NAMES if name in choice) or "nothing chosen"


def _words(name: str, value: Any) -> str:
    what = name.removesuffix("_minutes").replace("_", " ")
    if not value:
        return f"no {what}"
    return what if value is True else f"{what} {value} min"
