"""What must be true at rest: AWS against the rows, and the usage against the delivered bytes.

Reads the database and the embedded AWS directly, not through the product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.conf import settings
from django.db.models import F, Q, Sum

from billing import metrics_collector
from billing.completeness import LAST
from billing.models import LedgerMinute
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from drift.models import DriftSighting
from drift.tasks import drift_report
from emulator.control import Control
from streamhub.aws.ownership import ENVIRONMENT_TAG, OWNER_TAG
from streamhub.lifecycle import driver, lease

# StreamHub's resources in AWS's inventory: service, kind, the key of the id, the key of the tags.
KINDS = (
    ("cloudfront", "distributions", "Id", "Tags"),
    ("mediapackage", "channels", "id", "tags"),
    ("mediapackage", "origin_endpoints", "id", "tags"),
    ("medialive", "channels", "id", "tags"),
    ("medialive", "inputs", "id", "tags"),
    ("medialive", "input_security_groups", "id", "tags"),
)
COLUMNS = {
    ("cloudfront", "distributions"): (Distribution, "aws_distribution_id"),
    ("mediapackage", "channels"): (Channel, "mp_channel_id"),
    ("mediapackage", "origin_endpoints"): (Channel, "mp_endpoint_id"),
    ("medialive", "channels"): (Channel, "ml_channel_id"),
    ("medialive", "inputs"): (Channel, "ml_input_id"),
    ("medialive", "input_security_groups"): (SecurityGroup, "aws_id"),
}
# The states in which a row has nothing to wait for.
RESTING = {
    Channel: ("idle", "running", "failed"),
    Distribution: ("deployed", "disabled"),
    SecurityGroup: ("ready",),
}
OVER = ("completed", "cancelled", "failed")


@dataclass
class Wrongs:
    """Violations: sentences by measure."""

    found: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, measure: str, sentence: str) -> None:
        if sentence not in self.found[measure]:
            self.found[measure].append(sentence)

    def count(self, measure: str) -> int:
        return len(self.found[measure])

    def all(self) -> Iterator[tuple[str, str]]:
        for measure, sentences in self.found.items():
            for sentence in sentences:
                yield measure, sentence


@dataclass(frozen=True)
class Resource:
    """One AWS resource with our mark."""

    service: str
    kind: str
    id: str
    owner: str

    def __str__(self) -> str:
        return f"{self.service} {self.kind} {self.id} (row {self.owner[:8]})"


def ours(control: Control) -> list[Resource]:
    inventory = control.inventory()
    return [
        Resource(service, kind, resource[id], resource[tags].get(OWNER_TAG, ""))
        for service, kind, id, tags in KINDS
        for resource in inventory[service][kind]
        if resource[tags].get(ENVIRONMENT_TAG) == settings.STREAMHUB_ENVIRONMENT
    ]


def claimed(resource: Resource) -> bool:
    """Whether the row in its mark has its id."""
    model, column = COLUMNS[resource.service, resource.kind]
    return model._default_manager.filter(uid=resource.owner, **{column: resource.id}).exists()


def compare(control: Control, wrongs: Wrongs, when: str) -> None:
    """Every resource has its row, none exists twice, and only channels with desired running run."""
    resources = ours(control)
    for resource in resources:
        if not claimed(resource):
            wrongs.add("orphans", f"{when}: {resource} has no row with its id")
    owners = Counter((resource.service, resource.kind, resource.owner) for resource in resources)
    for (service, kind, owner), n in owners.items():
        if n > 1:
            wrongs.add("duplicates", f"{when}: {n} {service} {kind} of row {owner[:8]}")
    desired = set(Channel.objects.filter(desired="running").values_list("ml_channel_id", flat=True))
    for channel in control.inventory()["medialive"]["channels"]:
        if channel["state"] in ("STARTING", "RUNNING") and channel["id"] not in desired:
            wrongs.add("orphans", f"{when}: MediaLive channel {channel['id']} runs and should not")


def run_drift_twice() -> None:
    """Run drift's job, and again as if an hour later, so that it deletes what it may."""
    drift_report()
    DriftSighting.objects.update(first_seen_at=F("first_seen_at") - timedelta(hours=1))
    drift_report()


def rows_not_at_rest() -> list[str]:
    """Rows that are not at rest, including breakouts that are starting or stopping."""
    sentences = [
        f"{row.KIND} {row.pk} is {row.state}, desired {row.desired}"
        f" (due {row.not_before}, claimed until {row.claimed_until}, error {row.error_code or 'none'})"
        for model, states in RESTING.items()
        for row in model._default_manager.filter(
            ~Q(state__in=states) | Q(desired="deleted") | Q(claim_token__isnull=False)
        )
        if not getattr(row, "protected", False)
    ]
    moving = Breakout.objects.filter(state__in=("starting", "stopping"))
    return sentences + [f"breakout {row.pk} is {row.state}" for row in moving]


def rows_left() -> list[str]:
    """The remaining rows of managed resources, without the shared distribution."""
    return [
        f"{row.KIND} {row.pk} is {row.state}, desired {row.desired} (error {row.error_code or 'none'})"
        for managed in driver.all_drivers()
        for row in managed.model._default_manager.all()
        if not getattr(row, "protected", False)
    ]


def record_unfinished(wrongs: Wrongs) -> None:
    """Every breakout is over, and every failed one has an error."""
    for row in Breakout.objects.exclude(state__in=OVER):
        wrongs.add("stuck", f"breakout {row.pk} ({row.name}) is {row.state}")
    for row in Breakout.objects.filter(state="failed", error_code=""):
        wrongs.add("stuck", f"breakout {row.pk} ({row.name}) failed without an error")
    for attachment in Attachment.objects.filter(ended_at=None):
        wrongs.add("stuck", f"the attachment of breakout {attachment.breakout_id} is open")


def open_usage(*, silent: bool) -> list[str]:
    """Breakouts with an attachment whose usage is not final yet.

    `silent`: also those without a datapoint, which become final when their days were read for the last time.
    """
    rows = Breakout.objects.exclude(attachments__aws_distribution_id="").filter(attachments__isnull=False)
    if not silent:
        rows = rows.filter(usage_suspect=False)
    return [
        f"breakout {row.pk}: {row.usage_status}" for row in rows.distinct() if row.usage_status != "final"
    ]


def delivered() -> list[str]:
    """The CloudFront ids of all distributions that ever delivered a breakout."""
    ids = Attachment.objects.exclude(aws_distribution_id="").values_list("aws_distribution_id", flat=True)
    return sorted(set(ids))


def bytes_lost(control: Control, wrongs: Wrongs, now: datetime) -> tuple[int, int]:
    """(bytes lost, bytes delivered), summed over breakouts and distributions.

    Reads the whole day for the last time first, as the daily job does: for the minutes without a breakout,
    and to make breakouts without a datapoint final.
    """
    with lease.single("chaos_days") as run:
        metrics_collector.reread_days(run, now=now + timedelta(days=LAST + 1))
    expected: Counter[int] = Counter()
    lost = total = 0
    for distribution in delivered():
        truth = control.truth(distribution)
        ledger = LedgerMinute.objects.filter(aws_distribution_id=distribution)
        counted = ledger.aggregate(sum=Sum("bytes_downloaded"))["sum"] or 0
        total += truth["bytes"]
        if counted != truth["bytes"]:
            lost += abs(counted - truth["bytes"])
            wrongs.add(
                "lost bytes", f"{distribution}: viewers got {truth['bytes']}, the ledger has {counted}"
            )
        for breakout, amount in attributed(distribution, truth["minutes"]):
            expected[breakout] += amount
    for row in Breakout.objects.filter(attachments__isnull=False).distinct():
        usage = row.usage_bytes_downloaded or 0
        if usage != expected[row.pk]:
            lost += abs(usage - expected[row.pk])
            wrongs.add("lost bytes", f"breakout {row.pk} has {usage} bytes, expected {expected[row.pk]}")
    return lost, total


def attributed(distribution: str, minutes: dict[str, Any]) -> Iterable[tuple[int, int]]:
    """(breakout, bytes) of each minute of a distribution, by the second implementation of the rule."""
    attachments = Attachment.objects.filter(aws_distribution_id=distribution, ended_at__isnull=False)
    spans = with_tails(attachments.values_list("started_at", "ended_at", "breakout_id"))
    for iso, amounts in minutes.items():
        start = datetime.fromisoformat(iso)
        yield from split(amounts["bytes"], covered(spans, start, start + timedelta(minutes=1))).items()


Spans = list[tuple[datetime, datetime, int]]


def with_tails(attachments: Iterable[tuple[datetime, datetime, int]]) -> Spans:
    """Start and end of what counts of each attachment to one distribution, and its breakout.

    The rule is in docs/billing.md; this is its second implementation, which knows nothing of the first.
    """
    tail = timedelta(seconds=settings.USAGE_TAIL_SECONDS)
    ordered = sorted(attachments, key=lambda each: (each[0], each[2]))
    spans = []
    for number, (start, end, breakout) in enumerate(ordered):
        later = [other[0] for other in ordered[number + 1 :]]
        next_start = later[0] if later else None
        till = end + tail
        if next_start is not None and next_start < till:
            till = next_start if next_start > end else end
        spans.append((start, till, breakout))
    return spans


def covered(spans: Spans, start: datetime, end: datetime) -> dict[int, Fraction]:
    """How many seconds of start..end each breakout covers, the earlier attachment first."""
    seconds: dict[int, Fraction] = {}
    for since, till, breakout in spans:
        length = min(end, till) - max(start, since)
        if length > timedelta():
            whole = Fraction(length // timedelta(microseconds=1), 10**6)
            seconds[breakout] = seconds.get(breakout, Fraction()) + whole
    return seconds


def split(total: int, seconds: dict[int, Fraction]) -> dict[int, int]:
    """The total in whole units by seconds; the rest by the largest fractions, first to the earlier."""
    if not seconds:
        return {}
    exact = {breakout: total * part / sum(seconds.values()) for breakout, part in seconds.items()}
    units = {breakout: int(value) for breakout, value in exact.items()}
    left = total - sum(units.values())
    for breakout in sorted(exact, key=lambda each: units[each] - exact[each])[:left]:
        units[breakout] += 1
    return units
