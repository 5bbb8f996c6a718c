"""The order of a long list: by one column, and only by a column with an index.

The index is on the column and the id, so that it serves both directions, and equal values are not sorted.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from streamhub.console.paging import ANCHORS


def indexed_columns(model: type[Model]) -> set[str]:
    """The columns by which rows can be read in order: those with an index on them and the id."""
    return {index.fields[0] for index in model._meta.indexes if index.fields[1:] == ["id"]}


class IndexedChangeList(ChangeList):
    """Of several columns in the address the first counts, which is the one clicked last."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Without the row that the page lies beside, which is no filter and in no other link."""
        for name in ANCHORS:
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_queryset(request, *args, **kwargs)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        chosen = str(self.params.get(ORDER_VAR, "")).split(".")[0]
        _, minus, number = chosen.rpartition("-")
        # Looked up as text: a number of thousands of digits cannot be read.
        shown = {str(position): name for position, name in enumerate(self.list_display)}.get(number)
        if shown is not None and shown in (self.sortable_by or ()):
            self.params[ORDER_VAR] = chosen
            column = self.get_ordering_field(shown)
            return [f"{minus}{column}", f"{minus}pk"]
        self.params.pop(ORDER_VAR, None)
        return list(self.model_admin.get_ordering(request))
