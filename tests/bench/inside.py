"""Cases in one process: they count calls, which do not depend on durations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from billing import jobs
from billing.metrics_collector import collect_metrics
from channels_app.models import Attachment, Breakout
from distributions.services import distribution_create, distribution_detach
from streamhub.access.actors import system_actor
from streamhub.clock import database_now
from tests.bench.figures import Figure
from tests.scenarios.world import WorldUnderTest

STALE = 150
BREAKOUTS = 1000
WHO = system_actor("bench")
ORIGIN = "https://origin.example.com/out/v1/index.m3u8"


def reap(world: WorldUnderTest) -> Iterator[Figure]:
    """The calls that delete all stale distributions, including those that list them."""
    rows = [distribution_create(ORIGIN, owner_label=f"stage {n}", who=WHO) for n in range(STALE)]
    world.settle()
    for row in rows:
        distribution_detach(row, who=WHO)
    world.settle()
    world.control.clear_calls()
    world.reap()
    calls = world.control.counts()
    left = world.left().get("cloudfront distributions", 0)
    note = f"{STALE} stale, {calls['total']} calls, {left} left, {sum(calls['illegal'].values())} illegal"
    yield Figure("reaping: calls per distribution", calls["total"] / (STALE - left), 1.01, 2.0, 1.05, note)


def metrics(world: WorldUnderTest) -> Iterator[Figure]:
    """The calls that collect bytes and requests of many breakouts, each with its own distribution."""
    now = database_now()
    rows = Breakout.objects.bulk_create(
        Breakout(name=f"b{n}", channel_uid=f"{n:032x}", channel_name="stage", state="completed")
        for n in range(BREAKOUTS)
    )
    Attachment.objects.bulk_create(
        Attachment(
            breakout=row,
            aws_distribution_id=f"E{n}",
            started_at=now - timedelta(hours=3),
            ended_at=now - timedelta(hours=2),
        )
        for n, row in enumerate(rows)
    )
    with jobs.COLLECT_METRICS.single() as run:
        assert run is not None
        collect_metrics(run, now=now)
    calls = world.counts()["cloudwatch:GetMetricData"]
    final = Breakout.objects.filter(usage_status="final").count()
    note = f"two metrics of {BREAKOUTS} breakouts, {final} final; the floor has one metric"
    yield Figure("metrics: calls for 1,000 breakouts", calls, 2, 1000, 4, note)
