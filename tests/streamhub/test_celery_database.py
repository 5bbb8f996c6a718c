"""Celery's support for Django: what happens to database sessions around a task."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connections, transaction
from django.db.utils import ConnectionHandler

from streamhub import celery_database
from streamhub.celery import app
from streamhub.celery_database import Fixup, KeptSessions


class Session:
    """A database session that notes what is done to it."""

    in_atomic_block = False

    def __init__(self) -> None:
        self.done: list[str] = []

    def close(self) -> None:
        self.done.append("closed")

    def close_if_unusable_or_obsolete(self) -> None:
        self.done.append("checked")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """The only session of this process."""
    session = Session()
    every = SimpleNamespace(all=lambda initialized_only=False: [session])
    monkeypatch.setattr(celery_database, "connections", every)
    return session


def installed() -> KeptSessions:
    """What the app's workers connect to Celery's signals."""
    (fixup,) = app._fixups
    assert isinstance(fixup, Fixup)
    return fixup.worker_fixup


def task(*, eager: bool) -> SimpleNamespace:
    return SimpleNamespace(request=SimpleNamespace(is_eager=eager))


def test_a_worker_keeps_its_session_between_tasks(session: Session) -> None:
    """A new session for each step would cost more than the step."""
    handlers = installed()
    handlers.on_task_prerun(task(eager=False))
    handlers.on_task_postrun(task(eager=False))
    assert session.done == ["checked", "checked"]


def test_a_task_that_is_called_leaves_its_callers_session_alone(session: Session) -> None:
    handlers = installed()
    handlers.on_task_prerun(task(eager=True))
    handlers.on_task_postrun(task(eager=True))
    assert session.done == []


@pytest.mark.django_db
def test_a_transaction_that_outlived_its_task_holds_no_later_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A time limit struck after the transaction had begun and before its body, so that nothing ended it."""
    path = str(tmp_path / "beside.sqlite3")
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": path}
    handler = ConnectionHandler({"default": database, "beside": database})
    left, other = handler.create_connection("beside"), handler.create_connection("beside")
    monkeypatch.setattr(celery_database, "connections", SimpleNamespace(all=lambda initialized_only: [left]))
    connections["beside"] = left
    try:
        left.cursor().execute("CREATE TABLE written (id integer)")
        transaction.atomic(using="beside").__enter__()
        left.cursor().execute("INSERT INTO written VALUES (1)")
        installed().on_task_postrun(task(eager=False))
        with transaction.atomic(using="beside"):
            left.cursor().execute("INSERT INTO written VALUES (2)")
        assert other.cursor().execute("SELECT id FROM written").fetchall() == [(2,)]
        assert not left.in_atomic_block
    finally:
        del connections["beside"]
        left.close()
        other.close()
