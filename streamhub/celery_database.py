"""Celery's support for Django, with database sessions that outlive a task.

Celery closes the session before and after every task. A step is a few short queries, so that most of its time
would go into new sessions, each with an empty cache of PostgreSQL's catalogue. Here a session is kept as web
keeps it between requests: for a while, and checked before it is used again (`streamhub.postgresql`).
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

from celery import Celery
from celery.fixups import django
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

log = logging.getLogger(__name__)


class KeptSessions(django.DjangoWorkerFixup):  # type: ignore[misc]
    """Looks at the sessions around a task where Celery's own closes them."""

    def on_task_prerun(self, sender: Any, **_about: Any) -> None:
        _close_what_is_spent(sender)

    def on_task_postrun(self, sender: Any, **_about: Any) -> None:
        _close_what_is_spent(sender)


def _close_what_is_spent(task: Any) -> None:
    """Close sessions that are too old or broken; the next query checks the others."""
    if getattr(task.request, "is_eager", False):
        return
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            _close_transaction(connection)
        connection.close_if_unusable_or_obsolete()


def _close_transaction(connection: BaseDatabaseWrapper) -> None:
    """Close a session whose transaction outlived its task; the next query opens another one.

    A time limit may end a task between the begin of a transaction and its body. What later tasks write would
    become savepoints of it, and be lost.
    """
    log.warning("A task ended within a transaction: its database session is closed")
    connection.in_atomic_block = connection.closed_in_transaction = False
    connection.close()


class Fixup(django.DjangoFixup):  # type: ignore[misc]
    """What the app installs instead of Celery's own."""

    @cached_property
    def worker_fixup(self) -> KeptSessions:
        """Made when a worker first asks for it, because it reads the settings."""
        return KeptSessions(self.app)


def fixup(app: Celery) -> Fixup:
    """Celery calls this when it makes an app that names it in `builtin_fixups`."""
    installed: Fixup = Fixup(app).install()
    return installed
