"""Rows that are free at first and frozen from a state on. The database holds to that.

    class Meta:
        constraints = [FrozenRows(event="UPDATE", when="OLD.state <> 'draft'", name="…")]

A trigger refuses the event on rows for which `when` (SQL with OLD and NEW) is true, with an IntegrityError,
whoever asks and by whichever way. Inside `append_only.retention()` rows may be deleted; see there.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement, Table

from streamhub.append_only import FUNCTION, SETTING

_POSTGRESQL = f"""
CREATE FUNCTION %(function)s() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') AND current_setting('{SETTING}', true) = 'on' THEN
        RETURN OLD;
    END IF;
    IF %(when)s THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
            MESSAGE = TG_TABLE_NAME || ' is frozen: ' || TG_OP || ' is refused';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER %(name)s BEFORE %(event)s ON %(table)s FOR EACH %(each)s EXECUTE FUNCTION %(function)s()
"""
_SQLITE = """
CREATE TRIGGER %(name)s BEFORE %(event)s ON %(table)s WHEN %(when)s
BEGIN SELECT RAISE(ABORT, 'the row is frozen: %(event)s is refused'); END
"""


class FrozenRows(models.BaseConstraint):
    """A trigger that refuses one event: "INSERT", "UPDATE", "DELETE" or "TRUNCATE" (not on SQLite)."""

    def __init__(self, *, event: str, when: str, name: str) -> None:
        super().__init__(name=name)
        self.event, self.when = event, when

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: Any) -> Any:
        """Nothing inside of CREATE TABLE: the trigger follows it."""
        if statement := self.create_sql(model, schema_editor):
            schema_editor.deferred_sql.append(statement)

    def create_sql(self, model: type[models.Model] | None, schema_editor: Any) -> Any:
        on_postgresql = schema_editor.connection.vendor == "postgresql"
        if model is None or (self.event == "TRUNCATE" and not on_postgresql):
            return None
        may_be_deleted = self.event == "DELETE" and not on_postgresql
        return Statement(
            _POSTGRESQL if on_postgresql else _SQLITE,
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
            function=schema_editor.quote_name(f"streamhub_{self.name}"),
            event=self.event,
            each="STATEMENT" if self.event == "TRUNCATE" else "ROW",
            when=f"({self.when}) AND {FUNCTION}() IS NOT 1" if may_be_deleted else self.when,
        )

    def remove_sql(self, model: type[models.Model] | None, schema_editor: Any) -> Any:
        on_postgresql = schema_editor.connection.vendor == "postgresql"
        if model is None or (self.event == "TRUNCATE" and not on_postgresql):
            return None
        sql = "DROP TRIGGER %(name)s ON %(table)s; DROP FUNCTION %(function)s()"
        return Statement(
            sql if on_postgresql else "DROP TRIGGER %(name)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
            function=schema_editor.quote_name(f"streamhub_{self.name}"),
        )

    def validate(self, *args: Any, **options: Any) -> None:
        """The database alone decides."""

    def deconstruct(self) -> Any:
        path, args, options = super().deconstruct()
        return path, args, {**options, "event": self.event, "when": self.when}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenRows) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.event, self.when))
