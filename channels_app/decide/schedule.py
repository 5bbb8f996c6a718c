"""What StreamHub does by itself around a breakout, and when: pure functions.

Everything is off at first. A channel's choice counts for its breakouts, a breakout's own choice before it.
Moments are points in time (aware UTC), so a change of daylight saving moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from channels_app.models.breakout import State


@dataclass(frozen=True)
class Rules:
    """The choice for one breakout. Minutes are before its start (`reminder_minutes`: after it; of
    `end_warning_minutes`: before its planned end); None: not at all.
    """

    preflight_minutes: int | None = None
    warm_up_minutes: int | None = None
    reminder_minutes: int | None = None
    end_warning_minutes: int | None = None
    auto_start: bool = False
    auto_stop: bool = False


NAMES = tuple(field.name for field in fields(Rules))
# The most minutes of each.
MOST = {
    "preflight_minutes": 24 * 60,
    "warm_up_minutes": 4 * 60,
    "reminder_minutes": 4 * 60,
    "end_warning_minutes": 4 * 60,
}
# A start by itself that is so late is left to a person.
START_LATE = timedelta(minutes=10)
# A channel that was warmed up for a show that does not start stays warm for so long after its planned start.
WARM_AFTER = timedelta(minutes=30)
# What was not done so long after the start is not done any more.
FORGOTTEN = timedelta(hours=24)


class Action(StrEnum):
    PREFLIGHT = "preflight"
    WARM_UP = "warm_up"
    START = "start"
    MISSED = "missed"
    REMIND = "reminder"
    WARN = "end_warning"
    STOP = "stop"


# Until which state of the breakout what an action said is worth saying.
WHILE = {
    Action.PREFLIGHT: State.IDLE,
    Action.WARM_UP: State.IDLE,
    Action.START: State.IDLE,
    Action.MISSED: State.IDLE,
    Action.REMIND: State.IDLE,
    Action.WARN: State.RUNNING,
    Action.STOP: State.RUNNING,
}


# By which choice each is done or said.
CHOSEN_BY = {
    Action.PREFLIGHT: "preflight_minutes",
    Action.WARM_UP: "warm_up_minutes",
    Action.START: "auto_start",
    Action.MISSED: "auto_start",
    Action.REMIND: "reminder_minutes",
    Action.WARN: "end_warning_minutes",
    Action.STOP: "auto_stop",
}
# These are not done any more once the start is late.
BEFORE_START = (Action.PREFLIGHT, Action.WARM_UP)
# What these say is that something was not done in time.
SAY_IT_WAS_MISSED = (Action.MISSED, Action.REMIND)


@dataclass(frozen=True)
class Plan:
    """A breakout as the schedule sees it. `done`: for which moment each action was carried out."""

    state: str
    starts_at: datetime | None
    ends_at: datetime | None
    rules: Rules
    done: Mapping[str, str]

    def moment(self, action: Action) -> str:
        """The moment that an action is for: of a breakout that is moved, everything is due again."""
        at = self.starts_at if WHILE[action] == State.IDLE else self.ends_at
        return at.isoformat() if at else ""

    def is_done(self, action: Action) -> bool:
        return self.done.get(action) == self.moment(action)


def rules_of(channel: Mapping[str, Any], breakout: Mapping[str, Any]) -> Rules:
    """The choices of a channel and of its breakout as one."""
    chosen = {**channel, **breakout}
    return Rules(**{name: chosen[name] for name in NAMES if name in chosen})


def is_chosen(rules: Rules, action: Action) -> bool:
    return bool(getattr(rules, CHOSEN_BY[action]))


def is_worth_saying(plan: Plan, action: Action, now: datetime) -> bool:
    """Whether what an action said of the plan may still be so: it is chosen, and tried or looked at again."""
    over = action in BEFORE_START and plan.starts_at is not None and now - plan.starts_at > START_LATE
    return plan.state == WHILE[action] and is_chosen(plan.rules, action) and not over


def missed_before(plan: Plan, was: Rules, now: datetime) -> list[Action]:
    """What is due of a plan only because it is chosen now, after its time: nothing has failed.

    `was`: what was chosen until now.
    """
    return [action for action in due(plan, now) if action in SAY_IT_WAS_MISSED and not is_chosen(was, action)]


def due(plan: Plan, now: datetime) -> list[Action]:
    """The actions that are due and were not carried out for these times, in their order.

    What is late is done at once, except a start that is more than `START_LATE` late.
    """
    if plan.state == State.IDLE and plan.starts_at is not None:
        candidates = list(_before(plan, plan.starts_at, now))
    elif plan.state == State.RUNNING and plan.ends_at is not None:
        candidates = list(_during(plan, plan.ends_at, now))
    else:
        candidates = []
    return [action for action in candidates if not plan.is_done(action)]


def warm_until(plan: Plan) -> datetime | None:
    """Until when the channel that was warmed up for the show stays warm for it; None: it does not."""
    waits = plan.state == State.IDLE and plan.rules.warm_up_minutes is not None
    if plan.starts_at is None or not waits or not plan.is_done(Action.WARM_UP):
        return None
    return plan.starts_at + WARM_AFTER


def _before(plan: Plan, start: datetime, now: datetime) -> Iterator[Action]:
    rules, late = plan.rules, now - start
    if late <= START_LATE:
        if _reached(now, start, rules.preflight_minutes):
            yield Action.PREFLIGHT
        if _reached(now, start, rules.warm_up_minutes):
            yield Action.WARM_UP
    if rules.auto_start and timedelta(0) <= late <= START_LATE:
        yield Action.START
    if rules.auto_start and START_LATE < late <= FORGOTTEN:
        yield Action.MISSED
    reminder = rules.reminder_minutes
    if reminder is not None and timedelta(minutes=reminder) <= late <= FORGOTTEN:
        yield Action.REMIND


def _during(plan: Plan, end: datetime, now: datetime) -> Iterator[Action]:
    if _reached(now, end, plan.rules.end_warning_minutes):
        yield Action.WARN
    if plan.rules.auto_stop and now >= end:
        yield Action.STOP


def _reached(now: datetime, moment: datetime, minutes: int | None) -> bool:
    return minutes is not None and now >= moment - timedelta(minutes=minutes)
