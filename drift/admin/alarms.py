"""Alarms for what runs on AWS without a row: StreamHub would never stop it."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from drift import stored_report
from drift.services import Finding, Resolution
from streamhub.alerts.rules import AlarmSource, Condition, Severity


def _surplus() -> list[Condition]:
    """One alarm for each resource in the last report that runs and that no row will stop."""
    return [
        _alarm(finding, finding.first_seen_at)
        for finding in stored_report.last_report().findings
        if finding.costs and finding.first_seen_at
    ]


def _alarm(finding: Finding, since: datetime) -> Condition:
    must_wait = _("%(wait_reason)s Until then it can only be stopped in the AWS console.") % {
        "wait_reason": finding.wait_reason
    }
    return Condition(
        rule="surplus_running",
        severity=Severity.CRITICAL,
        kind="drift",
        object_id=finding.key,
        name="Drift",
        url=reverse("admin:drift"),
        sentence=f"{finding.aws_id}: {finding.detail}",
        since=since,
        hint=must_wait if finding.wait_reason else _("Delete it: the first step stops it."),
        action="" if finding.wait_reason else _("Delete"),
        action_url=reverse("admin:drift_do", args=[finding.key, Resolution.DELETE.value]),
        permission="drift.resolve_drift",
    )


ALARMS = AlarmSource("drift.view_driftsighting", _surplus)
