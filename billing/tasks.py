"""Celery's way in to the collector and the roll-up."""

from celery import shared_task
from django.conf import settings

from billing import collector, rollup
from streamhub.lifecycle import jobs

COLLECT_METRICS = "collect_metrics"
COLLECT_DAYS = "collect_days"
ROLLUP = "ledger_rollup"
LEASE_SECONDS = 180


@shared_task(name=f"billing.{COLLECT_METRICS}", soft_time_limit=600, time_limit=660)
def collect_metrics() -> None:
    """The minutes of breakouts that are not final; also woken by name when a breakout is over."""
    jobs.run(COLLECT_METRICS, collector.collect_metrics, seconds=LEASE_SECONDS)


@shared_task(name=f"billing.{COLLECT_DAYS}", soft_time_limit=600, time_limit=660)
def collect_days() -> None:
    """Whole days of all distributions, for what belongs to no breakout."""
    jobs.run(COLLECT_DAYS, collector.collect_days, seconds=LEASE_SECONDS)


@shared_task(name=f"billing.{ROLLUP}", soft_time_limit=600, time_limit=660)
def ledger_rollup() -> None:
    jobs.run(ROLLUP, rollup.ledger_rollup, seconds=LEASE_SECONDS)


jobs.register(jobs.Periodic(COLLECT_METRICS, f"billing.{COLLECT_METRICS}", lambda: settings.METRICS_SECONDS))
# Hourly, because what it does follows from the days that are missing: a tick lost costs an hour, not a day.
jobs.register(jobs.Periodic(COLLECT_DAYS, f"billing.{COLLECT_DAYS}", lambda: 3600))
jobs.register(jobs.Periodic(ROLLUP, f"billing.{ROLLUP}", lambda: 30 * 24 * 3600))
