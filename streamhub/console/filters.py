"""Filters of a list whose value is typed, and is part of the list's address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class InputFilter(admin.SimpleListFilter):
    """A filter whose value is typed: no query for its choices, and an index for its column."""

    template = "console/input_filter.html"
    column = ""
    kind = "text"

    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield {"value": self.value() or "", "name": self.parameter_name, "kind": self.kind}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        text = (self.value() or "").strip()
        return self.only(queryset, text) if text else queryset

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(**{self.column: text})


class DayFilter(InputFilter):
    """The rows of one day in UTC, by the time in `column`."""

    title, parameter_name, kind = _("day (UTC)"), "day", "date"

    def only(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        start = midnight(text)
        if start is None:
            return rows.none()
        try:
            end = start + timedelta(days=1)
        except OverflowError:
            return rows.none()
        return rows.filter(**{f"{self.column}__gte": start, f"{self.column}__lt": end})


def midnight(text: str) -> datetime | None:
    """The beginning of the day in UTC; None if the text is no date."""
    try:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError:
        return None
