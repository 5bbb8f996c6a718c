"""The database refuses to change or delete what was written into the audit and the transitions."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from streamhub.access import audit
from streamhub.access.models import AuditEntry
from streamhub.append_only import retention
from streamhub.clock import database_now
from streamhub.lifecycle.models import Transition
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db

OLD = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)


def transition(**about: Any) -> Transition:
    return Transition.objects.create(
        resource_type="channel", resource_id=1, who=TESTER, why="y", to_state="idle", **about
    )


def entry(**about: Any) -> AuditEntry:
    return AuditEntry.objects.create(actor_kind="staff", actor_name="ada", verb="start_breakout", **about)


@pytest.mark.parametrize("make", [transition, entry])
def test_a_row_cannot_be_changed(make: Any) -> None:
    row = make()
    changes = {"who": "x"} if isinstance(row, Transition) else {"actor_name": "x"}
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**changes)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError, match="append-only"), retention():
        type(row).objects.filter(pk=row.pk).update(**changes)


@pytest.mark.parametrize("make", [transition, entry])
def test_a_row_cannot_be_deleted(make: Any) -> None:
    row = make()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        row.delete()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM {row._meta.db_table}")
    assert type(row).objects.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
def test_a_table_cannot_be_truncated() -> None:
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE access_auditentry")


def test_retention_ends_with_its_block() -> None:
    transition()
    with retention():
        Transition.objects.all().delete()
    transition()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Transition.objects.all().delete()


def deleted_and_failed() -> None:
    with retention():
        Transition.objects.all().delete()
        raise ValueError("stop")


def test_retention_ends_with_an_error() -> None:
    transition()
    with pytest.raises(ValueError, match="stop"):
        deleted_and_failed()
    assert Transition.objects.count() == 1
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Transition.objects.all().delete()


def drop(month: str) -> str:
    out = StringIO()
    call_command("drop_audit", before=month, stdout=out)
    return out.getvalue()


def test_the_command_drops_whole_months_and_says_so_in_the_audit() -> None:
    old, kept = transition(at=OLD), transition(at=datetime(2026, 4, 1, tzinfo=UTC))
    entry(at=OLD)
    assert "Transition: 1 deleted".lower() in drop("2026-04").lower()
    assert list(Transition.objects.all()) == [kept]
    assert not Transition.objects.filter(pk=old.pk).exists()
    said = AuditEntry.objects.get()
    assert (said.verb, said.actor_name, said.detail) == (
        "drop_audit",
        "manage.py drop_audit",
        "before 2026-04",
    )
    assert said.before == {"transition": 1, "audit entry": 1}


def test_the_command_keeps_the_present_month() -> None:
    row = entry()
    now = database_now()
    drop(f"{now:%Y-%m}")
    assert AuditEntry.objects.filter(pk=row.pk).exists()
    with pytest.raises(CommandError, match="has not begun"):
        drop(f"{now.year + 1}-01")
    with pytest.raises(CommandError, match="is no month"):
        drop("2026")
    assert AuditEntry.objects.filter(pk=row.pk).exists()


def test_the_entry_of_a_drop_is_undone_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    entry(at=OLD)

    def fail(*_: object, **__: object) -> None:
        raise ValueError("no entry")

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(ValueError, match="no entry"):
        drop("2026-04")
    assert AuditEntry.objects.count() == 1
