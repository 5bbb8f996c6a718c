"""Celery tasks: the collector and the roll-up."""

from celery import shared_task

from billing import handover, jobs, metrics_collector, price_list_reader, rollup, usage_collector
from billing.bills import bucket, uploads
from billing.costs import month
from billing.statements import making
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


@shared_task(name=TaskName.COLLECT_USAGE, soft_time_limit=600, time_limit=660)
def collect_usage() -> None:
    """Keep what services were used for, by hour and day."""
    jobs.COLLECT_USAGE.run(usage_collector.collect_usage)


@shared_task(name=TaskName.READ_PRICE_LIST, soft_time_limit=600, time_limit=660)
def read_price_list() -> None:
    """Read AWS's price list into the price book. Also sent by the button of the price book."""
    jobs.READ_PRICE_LIST.run(price_list_reader.read_price_list)


@shared_task(name=TaskName.HAND_OVER_USAGE, soft_time_limit=600, time_limit=660)
def hand_over_usage() -> None:
    jobs.HAND_OVER_USAGE.run(handover.hand_over_usage)


@shared_task(name=TaskName.MAKE_DRAFTS, soft_time_limit=6 * 3600, time_limit=6 * 3600 + 60)
def make_drafts() -> None:
    """Make and issue the statements that are too large for a request; six hours at most."""
    jobs.MAKE_DRAFTS.run(making.make_drafts)


@shared_task(name=TaskName.FETCH_BILLS, soft_time_limit=3000, time_limit=3060)
def fetch_bills() -> None:
    """Import what AWS delivered to the bucket, and allocate the last months anew."""
    jobs.FETCH_BILLS.run(bucket.fetch_bills)


@shared_task(name=TaskName.IMPORT_BILLS, soft_time_limit=3000, time_limit=3060)
def import_bills() -> None:
    """Import the files of AWS's bill that were uploaded."""
    jobs.IMPORT_BILLS.run(uploads.import_bills)
