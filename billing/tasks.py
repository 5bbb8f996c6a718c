"""Celery tasks: the collector and the roll-up."""

from celery import shared_task

from billing import handover, jobs, metrics_collector, rollup
from billing.costs import month
from streamhub.task_names import TaskName


@shared_task(name=TaskName.COLLECT_METRICS, soft_time_limit=600, time_limit=660)
def collect_metrics() -> None:
    """Read the minutes of breakouts that are not final. Also sent when a breakout ends."""
    jobs.COLLECT_METRICS.run(metrics_collector.collect_metrics)


@shared_task(name=TaskName.REREAD_DAYS, soft_time_limit=600, time_limit=660)
def reread_days() -> None:
    """Read whole days of all distributions, for the bytes that belong to no breakout."""
    jobs.REREAD_DAYS.run(metrics_collector.reread_days)


@shared_task(name=TaskName.LEDGER_ROLLUP, soft_time_limit=600, time_limit=660)
def ledger_rollup() -> None:
    jobs.LEDGER_ROLLUP.run(rollup.ledger_rollup)


@shared_task(name=TaskName.ESTIMATE_COSTS, soft_time_limit=600, time_limit=660)
def estimate_costs() -> None:
    """Record when encoders ran, and work out what the month has cost so far."""
    jobs.ESTIMATE_COSTS.run(month.estimate_costs)


@shared_task(name=TaskName.HAND_OVER_USAGE, soft_time_limit=600, time_limit=660)
def hand_over_usage() -> None:
    jobs.HAND_OVER_USAGE.run(handover.hand_over_usage)
