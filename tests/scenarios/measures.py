"""Counts of orphans, duplicates and lost bytes, from the inventory and traffic of the embedded AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Sum

from billing import jobs, metrics_collector
from billing.models import LedgerMinute
from channels_app.models import Attachment, Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.clock import database_now
from tests.scenarios.world import WorldUnderTest

MINUTE = timedelta(minutes=1)
# The column with the id of each kind of AWS resource.
KNOWN_BY: dict[str, tuple[Any, str]] = {
    "cloudfront distributions": (Distribution, "aws_distribution_id"),
    "mediapackage channels": (Channel, "mp_channel_id"),
    "mediapackage origin_endpoints": (Channel, "mp_endpoint_id"),
    "medialive channels": (Channel, "ml_channel_id"),
    "medialive inputs": (Channel, "ml_input_id"),
    "medialive second inputs": (Channel, "ml_second_id"),
    "medialive input_security_groups": (SecurityGroup, "aws_id"),
}


def ours(world: WorldUnderTest) -> Iterator[tuple[str, str, str]]:
    """All AWS resources with our environment's mark: (kind, AWS id, uid of their row)."""
    for service, kinds in world.control.inventory().items():
        for kind, resources in kinds.items():
            for resource in resources if f"{service} {kind}" in KNOWN_BY else ():
                tags = resource.get("Tags") or resource.get("tags") or {}
                if tags.get("streamhub:environment") == settings.STREAMHUB_ENVIRONMENT:
                    id = resource.get("Id") or resource["id"]
                    # A channel may have two inputs, which their names tell apart.
                    second = "second " if str(resource.get("name", "")).endswith("-second") else ""
                    yield f"{service} {second}{kind}", id, tags.get("streamhub:owner", "")


def surplus(world: WorldUnderTest) -> tuple[int, int]:
    """(orphans: our resources whose id is in no row; duplicates: further ones of a kind for the same row)."""
    resources = list(ours(world))
    orphans = sum(
        not model._default_manager.filter(**{column: aws_id}).exists()
        for kind, aws_id, _ in resources
        for model, column in [KNOWN_BY[kind]]
    )
    per_row = Counter((kind, owner) for kind, _, owner in resources)
    return orphans, sum(n - 1 for n in per_row.values())


# --- bytes -----------------------------------------------------------------------------------

Minutes = dict[tuple[str, datetime], int]


def truth(world: WorldUnderTest) -> Minutes:
    """The bytes that the embedded AWS delivered to viewers, by distribution and minute."""
    all_series = world.control.inventory()["cloudwatch"]["series"]
    ids = [series["id"] for series in all_series if series["namespace"] == "AWS/CloudFront"]
    return {
        (aws_id, datetime.fromisoformat(minute)): amounts["bytes"]
        for aws_id in ids
        for minute, amounts in world.control.truth(aws_id)["minutes"].items()
    }


def owed(delivered: Minutes) -> int:
    """The bytes of every minute that overlaps an attachment or the tail after its end."""
    tail = timedelta(seconds=settings.USAGE_TAIL_SECONDS)
    spans = list(Attachment.objects.values_list("aws_distribution_id", "started_at", "ended_at"))
    return sum(
        size
        for (aws_id, minute), size in delivered.items()
        if any(
            attached == aws_id and start < minute + MINUTE and (end is None or end + tail > minute)
            for attached, start, end in spans
        )
    )


def collect(now: datetime) -> None:
    """One run of the collector at `now`."""
    with jobs.COLLECT_METRICS.single() as run:
        if run:
            metrics_collector.collect_metrics(run, now=now)


def reread_days(now: datetime) -> None:
    """One run for the whole days that are over at `now`."""
    with jobs.REREAD_DAYS.single() as run:
        if run:
            metrics_collector.reread_days(run, now=now)


def lost_bytes(world: WorldUnderTest) -> int:
    """The difference in bytes after CloudWatch has published everything and all of it was collected.

    The ledger must have all delivered bytes, and the breakouts exactly those of their minutes.
    """
    delivered = truth(world)
    if not delivered:
        return 0
    world.control.publish_all()
    now = database_now()
    for hours in (0, 2, 4):
        collect(now + timedelta(hours=hours))
    reread_days(now + timedelta(days=3))
    in_ledger = LedgerMinute.objects.aggregate(sum=Sum("bytes_downloaded"))["sum"] or 0
    on_breakouts = Breakout.objects.aggregate(sum=Sum("usage_bytes_downloaded"))["sum"] or 0
    return abs(sum(delivered.values()) - in_ledger) + abs(owed(delivered) - on_breakouts)


def not_final() -> list[str]:
    """Breakouts that are over and whose usage is not final."""
    over = Breakout.objects.filter(state__in=("completed", "cancelled"))
    return [
        f"{row} is {row.state} and its usage {row.usage_status}" for row in over.exclude(usage_status="final")
    ]
