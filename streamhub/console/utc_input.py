"""`UtcInput`: the box for a day and a time in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from unfold.widgets import UnfoldAdminTextInputWidget


class UtcInput(UnfoldAdminTextInputWidget):
    """A browser's own box. The script shows the time in both zones under it while it is typed.

    It holds whole seconds: a browser shows a box with a time that HTML does not know as empty.
    """

    supports_microseconds = False

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={"type": "datetime-local", "data-sh-utc-input": "", **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        text = f"{value:%Y-%m-%dT%H:%M:%S}" if isinstance(value, datetime) else value
        return super().format_value(text)
