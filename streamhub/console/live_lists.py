"""What every list and every form of the admin shows alike: rows that refresh themselves, and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial, update_wrapper
from typing import Any, ClassVar

from django.db.models import DateTimeField
from django.http import HttpRequest
from django.urls import path, reverse

from streamhub.console.formats.en.formats import PYTHON_DATETIME_FORMAT
from streamhub.console.pages import fragments, rows
from streamhub.console.templatetags.console import when


class LiveList:
    """Mixin of a ModelAdmin: its list's rows come and go by themselves (`refresh.js`)."""

    list_before_template: ClassVar[str] = "console/live_list.html"
    opts: Any
    admin_site: Any

    def list_read_at(self) -> datetime | None:
        """When AWS was last read for all rows; None where the rows are not of AWS."""
        return None

    def moving(self, row: Any) -> bool:
        """Whether the row is about to change, so that the list is refreshed more often."""
        return False

    def list_urls(self) -> list[Any]:
        """The address of the rows alone."""
        view = partial(rows.fragment, self)
        update_wrapper(view, rows.fragment)
        name = f"{self.opts.app_label}_{self.opts.model_name}_rows"
        return [path("rows/", self.admin_site.admin_view(view), name=name)]

    def get_urls(self) -> list[Any]:
        return [*self.list_urls(), *super().get_urls()]  # type: ignore[misc]

    def poller(self, listed: Any, request: HttpRequest) -> dict[str, Any]:
        """Context of a list's polling element: the URL of its rows, and the interval in seconds."""
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_rows")
        query = request.GET.urlencode()
        return {
            "url": f"{url}?{query}" if query else url,
            "every": fragments.every(any(self.moving(row) for row in listed.result_list)),
            "read_at": self.list_read_at(),
        }


class Moments:
    """Mixin of a ModelAdmin: a time that Django's form only shows is shown like everywhere else."""

    opts: Any

    @property
    def readonly_preprocess_fields(self) -> Mapping[str, Callable[[str], str]]:
        """Unfold's hook: what to make of the text of a field that is only shown."""
        return {field.name: _moment for field in self.opts.fields if isinstance(field, DateTimeField)}


def _moment(text: str) -> str:
    """The time of a text in Django's format (UTC); a text that is none, such as "-", stays."""
    try:
        moment = datetime.strptime(text, PYTHON_DATETIME_FORMAT)
    except ValueError:
        return text
    return when(moment.replace(tzinfo=UTC))
