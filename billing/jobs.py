"""The periodic jobs of billing."""

from django.conf import settings

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

LEASE_SECONDS = 180

COLLECT_METRICS = PeriodicJob(
    "collect_metrics",
    TaskName.COLLECT_METRICS,
    lambda: settings.METRICS_SECONDS,
    purpose="collect the bytes that CloudFront delivered",
    lease_seconds=LEASE_SECONDS,
)
# Hourly, so that a lost run delays a day's figures by an hour only; it reads the days that are missing.
REREAD_DAYS = PeriodicJob(
    "reread_days",
    TaskName.REREAD_DAYS,
    lambda: 3600,
    purpose="read whole days again, for bytes that came late",
    lease_seconds=LEASE_SECONDS,
)
LEDGER_ROLLUP = PeriodicJob(
    "ledger_rollup",
    TaskName.LEDGER_ROLLUP,
    lambda: 30 * 24 * 3600,
    purpose="sum up old minutes of the ledger",
    lease_seconds=LEASE_SECONDS,
    required=False,
)
ESTIMATE_COSTS = PeriodicJob(
    "estimate_costs",
    TaskName.ESTIMATE_COSTS,
    lambda: 300,
    purpose="work out what the month has cost",
    lease_seconds=LEASE_SECONDS,
    required=False,
)

# For customers that were corrected: what is written with figures is told at once.
HAND_OVER_USAGE = PeriodicJob(
    "hand_over_usage",
    TaskName.HAND_OVER_USAGE,
    lambda: 3600,
    purpose="tell webhook endpoints whose usage it is when a customer was corrected",
    lease_seconds=LEASE_SECONDS,
    required=False,
)

PERIODIC_JOBS = (COLLECT_METRICS, REREAD_DAYS, LEDGER_ROLLUP, ESTIMATE_COSTS, HAND_OVER_USAGE)
