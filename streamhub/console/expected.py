"""When AWS is expected to be done: facts for objects' pages, and durations for the health page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from streamhub.console.facts import Fact
from streamhub.lifecycle import durations
from streamhub.lifecycle.expectation import expected, span, usual
from streamhub.lifecycle.models import ManagedResource


def expected_facts(row: ManagedResource | None) -> list[Fact]:
    """The fact "expected" of a row that waits for AWS; none otherwise."""
    expectation = expected(row) if row is not None else None
    return [Fact(_("expected"), str(expectation))] if expectation else []


@dataclass(frozen=True)
class DurationLine:
    """One operation: what AWS does, how long that usually takes, and how that is known."""

    does: str
    usual: str
    waits: int
    source: str


def duration_lines() -> list[DurationLine]:
    """The operations of all apps. One query each."""
    lines = []
    for operation in durations.operations():
        known = durations.history(operation)
        lines.append(
            DurationLine(operation.does, span(*usual(known.quantiles)), known.waits, operation.source)
        )
    return lines
