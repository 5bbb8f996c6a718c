"""The state cell of a list: badge, flags of an error and of an open alarm, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from streamhub.console.badges import Badge


def state_id(row: Any) -> str:
    """The HTML id of the state's element; fragments replace the element with this id."""
    return f"state-{row._meta.model_name}-{row.pk}"


def state_cell(
    row: Any, badge: Badge, state: str, since: datetime | None, *, error: str = "", swap: bool = False
) -> SafeString:
    """The HTML of the cell. With `swap`, htmx replaces the cell on the page with it."""
    context = {
        "id": state_id(row),
        "badge": badge,
        "word": badge.word or state,
        "since": since,
        "error": error,
        "alarm": getattr(row, "open_alarm", False),
        "swap": swap,
    }
    return render_to_string("console/state_cell.html", context)
