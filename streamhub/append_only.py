"""Tables whose rows are never changed and never deleted, except by retention. The database holds to that.

    class Meta:
        constraints = [*append_only("audit_entry")]

Triggers refuse UPDATE, DELETE and (on PostgreSQL) TRUNCATE with an IntegrityError, whoever asks and by
whichever way. Inside `retention()` rows may be deleted; they are never changed. Who owns the database can
drop the triggers; docs/adr has what that means.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, transaction
from django.db.backends.ddl_references import Statement, Table

# What opens a table for deletion: a setting of PostgreSQL that ends with the transaction, and an attribute
# of Django's connection that SQLite asks for by a function. Another client of SQLite has no such function.
SETTING = "streamhub.retention"
FUNCTION = "streamhub_retention"

_POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION streamhub_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' AND current_setting('{SETTING}', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
        MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' is refused';
END $$;
CREATE TRIGGER %(name)s BEFORE %(event)s ON %(table)s FOR EACH %(each)s
EXECUTE FUNCTION streamhub_append_only()
"""
_SQLITE = """
CREATE TRIGGER %(name)s BEFORE %(event)s ON %(table)s WHEN %(when)s
BEGIN SELECT RAISE(ABORT, 'the table is append-only: %(event)s is refused'); END
"""


class AppendOnly(models.BaseConstraint):
    """A trigger that refuses one event: "UPDATE", "DELETE" or "TRUNCATE" (which SQLite does not have)."""

    def __init__(self, *, event: str, name: str) -> None:
        super().__init__(name=name)
        self.event = event

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: Any) -> Any:
        """Nothing inside of CREATE TABLE: the trigger follows it."""
        if statement := self.create_sql(model, schema_editor):
            schema_editor.deferred_sql.append(statement)

    def create_sql(self, model: type[models.Model] | None, schema_editor: Any) -> Any:
        on_postgresql = schema_editor.connection.vendor == "postgresql"
        if model is None or (self.event == "TRUNCATE" and not on_postgresql):
            return None
        return Statement(
            _POSTGRESQL if on_postgresql else _SQLITE,
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
            event=self.event,
            each="STATEMENT" if self.event == "TRUNCATE" else "ROW",
            when="true" if self.event == "UPDATE" else f"{FUNCTION}() IS NOT 1",
        )

    def remove_sql(self, model: type[models.Model] | None, schema_editor: Any) -> Any:
        if model is None or (self.event == "TRUNCATE" and schema_editor.connection.vendor != "postgresql"):
            return None
        on_table = " ON %(table)s" if schema_editor.connection.vendor == "postgresql" else ""
        return Statement(
            f"DROP TRIGGER %(name)s{on_table}",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
        )

    def validate(self, *args: Any, **options: Any) -> None:
        """A new row always fits."""

    def deconstruct(self) -> Any:
        path, args, options = super().deconstruct()
        return path, args, {**options, "event": self.event}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AppendOnly) and (self.name, self.event) == (other.name, other.event)

    def __hash__(self) -> int:
        return hash((self.name, self.event))


def append_only(name: str) -> list[AppendOnly]:
    """The constraints of a table that only grows. `name` makes the triggers' names unique."""
    return [
        AppendOnly(event=event, name=f"{name}_no_{event.lower()}")
        for event in ("UPDATE", "DELETE", "TRUNCATE")
    ]


@contextmanager
def retention() -> Iterator[None]:
    """One transaction in which append-only rows may be deleted. `manage.py drop_audit` is who needs it."""
    try:
        with transaction.atomic():
            _open(True)
            yield
            _open(False)  # an error undoes it with the transaction
    finally:
        connection.streamhub_retention = False  # type: ignore[attr-defined]


def _open(opened: bool) -> None:
    connection.streamhub_retention = opened  # type: ignore[attr-defined]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, "on" if opened else "off"])


def on_connection(sender: Any, connection: Any, **_: Any) -> None:
    """Receiver of `connection_created`: SQLite's triggers ask this connection."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(
            FUNCTION, 0, lambda: int(getattr(connection, "streamhub_retention", False))
        )
