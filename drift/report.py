"""The report: read AWS, then the rows, compare them, and store when each surplus resource was first seen."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings

from drift.aws_lists import AwsResource, ResourceKind, read_list, with_tags
from drift.compare import Difference, Finding, compare
from drift.expected import Expected, all_expected
from drift.models import DriftSighting
from streamhub.clock import database_now
from streamhub.errors import AccessDenied, AwsError, Retryable, Throttled

log = logging.getLogger(__name__)

# A surplus resource is deleted only this long after StreamHub first saw it.
DELETE_MIN_AGE = timedelta(hours=1)
SURPLUS = (Difference.ORPHAN, Difference.DUPLICATE)


@dataclass(frozen=True)
class Unread:
    """Why a list could not be read: an `explanation` for people, and AWS's own code and message."""

    explanation: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.explanation} ({self.code}: {self.message})"


def unread_because(error: AwsError) -> Unread:
    """Explain why AWS could not be read."""
    if isinstance(error, AccessDenied):
        explanation = (
            "StreamHub's AWS key may not list them; manage.py iam_policy prints the policy it needs."
        )
    elif isinstance(error, Throttled):
        explanation = "AWS asked for fewer calls. Read again in a minute."
    elif isinstance(error, Retryable):
        explanation = "AWS did not answer, or had an internal error. Read again in a minute."
    else:
        explanation = "AWS refused to list them."
    operation = f"{error.operation}: " if error.operation else ""
    return Unread(explanation, error.code or type(error).__name__, f"{operation}{error.message}")


@dataclass(frozen=True)
class Report:
    """The differences at `observed_at`. `foreign` and `ours`: how many of each kind are others' and ours.

    `unread`: the kinds whose list could not be read, with the reason; the report does not cover them.
    `in_transition`: the number of rows left out, because a step or an intent of theirs is under way.
    """

    findings: tuple[Finding, ...]
    foreign: dict[str, int]
    observed_at: datetime
    unread: dict[str, Unread]
    ours: dict[str, int] = field(default_factory=dict)
    in_transition: int = 0

    @property
    def clean(self) -> bool:
        return not self.findings and not self.unread

    @property
    def summary(self) -> str:
        """One line: how many findings of each difference, and what could not be read."""
        counts = Counter(finding.difference for finding in self.findings)
        no_drift = "no drift in what was read" if self.unread else "no drift"
        summary = ", ".join(f"{kind}: {counts[kind]}" for kind in Difference if counts[kind]) or no_drift
        unread = ", ".join(f"{ResourceKind(kind).label}s" for kind in self.unread)
        return summary + (f"; could not read: {unread}" if unread else "")


def report() -> Report:
    """Compare six complete lists of AWS with all rows, and the tags of distributions that deliver channels.

    Changes nothing on AWS; writes sightings.
    """
    now = database_now()
    resources: list[AwsResource] = []
    unread: dict[str, Unread] = {}
    for kind in ResourceKind:
        try:
            resources += list(read_list(kind))
        except AwsError as error:
            log.warning("Drift could not read %s: %s", kind, error)
            unread[kind.value] = unread_because(error)
    # Rows are read after the lists, so that a resource created meanwhile has a row, in transition.
    rows = [row for row in all_expected() if row.kind not in unread]
    try:
        resources = _with_tags(rows, resources)
    except AwsError as error:
        log.warning("Drift could not read the tags of distributions: %s", error)
        unread[ResourceKind.DISTRIBUTION.value] = unread_because(error)
        rows = [row for row in rows if row.kind not in unread]
        resources = [resource for resource in resources if resource.kind not in unread]
    result = compare(rows, resources, settings.STREAMHUB_ENVIRONMENT)
    findings = _dated(result.findings, now, read=[kind for kind in ResourceKind if kind not in unread])
    return Report(findings, result.foreign, now, unread, result.ours, result.in_transition)


def _with_tags(rows: Iterable[Expected], resources: Iterable[AwsResource]) -> list[AwsResource]:
    """The resources, with the tags of those whose row says how to read them. Raises `AwsError`."""
    arns = {row.aws_id: row.tags_arn for row in rows if row.tags_arn and row.settled and row.present}
    return [
        with_tags(resource, arns[resource.aws_id])
        if resource.kind is ResourceKind.DISTRIBUTION and resource.aws_id in arns
        else resource
        for resource in resources
    ]


def _dated(findings: Iterable[Finding], now: datetime, read: list[ResourceKind]) -> tuple[Finding, ...]:
    """Write a sighting for what is surplus now, delete the others, and give each finding its age."""
    findings = tuple(findings)
    surplus = {(finding.kind, finding.aws_id) for finding in findings if finding.difference in SURPLUS}
    for sighting in DriftSighting.objects.filter(kind__in=read):
        if (sighting.kind, sighting.aws_id) not in surplus:
            sighting.delete()
    new = [DriftSighting(kind=kind, aws_id=aws_id, first_seen_at=now) for kind, aws_id in surplus]
    DriftSighting.objects.bulk_create(new, ignore_conflicts=True)
    rows = DriftSighting.objects.values_list("kind", "aws_id", "first_seen_at")
    since = {(kind, aws_id): moment for kind, aws_id, moment in rows}
    return tuple(
        _with_age(finding, since[finding.kind, finding.aws_id], now)
        if finding.difference in SURPLUS
        else finding
        for finding in findings
    )


def _with_age(finding: Finding, since: datetime, now: datetime) -> Finding:
    return replace(finding, first_seen_at=since, wait_reason=too_young(since, now))


def too_young(since: datetime | None, now: datetime) -> str:
    """Why it may not be deleted yet; "" if it may."""
    if since is None:
        return "It has not been seen before; it can be deleted an hour after it is first seen."
    if now - since >= DELETE_MIN_AGE:
        return ""
    free = since + DELETE_MIN_AGE
    return f"First seen at {since:%Y-%m-%d %H:%M} UTC; it can be deleted from {free:%Y-%m-%d %H:%M} UTC on."
