"""The job `run_schedule`: carries out what is due, ends warmth that no show needs any more, and looks whether
what was pre-flighted is ready.
"""

from __future__ import annotations

from django.template.defaultfilters import pluralize

from channels_app.decide.schedule import START_LATE, Action
from channels_app.models import Breakout
from channels_app.models.breakout import State
from channels_app.readiness import readiness
from channels_app.services.schedule_steps import (
    plan_of,
    schedule_due,
    schedule_step,
    schedule_trouble_now,
    schedule_trouble_over,
    schedule_warm_less,
    schedule_warmed,
    scheduled,
)
from streamhub.clock import from_now
from streamhub.lifecycle.lease import JobRun


def run_schedule(run: JobRun) -> None:
    """One run. What it does not reach before its lease ends, the next run does."""
    done = 0
    for row in schedule_due():
        done += len(schedule_step(row))
        if not run.extend():
            return
    for channel in schedule_warmed():
        schedule_warm_less(channel)
    not_ready = sum(not _is_ready(row) for row in _preflighted())
    run.say(f"{done} action{pluralize(done)} carried out, {not_ready} not ready")


def _preflighted() -> list[Breakout]:
    """The breakouts that were prepared for a start that is still ahead, or hardly past."""
    rows = Breakout.objects.filter(scheduled(), state=State.IDLE, starts_at__gte=from_now(-START_LATE))
    rows = rows.select_related("channel__distribution")
    return [row for row in rows if plan_of(row).is_done(Action.PREFLIGHT)]


def _is_ready(breakout: Breakout) -> bool:
    """Whether it is ready; what is not becomes an alarm, and is said once on the timeline."""
    wrong = [check.detail for check in readiness(breakout).checks if not check.passes]
    if wrong:
        schedule_trouble_now(breakout, Action.PREFLIGHT, f"It is not ready. {' '.join(wrong)}")
    else:
        schedule_trouble_over(breakout, Action.PREFLIGHT, "pre-flight: ready")
    return not wrong
