"""Choices that are searched while they are typed. What was sent and is no id selects nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple

from streamhub.row_ids import row_id


def _ids(values: Sequence[Any]) -> list[str]:
    return [str(value) for value in values if value == "" or row_id(str(value)) is not None]


class Searched(AutocompleteSelect):
    """One of many rows. Django's own looks up whatever was sent, which fails for what is no id."""

    def optgroups(self, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        return super().optgroups(name, _ids(value), attr)


class SearchedMultiple(AutocompleteSelectMultiple):
    """Several of many rows."""

    def optgroups(self, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        return super().optgroups(name, _ids(value), attr)
