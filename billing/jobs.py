"""The periodic jobs of billing."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from streamhub.lifecycle.periodic import PeriodicJob
from streamhub.task_names import TaskName

LEASE_SECONDS = 180

COLLECT_METRICS = PeriodicJob(
    "collect_metrics",
    TaskName.COLLECT_METRICS,
    lambda: settings.METRICS_SECONDS,
    purpose=_("collect the bytes that CloudFront delivered"),
    lease_seconds=LEASE_SECONDS,
)
# Hourly, so that a lost run delays a day's figures by an hour only; it reads the days that are missing.
REREAD_DAYS = PeriodicJob(
    "reread_days",
    TaskName.REREAD_DAYS,
    lambda: 3600,
    purpose=_("read whole days again, for bytes that came late"),
    lease_seconds=LEASE_SECONDS,
)
LEDGER_ROLLUP = PeriodicJob(
    "ledger_rollup",
    TaskName.LEDGER_ROLLUP,
    lambda: 30 * 24 * 3600,
    purpose=_("sum up old minutes of the ledger"),
    lease_seconds=LEASE_SECONDS,
    required=False,
)
ESTIMATE_COSTS = PeriodicJob(
    "estimate_costs",
    TaskName.ESTIMATE_COSTS,
    lambda: 300,
    purpose=_("work out what the month has cost"),
    lease_seconds=LEASE_SECONDS,
    required=False,
)
COLLECT_USAGE = PeriodicJob(
    "collect_usage",
    TaskName.COLLECT_USAGE,
    lambda: 600,
    purpose=_("keep what MediaLive, MediaPackage and S3 were used for, for costs"),
    lease_seconds=LEASE_SECONDS,
    required=False,
)
READ_PRICE_LIST = PeriodicJob(
    "read_price_list",
    TaskName.READ_PRICE_LIST,
    lambda: 7 * 24 * 3600,
    purpose=_("read AWS's price list, if its API can be reached"),
    lease_seconds=LEASE_SECONDS,
    required=False,
)

# For customers that were corrected: what is written with figures is told at once.
HAND_OVER_USAGE = PeriodicJob(
    "hand_over_usage",
    TaskName.HAND_OVER_USAGE,
    lambda: 3600,
    purpose=_("tell webhook endpoints whose usage it is when a customer was corrected"),
    lease_seconds=LEASE_SECONDS,
    required=False,
)

# Asked for when there is one to make; the period is for what a dead worker has left.
MAKE_DRAFTS = PeriodicJob(
    "make_drafts",
    TaskName.MAKE_DRAFTS,
    lambda: 60,
    purpose=_("make and issue large statements"),
    lease_seconds=LEASE_SECONDS,
    required=False,
    long=True,
)

# AWS delivers a month's bill up to three times a day; a look is one list.
FETCH_BILLS = PeriodicJob(
    "fetch_bills",
    TaskName.FETCH_BILLS,
    lambda: 6 * 3600,
    purpose=_("import new versions of AWS's bill, and allocate it anew"),
    lease_seconds=3600,
    required=False,
    long=True,
)

# Asked for when a file was uploaded; the period is for what a dead worker has left.
IMPORT_BILLS = PeriodicJob(
    "import_bills",
    TaskName.IMPORT_BILLS,
    lambda: 60,
    purpose=_("import the files of AWS's bill that were uploaded"),
    lease_seconds=3600,
    required=False,
    long=True,
)

PERIODIC_JOBS = (
    COLLECT_METRICS,
    REREAD_DAYS,
    LEDGER_ROLLUP,
    ESTIMATE_COSTS,
    COLLECT_USAGE,
    READ_PRICE_LIST,
    HAND_OVER_USAGE,
    MAKE_DRAFTS,
    FETCH_BILLS,
    IMPORT_BILLS,
)
