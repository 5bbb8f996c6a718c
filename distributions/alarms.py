"""The alarm about distributions that were handed over to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distributions import owners
from distributions.models import Distribution
from streamhub.alerts.rules import Severity
from streamhub.console import handed_over


def _of_distributions(rows: Sequence[Any]) -> Mapping[int, dict[str, Any]]:
    """Critical while it delivers a show."""
    ownerships = owners.owner().ownerships(rows)
    return {pk: {"severity": Severity.CRITICAL} for pk, ownership in ownerships.items() if ownership.holds}


ALARMS = handed_over.alarms(Distribution, "distributions.view_distribution", _of_distributions)
