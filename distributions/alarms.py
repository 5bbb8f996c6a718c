"""The alarms about distributions that were handed over to others, or that wait for a person to act in AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distributions import owners
from distributions.models import Distribution
from streamhub.alerts.rules import Severity
from streamhub.console import handed_over, needs_person


def _of_distributions(rows: Sequence[Any]) -> Mapping[int, dict[str, Any]]:
    """Critical while it delivers a show."""
    ownerships = owners.owner().ownerships(rows)
    return {pk: {"severity": Severity.CRITICAL} for pk, ownership in ownerships.items() if ownership.holds}


def _on_air(rows: Sequence[Any]) -> set[int]:
    """An error of a distribution that delivers a show is an alarm of its own."""
    ownerships = owners.owner().ownerships(rows)
    return {pk for pk, ownership in ownerships.items() if ownership.holds}


VIEW = "distributions.view_distribution"
ALARMS = (
    handed_over.alarms(Distribution, VIEW, _of_distributions),
    needs_person.alarms(Distribution, VIEW, "distributions.retry_distribution", _on_air),
)
