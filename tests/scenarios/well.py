"""An installation that is well: its jobs are in the schedule and have just run, worker and beat are alive."""

from __future__ import annotations

from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from streamhub.lifecycle.models import Heartbeat, Job
from streamhub.lifecycle.periodic import periodic_jobs


def all_well() -> None:
    """Make it so, whatever was before."""
    now = timezone.now()
    for name in ("worker", "beat"):
        Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now})
    for job in periodic_jobs():
        interval, _ = IntervalSchedule.objects.get_or_create(every=job.seconds(), period="seconds")
        scheduled = {"task": job.task, "interval": interval, "enabled": True, "queue": job.queue}
        PeriodicTask.objects.update_or_create(name=job.name, defaults=scheduled)
        finished = {"finished_at": now, "error": "", "failing_since": None, "lease_token": None}
        Job.objects.update_or_create(name=job.name, defaults=finished)
