"""Cases in one process: they count calls, which do not depend on durations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from billing import jobs
from billing.metrics_collector import collect_metrics
from channels_app.models import Attachment, Breakout
from streamhub.clock import database_now
from tests.bench.figures import Figure
from tests.scenarios.world import WorldUnderTest

BREAKOUTS = 1000


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
