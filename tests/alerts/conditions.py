"""Conditions made by a test, in place of those of the apps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from streamhub.alerts.rules import AlarmSource, Condition, Severity

PERMISSION = "alerts.view_alarm"


class Conditions(list[Condition]):
    """What is the case now; `broken`: it cannot be read."""

    broken = False

    def add(self, object_id: str = "1", **fields: Any) -> Condition:
        defaults: dict[str, Any] = {
            "rule": "start_late",
            "severity": Severity.CRITICAL,
            "kind": "breakout",
            "name": f"keynote {object_id}",
            "url": "/admin/",
            "sentence": f"keynote {object_id} has been starting for 20 minutes.",
            "since": timezone.now(),
            "hint": "Check its channel's error.",
        }
        condition = Condition(object_id=object_id, **{**defaults, **fields})
        self.append(condition)
        return condition

    def read(self) -> list[Condition]:
        if self.broken:
            raise RuntimeError("cannot be read")
        return list(self)

    def source(self) -> AlarmSource:
        return AlarmSource(PERMISSION, self.read)


def long_ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)
