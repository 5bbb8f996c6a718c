"""What staff may change in the schedule: the periods of StreamHub's own jobs, and whether they run."""

from __future__ import annotations

from datetime import timedelta

from django_celery_beat.models import IntervalSchedule, PeriodicTask

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
        return "A period must be at least one second."
    if job is None or interval <= (longest := max(LONGEST, timedelta(seconds=job.seconds()))):
        return ""
    often = "day" if longest.days == 1 else f"{longest.days} days"
    return f"StreamHub needs {job.name} at least every {often}. To stop it, switch it off.{_alarm(job)}"


def uses(interval: IntervalSchedule) -> list[str]:
    """The names of the rows that have this period."""
    rows = PeriodicTask.objects.filter(interval=interval)
    return list(rows.order_by("name").values_list("name", flat=True))


def while_off(row: PeriodicTask) -> str:
    """What switching the row off means, as a sentence."""
    job = job_of(row)
    if job is None:
        return f"{row.name}: {row.task} is no longer sent by this row."
    return f"{row.name}: StreamHub will not {job.purpose}.{_alarm(job)}"


def _alarm(job: PeriodicJob) -> str:
    return " It is an alarm until it is on again." if job.required else ""
