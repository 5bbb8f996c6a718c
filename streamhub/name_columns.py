"""Names in the database: the column of folded keys, and constraints that hold rows to `streamhub.names`.

Both databases check the characters. SQLite calls Django's REGEXP for that, so only Django can write such rows
there. PostgreSQL also checks that a text is composed (NFC); SQLite has no function for it, and trusts the
services.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Cast
from django.db.models.lookups import Regex
from django.db.models.sql.compiler import SQLCompiler

from streamhub.names import REFUSED_PATTERN, folded

# Casefolding makes at most three characters of one.
_GROWTH = 3
# Control characters inside JSON as text. The backslash of an escape follows an even number of others.
_ESCAPED = r"(^|[^\\])(\\\\)*\\([bfnrt]|u00[01][0-9a-f])"


class UnescapedJSON(json.JSONEncoder):
    """Writes text as it is, so that the database can look at its characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


class FoldedField(models.CharField):
    """The folded key of the text in the column `source`, written with every save of the row.

    A `save(update_fields=...)` or `update()` of the source names this column too.
    """

    def __init__(self, *args: Any, source: str, source_length: int = 0, **options: Any) -> None:
        self.source = source
        options.setdefault("max_length", source_length * _GROWTH)
        options.setdefault("editable", False)
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = folded(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, key)
        return key


class Composed(models.Func):
    """Whether a text is in NFC. Always true on SQLite."""

    arity = 1
    output_field = models.BooleanField()
    template = "(%(expressions)s IS NFC NORMALIZED)"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s IS NOT NULL)", **context)


def visible(column: str, name: str) -> list[models.CheckConstraint]:
    """The constraints of a column with a name: characters and composition."""
    return [
        models.CheckConstraint(condition=~models.Q(**{f"{column}__regex": REFUSED_PATTERN}), name=name),
        models.CheckConstraint(condition=models.Q(Composed(models.F(column))), name=f"{name}_nfc"),
    ]


def visible_json(column: str, name: str) -> list[models.CheckConstraint]:
    """The constraints of a JSON column (with `UnescapedJSON`) whose keys and values people give."""
    text = Cast(models.F(column), models.TextField())
    refused = f"{REFUSED_PATTERN}|{_ESCAPED}"
    return [
        models.CheckConstraint(condition=~models.Q(Regex(text, refused)), name=name),
        models.CheckConstraint(condition=models.Q(Composed(text)), name=f"{name}_nfc"),
    ]
