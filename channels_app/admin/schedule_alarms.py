"""The alarms of the schedule: not ready, not started, reminders, and the warning at the planned end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_app.decide.schedule import Action, is_worth_saying
from channels_app.models import Breakout
from channels_app.services.schedule import plan_of
from channels_app.services.schedule_steps import with_trouble
from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now

# After the pre-flight AWS is read again; what is not ready so soon after it may only be unread.
READING = timedelta(minutes=2)
RULES = {
    Action.PREFLIGHT: (
        "schedule_not_ready",
        Severity.WARNING,
        _("Look at its readiness."),
        "Prepare",
        "prepare",
    ),
    Action.WARM_UP: (
        "schedule_warm_up",
        Severity.WARNING,
        _("Solve it, or start the breakout in time."),
        "",
        "",
    ),
    Action.START: (
        "schedule_start",
        Severity.CRITICAL,
        _("Solve it, or start it yourself."),
        "Start",
        "start",
    ),
    Action.MISSED: ("schedule_start", Severity.CRITICAL, _("Start it if it takes place."), "Start", "start"),
    Action.REMIND: (
        "schedule_reminder",
        Severity.WARNING,
        _("Start it, move it or cancel it."),
        "Start",
        "start",
    ),
    Action.WARN: (
        "schedule_end",
        Severity.WARNING,
        _("Stop it when it is over, or extend it."),
        "Extend",
        "extend",
    ),
    Action.STOP: ("schedule_stop", Severity.CRITICAL, _("Stop it yourself."), "Stop", "stop"),
}


def current() -> list[Condition]:
    """One for each breakout and rule. One query, and one for the time."""
    return _conditions(Breakout.objects.filter(with_trouble()).select_related("channel"))


def _of_breakout(row: Breakout) -> list[Condition]:
    return _conditions([row] if row.schedule_trouble else [])


def _conditions(rows: Iterable[Breakout]) -> list[Condition]:
    now = database_now()
    found: dict[tuple[str, str, str], Condition] = {}
    for row in rows:
        plan = plan_of(row)
        for name, trouble in row.schedule_trouble.items():
            action = Action(name)
            since = datetime.fromisoformat(trouble["since"])
            unread = action is Action.PREFLIGHT and now - since < READING
            lasts = trouble["for"] == plan.moment(action) and is_worth_saying(plan, action, now)
            if lasts and not unread:
                condition = _condition(row, action, since, trouble["sentence"])
                found.setdefault(condition.key, condition)
    return list(found.values())


def _condition(row: Breakout, action: Action, since: datetime, sentence: str) -> Condition:
    rule, severity, hint, label, verb = RULES[action]
    return Condition(
        rule=rule,
        severity=severity,
        kind=Breakout.KIND,
        object_id=str(row.pk),
        name=row.name,
        url=reverse("admin:channels_app_breakout_change", args=[row.pk]),
        sentence=gettext("%(name)s on %(channel_name)s: %(sentence)s")
        % {"name": row.name, "channel_name": row.channel_name, "sentence": sentence},
        since=since,
        hint=str(hint),
        action=label,
        action_url=reverse("admin:channels_app_breakout_do", args=[row.pk, verb]) if verb else "",
        permission=f"channels_app.{verb}_breakout" if verb else "",
    )


ALARMS = AlarmSource("channels_app.view_breakout", current, of_row={Breakout: _of_breakout})
