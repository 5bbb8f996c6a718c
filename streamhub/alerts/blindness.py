"""The alarms about StreamHub itself: whatever of its health is not ok (`streamhub.lifecycle.health`)."""

from __future__ import annotations

from django.urls import reverse

from streamhub.alerts.rules import AlarmSource, Condition, Severity
from streamhub.clock import database_now
from streamhub.lifecycle.health import HealthFact, facts


def conditions() -> list[Condition]:
    """One condition for each fact that is not ok."""
    url, now = reverse("admin:health"), database_now()
    return [
        Condition(
            rule=fact.rule,
            severity=Severity.CRITICAL if fact.critical else Severity.WARNING,
            kind=kind_of(fact),
            object_id=fact.name,
            name=fact.name,
            url=url,
            sentence=fact.detail,
            since=fact.since or now,
            hint=fact.remedy,
            aws_error=fact.aws_error,
            blind=True,
        )
        for fact in facts()
        if fact.ok is False and fact.rule
    ]


def kind_of(fact: HealthFact) -> str:
    """The kind of object that the alarm is about: "job", "aws", "workers" …"""
    return fact.group.value.lower().removesuffix("s") if fact.group.value != "AWS" else "aws"


ALARMS = AlarmSource("lifecycle.view_job", conditions)
