"""The report: read AWS, then the rows, compare, and remember since when the surplus has been there."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from drift.aws_lists import Found, ResourceKind, read_list
from drift.compare import Difference, Finding, compare
from drift.expected import all_expected
from drift.models import DriftSighting
from streamhub.errors import AccessDenied, AwsError, Retryable, Throttled

log = logging.getLogger(__name__)

# Nothing younger than this, by our own first sight of it, is ever deleted.
DELETE_MIN_AGE = timedelta(hours=1)
SURPLUS = (Difference.ORPHAN, Difference.DUPLICATE)


@dataclass(frozen=True)
class Unread:
    """Why a list could not be read: `words` for people, AWS's own code and message."""

    words: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.words} ({self.code}: {self.message})"


def unread_because(error: AwsError) -> Unread:
    """What an error means to somebody who waits for the list."""
    if isinstance(error, AccessDenied):
        words = "StreamHub's AWS key may not list them; manage.py iam_policy prints the policy it needs."
    elif isinstance(error, Throttled):
        words = "AWS asked for fewer calls. Read again in a minute."
    elif isinstance(error, Retryable):
        words = "AWS did not answer, or not as it should. Read again in a minute."
    else:
        words = "AWS refused to list them."
    where = f"{error.operation}: " if error.operation else ""
    return Unread(words, error.code or type(error).__name__, f"{where}{error.message}")


@dataclass(frozen=True)
class Report:
    """The differences at `observed_at`. `foreign` and `ours`: how many of each kind are not ours, and are.

    `unread`: kinds whose list could not be read, with the reason. Nothing is said about them.
    `moving`: rows that were left out, because a step or an intent of theirs is under way.
    """

    findings: tuple[Finding, ...]
    foreign: dict[str, int]
    observed_at: datetime
    unread: dict[str, Unread]
    ours: dict[str, int] = field(default_factory=dict)
    moving: int = 0

    @property
    def clean(self) -> bool:
        return not self.findings and not self.unread

    @property
    def summary(self) -> str:
        """One line: how many of each problem, and what could not be read."""
        counts = {problem: sum(one.problem == problem for one in self.findings) for problem in Difference}
        nothing = "no drift in what was read" if self.unread else "no drift"
        said = ", ".join(f"{n} {problem}" for problem, n in counts.items() if n) or nothing
        unread = ", ".join(f"{ResourceKind(kind).words}s" for kind in self.unread)
        return said + (f"; could not read: {unread}" if unread else "")


def report() -> Report:
    """Six complete lists of AWS against all rows. Changes nothing on AWS; notes sightings."""
    now = timezone.now()
    found: list[Found] = []
    unread: dict[str, Unread] = {}
    for kind in ResourceKind:
        try:
            found += list(read_list(kind))
        except AwsError as error:
            log.warning("Drift could not read %s: %s", kind, error)
            unread[kind.value] = unread_because(error)
    # The rows after the lists: what was created meanwhile has its row, and is on its way.
    rows = [row for row in all_expected() if row.kind not in unread]
    result = compare(rows, found, settings.STREAMHUB_ENVIRONMENT)
    findings = _dated(result.findings, now, read=[kind for kind in ResourceKind if kind not in unread])
    return Report(findings, result.foreign, now, unread, result.ours, result.moving)


def _dated(findings: Iterable[Finding], now: datetime, read: list[ResourceKind]) -> tuple[Finding, ...]:
    """Note what is surplus now, forget what is not any more, and give each its age."""
    findings = tuple(findings)
    surplus = {(one.kind, one.aws_id) for one in findings if one.problem in SURPLUS}
    for sighting in DriftSighting.objects.filter(kind__in=read):
        if (sighting.kind, sighting.aws_id) not in surplus:
            sighting.delete()
    new = [DriftSighting(kind=kind, aws_id=aws_id, first_seen_at=now) for kind, aws_id in surplus]
    DriftSighting.objects.bulk_create(new, ignore_conflicts=True)
    rows = DriftSighting.objects.values_list("kind", "aws_id", "first_seen_at")
    since = {(kind, aws_id): moment for kind, aws_id, moment in rows}
    return tuple(
        _with_age(one, since[one.kind, one.aws_id], now) if one.problem in SURPLUS else one
        for one in findings
    )


def _with_age(finding: Finding, since: datetime, now: datetime) -> Finding:
    return replace(finding, first_seen_at=since, waits=too_young(since, now))


def too_young(since: datetime | None, now: datetime) -> str:
    """Why it may not be deleted yet, "" if it may."""
    if since is None:
        return "It was not seen by an earlier run; it can be deleted an hour after the first."
    if now - since >= DELETE_MIN_AGE:
        return ""
    return f"First seen at {since:%H:%M} UTC; it can be deleted from {since + DELETE_MIN_AGE:%H:%M} UTC on."
