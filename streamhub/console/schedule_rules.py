"""What staff may change in the schedule: the periods of StreamHub's own jobs, and whether they run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from streamhub.lifecycle.job_health import length_of
from streamhub.lifecycle.periodic import PeriodicJob, periodic_jobs

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(days=1)


def jobs_by_name() -> dict[str, PeriodicJob]:
    return {job.name: job for job in periodic_jobs()}


def job_of(row: PeriodicTask | None) -> PeriodicJob | None:
    """The job of the code that this row schedules; None for a row that staff have made."""
    return jobs_by_name().get(row.name) if row is not None else None


def tasks() -> set[str]:
    """The tasks that a row may send: those of StreamHub's periodic jobs."""
    return {str(job.task) for job in periodic_jobs()}


def wrong_period(interval: timedelta, job: PeriodicJob | None) -> str:
    """Why a row may not have this period, as a sentence; "" if it may. `job`: the one that it schedules."""
    if interval < SHORTEST:
        return _("A period must be at least one second.")
    if job is None or interval <= (longest := max(LONGEST, timedelta(seconds=job.seconds()))):
        return ""
    sentence = ngettext(
        "StreamHub needs %(name)s at least every day. To stop it, switch it off.%(alarm)s",
        "StreamHub needs %(name)s at least every %(days)s days. To stop it, switch it off.%(alarm)s",
        longest.days,
    )
    return sentence % {
        "name": job.name,
        "days": longest.days,
        "alarm": _alarm(job),
    }


def uses(interval: IntervalSchedule) -> list[str]:
    """The names of the rows that have this period."""
    rows = PeriodicTask.objects.filter(interval=interval)
    return list(rows.order_by("name").values_list("name", flat=True))


def while_off(row: PeriodicTask) -> str:
    """What switching the row off means, as a sentence."""
    job = job_of(row)
    if job is None:
        return _("%(name)s: %(task)s is no longer sent by this row.") % {"name": row.name, "task": row.task}
    return _("%(name)s: StreamHub will not %(purpose)s.%(alarm)s") % {
        "name": row.name,
        "purpose": job.purpose,
        "alarm": _alarm(job),
    }


def _alarm(job: PeriodicJob) -> str:
    return _(" It is an alarm until it is on again.") if job.required else ""


EVERY: tuple[tuple[Callable[[int], str], int], ...] = (
    (lambda n: ngettext("every day", "every %(count)s days", n), 86400),
    (lambda n: ngettext("every hour", "every %(count)s hours", n), 3600),
    (lambda n: ngettext("every minute", "every %(count)s minutes", n), 60),
    (lambda n: ngettext("every second", "every %(count)s seconds", n), 1),
)


def every(interval: IntervalSchedule) -> str:
    """The interval in its largest whole unit: "every 30 days", "every minute"."""
    seconds = int(length_of(interval).total_seconds())
    for said, length in EVERY:
        if seconds and seconds % length == 0:
            return said(seconds // length) % {"count": seconds // length}
    return str(interval)
