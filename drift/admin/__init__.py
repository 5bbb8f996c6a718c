"""The Drift page, its tile and its alarms."""

from drift.admin import alarms, page

__all__ = ["alarms", "page"]
