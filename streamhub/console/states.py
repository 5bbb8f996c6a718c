"""The state of an object as one small piece of a page: colour, icon, word, since when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from streamhub.console.badges import Badge


def state_id(row: Any) -> str:
    """The id of the state's element, by which a fragment finds it again."""
    return f"state-{row._meta.model_name}-{row.pk}"


def state_cell(
    row: Any, badge: Badge, state: str, since: datetime | None, *, swap: bool = False
) -> SafeString:
    """The cell of a list. With `swap` htmx puts it in place of the one on the page."""
    context = {
        "id": state_id(row),
        "badge": badge,
        "word": badge.word or state,
        "since": since,
        "error": getattr(row, "error_code", ""),
        "swap": swap,
    }
    return render_to_string("console/state_cell.html", context)
