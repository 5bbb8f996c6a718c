"""What runs on AWS without a row, as an alarm: nobody would ever stop it."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from drift import stored_report
from drift.services import Finding, Resolution
from streamhub.alerts.alarms import Alarm, AlarmSource


def _surplus() -> list[Alarm]:
    """What runs on AWS by the last reading, and no row will ever stop."""
    return [
        _costly(one, one.first_seen_at)
        for one in stored_report.last().findings
        if one.costs and one.first_seen_at
    ]


def _costly(finding: Finding, since: datetime) -> Alarm:
    waits = f"{finding.waits} Until then it can only be stopped in the AWS console."
    return Alarm(
        name="Drift",
        url=reverse("admin:drift"),
        sentence=f"{finding.aws_id}: {finding.detail}",
        since=since,
        hint=waits if finding.waits else "Delete it: the first step stops it.",
        action="" if finding.waits else "Delete",
        action_url=reverse("admin:drift_do", args=[finding.key, Resolution.DELETE.value]),
        permission="drift.resolve_drift",
    )


ALARMS = AlarmSource("drift.view_driftsighting", _surplus)
