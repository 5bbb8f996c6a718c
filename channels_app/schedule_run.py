"""The job `run_schedule`: carries out what is due, ends warmth that no show needs any more, and looks whether
what was pre-flighted is ready.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.template.defaultfilters import pluralize

from channels_app.decide.schedule import START_LATE, Action
from channels_app.models import Breakout, Channel
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
from streamhub.postgresql.outages import unavailable

log = logging.getLogger(__name__)


def run_schedule(run: JobRun) -> None:
    """One run. What it does not reach before its lease ends, the next run does."""
    done = 0
    for row in schedule_due():
        with _alone(run, row):
            done += len(schedule_step(row))
        if not run.extend():
            return
    for channel in schedule_warmed():
        with _alone(run, channel):
            schedule_warm_less(channel)
    not_ready = 0
    for row in _preflighted():
        with _alone(run, row):
            not_ready += not _is_ready(row)
    run.say(f"{done} action{pluralize(done)} carried out, {not_ready} not ready")


@contextmanager
def _alone(run: JobRun, row: Breakout | Channel) -> Iterator[None]:
    """What goes wrong with one row is logged and said on the job, and holds up no other show."""
    try:
        yield
    except Exception as error:
        if unavailable(error):
            raise
        log.exception("The schedule of %s %s", row.KIND, row.pk)
        run.fall_short(f"{row}: {type(error).__name__}: {error}")


def _preflighted() -> list[Breakout]:
    """The breakouts that were prepared for a start that is still ahead, or hardly past."""
    rows = Breakout.objects.filter(scheduled(), state=State.IDLE, starts_at__gte=from_now(-START_LATE))
    rows = rows.select_related("channel__distribution")
    return [row for row in rows if plan_of(row).is_done(Action.PREFLIGHT)]


def _is_ready(breakout: Breakout) -> bool:
    """Whether it is ready; what is not becomes an alarm, and is said once on the timeline."""
    wrong = [check for check in readiness(breakout).checks if not check.passes]
    if wrong:
        sentence = f"It is not ready. {' '.join(check.detail for check in wrong)}"
        reason = " ".join(check.name for check in wrong)
        schedule_trouble_now(breakout, Action.PREFLIGHT, sentence, reason)
    else:
        schedule_trouble_over(breakout, Action.PREFLIGHT, "pre-flight: ready")
    return not wrong
