"""The state cell of a list: badge, flags of an error and of an open alarm, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from streamhub.console.badges import Badge


def state_id(row: Any) -> str:
    """The HTML id of the state's element, by which the browser knows the row again."""
    return f"state-{row._meta.model_name}-{row.pk}"


def state_cell(row: Any, badge: Badge, state: str, since: datetime | None, *, error: str = "") -> SafeString:
    """The HTML of the cell."""
    context = {
        "id": state_id(row),
        "badge": badge,
        "word": badge.word or state,
        "since": since,
        "error": error,
        "alarm": getattr(row, "open_alarm", False),
    }
    return render_to_string("console/state_cell.html", context)
