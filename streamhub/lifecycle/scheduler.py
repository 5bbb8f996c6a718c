"""The scheduler of `celery beat`: django-celery-beat's, with a heartbeat of its own."""

from __future__ import annotations

from django_celery_beat.schedulers import DatabaseScheduler

from streamhub.lifecycle.heartbeat import BeatsOnTick


class Scheduler(BeatsOnTick, DatabaseScheduler):
    """The schedule in the database."""
