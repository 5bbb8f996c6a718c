"""The value of a tag in a query."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Func, TextField, Value


class TagValue(Func):
    """The value of the tag with this key, NULL without one. `column`: where the tags are.

    Django's own transform takes a key of digits for a place in a list.
    """

    function = "jsonb_extract_path_text"
    output_field = TextField()

    def __init__(self, column: Any, key: Any) -> None:
        super().__init__(column, Value(key) if isinstance(key, str) else key)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite wants a path, in which a key in quotes is a key."""
        column, key = self.get_source_expressions()
        path = Value(f"$.{json.dumps(key.value, ensure_ascii=False)}")
        return Func(column, path, function="JSON_EXTRACT").as_sql(compiler, connection, **context)
