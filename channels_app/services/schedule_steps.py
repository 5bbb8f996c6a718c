"""What the schedule does when its time has come.

The job `run_schedule` calls `schedule_due` and `schedule_step`. An action is carried out under the lock of
its channel and noted with the moment that it was for: of two runs only one does it, and a breakout that is
moved has everything ahead again. Times are the database's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from channels_app.decide.schedule import FORGOTTEN, MOST, START_LATE, WARM_AFTER, Action, due, warm_until
from channels_app.models import Breakout, Channel
from channels_app.models.breakout import State
from channels_app.models.channel import Desired
from channels_app.services.breakout import breakout_prepare, breakout_start, breakout_stop, locked_breakout
from channels_app.services.schedule import plan_of, schedule_of
from channels_app.services.warmth import channel_warm, channel_warm_less
from streamhub.access.actors import system_actor
from streamhub.clock import database_now, from_now
from streamhub.errors import Invalid, NotPossible
from streamhub.lifecycle import states

SCHEDULE = system_actor("schedule")


def scheduled() -> Q:
    """Breakouts for which something is chosen and may be due: near their start, or running."""
    chosen = ~Q(schedule={}, channel__schedule={}) & Q(channel__isnull=False)
    most = max(MOST.values())
    near = Q(starts_at__gte=from_now(-FORGOTTEN), starts_at__lte=from_now(timedelta(minutes=most)))
    return chosen & ((Q(state=State.IDLE) & near) | Q(state=State.RUNNING))


def with_trouble() -> Q:
    """Breakouts that have not begun or run, and of whose schedule something could not be done or is said."""
    near = Q(state=State.IDLE, starts_at__gte=from_now(-FORGOTTEN)) | Q(state=State.RUNNING)
    return near & ~Q(schedule_trouble={})


def schedule_due() -> list[Breakout]:
    """The breakouts for which something is due now. Two queries."""
    now = database_now()
    rows = Breakout.objects.filter(scheduled()).select_related("channel").order_by("starts_at", "pk")
    return [row for row in rows if due(plan_of(row), now)]


@transaction.atomic
def schedule_step(breakout: Breakout) -> list[Action]:
    """Carry out what is due for the breakout now; returns what was done. Idempotent."""
    row = locked_breakout(breakout)
    plan = plan_of(row)
    done, now = [], database_now()
    for action in due(plan, now):
        if action not in due(plan_of(row), now):
            continue  # a late start makes the reminder needless
        try:
            with transaction.atomic():
                _ACTIONS[action](row)
        except (NotPossible, Invalid) as refusal:
            schedule_trouble(row, action, _sentence(refusal))
            continue
        row.schedule_done = {**row.schedule_done, action: plan.moment(action)}
        if action not in _ARE_ALARMS:
            _forget(row, action)
        row.save(update_fields=["schedule_done", "schedule_trouble"])
        done.append(action)
    return done


def schedule_warmed() -> list[Channel]:
    """The channels that the schedule keeps warm for longer than somebody asked. One query."""
    for_shows = Q(warm_asked_until__isnull=True) | Q(warm_asked_until__lt=F("warm_until"))
    warm = Channel.objects.filter(for_shows, warm_until__gt=Now()).exclude(desired=Desired.DELETED)
    return list(warm.order_by("pk"))


@transaction.atomic
def schedule_warm_less(channel: Channel) -> None:
    """Keep the channel warm only for shows that still come as planned. Idempotent.

    A show that is moved, or whose warm-up is switched off, is warmed up again if it comes back.
    """
    row = Channel.objects.select_for_update(of=("self",)).filter(pk=channel.pk).first()
    if row is None:
        return
    needed = list[datetime]()
    for show in row.breakouts.filter(state=State.IDLE, schedule_done__has_key=Action.WARM_UP.value):
        show.channel = row
        if until := warm_until(plan_of(show)):
            needed.append(until)
            continue
        show.schedule_done = {key: at for key, at in show.schedule_done.items() if key != Action.WARM_UP}
        show.save(update_fields=["schedule_done"])
    channel_warm_less(row, max(needed, default=None), who=SCHEDULE)


def _sentence(refusal: NotPossible | Invalid) -> str:
    return refusal.detail if isinstance(refusal, NotPossible) else " ".join(refusal.errors.values())


def schedule_trouble(row: Breakout, action: Action, sentence: str, reason: str = "") -> None:
    """Keep what an action could not do, for the alarm, and say it once on the timeline.

    `reason`: what stays the same while the words of it change ("": nothing but the sentence).
    """
    moment = plan_of(row).moment(action)
    known = row.schedule_trouble.get(action, {})
    known = known if known.get("for") == moment else {}
    since = known.get("since") or database_now().isoformat()
    trouble = {"for": moment, "since": since, "sentence": sentence, "reason": reason or sentence}
    if trouble == known:
        return
    row.schedule_trouble = {**row.schedule_trouble, action: trouble}
    row.save(update_fields=["schedule_trouble"])
    if trouble["reason"] != known.get("reason"):
        _tell(row, f"{_NAMES[action]}: {sentence}")


def schedule_trouble_now(breakout: Breakout, action: Action, sentence: str, reason: str) -> None:
    """`schedule_trouble` for a row that is not locked."""
    with transaction.atomic():
        schedule_trouble(locked_breakout(breakout), action, sentence, reason)


def schedule_trouble_over(breakout: Breakout, action: Action, why: str) -> None:
    """Forget what an action could not do, and say so. No effect if there is nothing to forget."""
    if action in breakout.schedule_trouble:
        with transaction.atomic():
            row = locked_breakout(breakout)
            _forget(row, action)
            row.save(update_fields=["schedule_trouble"])
            _tell(row, why)


def _forget(row: Breakout, action: Action) -> None:
    row.schedule_trouble = {key: value for key, value in row.schedule_trouble.items() if key != action}


def _tell(row: Breakout, why: str) -> None:
    states.record(row, row.state, row.state, who=SCHEDULE, why=why)


def _preflight(row: Breakout) -> None:
    breakout_prepare(row, who=SCHEDULE)
    _tell(row, "pre-flight: prepared for its planned start")


def _warm_up(row: Breakout) -> None:
    channel, start = cast(Channel, row.channel), row.starts_at
    assert start is not None  # noqa: S101  for mypy: it is due because of its start
    until = start + WARM_AFTER
    if channel.warm_until is None or channel.warm_until < until:
        channel_warm(channel, until, who=SCHEDULE, asked=False)
    _tell(row, f"warm-up: the channel is kept warm until {until:%Y-%m-%d %H:%M} UTC")


def _start(row: Breakout) -> None:
    breakout_start(row, who=SCHEDULE)
    row.refresh_from_db()


def _missed(row: Breakout) -> None:
    minutes = int(START_LATE.total_seconds() // 60)
    sentence = f"It was not started by itself within {minutes} minutes of its planned start."
    refused = row.schedule_trouble.get(Action.START, {}).get("sentence", "")
    _forget(row, Action.START)
    schedule_trouble(row, Action.MISSED, f"{sentence} {refused}".rstrip())


def _remind(row: Breakout) -> None:
    schedule_trouble(row, Action.REMIND, "Its planned start has passed, and nobody has started it.")


def _warn(row: Breakout) -> None:
    end, spared = row.planned_end_at, plan_of(row).is_done(Action.STOP)
    by_itself = " StreamHub stops it then." if schedule_of(row).auto_stop and not spared else ""
    sentence = f"Its planned end is {end:%Y-%m-%d %H:%M} UTC.{by_itself}"
    schedule_trouble(row, Action.WARN, sentence)


def _stop(row: Breakout) -> None:
    breakout_stop(row, who=SCHEDULE)
    row.refresh_from_db()


_ACTIONS: dict[Action, Callable[[Breakout], None]] = {
    Action.PREFLIGHT: _preflight,
    Action.WARM_UP: _warm_up,
    Action.START: _start,
    Action.MISSED: _missed,
    Action.REMIND: _remind,
    Action.WARN: _warn,
    Action.STOP: _stop,
}
_NAMES = {
    Action.PREFLIGHT: "pre-flight",
    Action.WARM_UP: "warm-up",
    Action.START: "start by itself",
    Action.MISSED: "start by itself",
    Action.REMIND: "reminder",
    Action.WARN: "planned end",
    Action.STOP: "stop by itself",
}
# What these say is an alarm, not a failure.
_ARE_ALARMS = (Action.MISSED, Action.REMIND, Action.WARN)
