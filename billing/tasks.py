"""Celery's way in to the collector and the roll-up."""

import logging

from celery import shared_task
from django.conf import settings

from billing import collector, rollup
from streamhub.errors import AwsError
from streamhub.lifecycle import jobs

log = logging.getLogger(__name__)

COLLECT_METRICS = "collect_metrics"
COLLECT_DAYS = "collect_days"
ROLLUP = "ledger_rollup"
LEASE_SECONDS = 180


@shared_task(name=f"billing.{COLLECT_METRICS}", soft_time_limit=600, time_limit=660)
def collect_metrics() -> None:
    """The minutes of breakouts that are not final; also woken by name when a breakout is over."""
    try:
        with jobs.single(COLLECT_METRICS, seconds=LEASE_SECONDS) as run:
            if run:
                collector.collect_metrics(run)
    except AwsError as error:  # stands on the job; the next run asks for what is missing
        log.warning("Metrics could not be collected: %s", error)


@shared_task(name=f"billing.{COLLECT_DAYS}", soft_time_limit=600, time_limit=660)
def collect_days() -> None:
    """Whole days of all distributions, for what belongs to no breakout."""
    try:
        with jobs.single(COLLECT_DAYS, seconds=LEASE_SECONDS) as run:
            if run:
                collector.collect_days(run)
    except AwsError as error:
        log.warning("Days could not be collected: %s", error)


@shared_task(name=f"billing.{ROLLUP}", soft_time_limit=600, time_limit=660)
def ledger_rollup() -> None:
    with jobs.single(ROLLUP, seconds=LEASE_SECONDS) as run:
        if run:
            rollup.ledger_rollup(run)


jobs.register(jobs.Periodic(COLLECT_METRICS, f"billing.{COLLECT_METRICS}", lambda: settings.METRICS_SECONDS))
# Hourly, because what it does follows from the days that are missing: a tick lost costs an hour, not a day.
jobs.register(jobs.Periodic(COLLECT_DAYS, f"billing.{COLLECT_DAYS}", lambda: 3600))
jobs.register(jobs.Periodic(ROLLUP, f"billing.{ROLLUP}", lambda: 30 * 24 * 3600))
