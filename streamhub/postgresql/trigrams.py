"""Indexes that find a text anywhere in a column, by its trigrams (PostgreSQL's extension pg_trgm)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement, Table

# The owner of a database may create it: the extension is trusted.
EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"


class TrigramIndex(models.Index):
    """One GIN index over columns of text, for Django's `icontains` and `istartswith`.

    On other databases it is an ordinary index of the columns, and a search reads the table.
    """

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **options: Any
    ) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **options)
        quote = schema_editor.quote_name
        fields: list[Any] = [model._meta.get_field(name) for name in self.fields]
        columns = [quote(field.column) for field in fields]
        return Statement(
            f"{EXTENSION}; CREATE INDEX %(name)s ON %(table)s USING gin (%(columns)s)",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
            columns=", ".join(f"UPPER({column}::text) gin_trgm_ops" for column in columns),
        )
