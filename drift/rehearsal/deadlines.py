"""How long a step may take: from what was measured here, or else from the documented defaults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from distributions import jobs
from drift.rehearsal.plan import Step
from streamhub.lifecycle import durations
from streamhub.lifecycle.durations import History
from streamhub.lifecycle.job_health import schedules
from streamhub.lifecycle.look_plan import Quantiles

# From so many waits on that were seen here, they say more than the default.
MEASURED_FROM = 5
# The longest of twenty, and so many times that: AWS has slow days.
USUAL, TIMES = 0.95, 3.0
# For StreamHub's own pace, and for a worker or beat that is started again meanwhile.
SLACK_SECONDS = 120.0


def longest(history: History) -> float:
    """Seconds that the operation may take. A function of values."""
    if history.waits >= MEASURED_FROM:
        return TIMES * history.quantiles.at(USUAL)
    return history.operation.assumed.at(1)


def deadline(step: Step) -> float:
    """Seconds that the step may take."""
    own = step.lists * settings.FULL_OBSERVE_SECONDS + step.reaper * _reaper_every().total_seconds()
    return step.seconds + SLACK_SECONDS + own + sum(longest(history) for history in histories(step))


def histories(step: Step) -> list[History]:
    """What is known of the step's operations."""
    known = {operation.key: operation for operation in durations.operations()}
    return [durations.history(known[key]) for key in step.operations]


def usual_minutes(steps: Sequence[Step]) -> tuple[float, float]:
    """The minutes that these steps usually take, least and most."""
    of_all: list[Quantiles] = [history.quantiles for step in steps for history in histories(step)]
    waits = sum(step.reaper for step in steps) * _reaper_every().total_seconds() / 2
    low, high = (sum(each.at(share) for each in of_all) for share in (0.25, 0.75))
    return low / 60, (high + waits) / 60


def _reaper_every() -> timedelta:
    job = jobs.DELETE_STALE_DISTRIBUTIONS
    schedule = schedules().get(job.name)
    return (schedule and schedule.every) or timedelta(seconds=job.seconds())
