"""What waits for its deletion: why, and when it will be gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from distributions import jobs, owners, reaper_rate
from distributions.models import Desired, Distribution, State
from distributions.operations import DISABLE
from distributions.owners import Ownership
from distributions.reaper_runs import run_under_way
from distributions.stale import REAPING, STALE, is_stale
from streamhub.clock import database_now
from streamhub.lifecycle import durations
from streamhub.lifecycle.expectation import span, usual
from streamhub.lifecycle.job_health import schedules
from streamhub.lifecycle.models import Listing
from streamhub.lifecycle.observe import confirm_seconds


class Reason(StrEnum):
    """Why a distribution that is to be deleted still exists."""

    DISABLING = "disabling"
    READY = "ready"
    QUEUED = "queued"
    NEEDS_PERSON = "needs_person"
    HELD = "held"


@dataclass(frozen=True)
class Forecast:
    """Why it waits, in a word and in a sentence, and when it will be gone; None: that cannot be said."""

    reason: Reason
    detail: str
    expected_gone_at: datetime | None = None


@dataclass(frozen=True)
class Pace:
    """What the forecasts depend on.

    `per_second`: deletions; None: not known. `next_run_at`: None if the job is switched off. `ahead`: rows
    that were handed to the workers. `confirming`: how long a list takes to show that one is gone.
    `disabling`: the seconds in which CloudFront usually deploys a disable, least and most.
    """

    now: datetime
    per_second: float | None
    next_run_at: datetime | None
    ahead: int
    confirming: timedelta
    disabling: tuple[float, float]

    def gone_at(self, place: int, ready_at: datetime | None = None) -> datetime | None:
        """When the row is gone that is ready then (None: now) and has `place` others before it."""
        if self.next_run_at is None or not self.per_second:
            return None
        starts = max(self.next_run_at, ready_at or self.now)
        return starts + timedelta(seconds=place / self.per_second) + self.confirming


def unwanted() -> QuerySet[Distribution]:
    """Everything that is to be deleted and still exists."""
    return Distribution.objects.filter(desired=Desired.DELETED, protected=False)


def pace() -> Pace:
    """The present pace. Seven queries."""
    now = database_now()
    state = reaper_rate.deletions()
    listing = Listing.objects.filter(key="distribution").first()
    handed = Q(REAPING, error_code="")
    rows = unwanted().aggregate(ahead=Count("pk", filter=handed), together=Count("pk", filter=handed | STALE))
    return Pace(
        now,
        state.per_second if state else None,
        now if run_under_way() else _next_tick(now),
        rows["ahead"],
        timedelta(seconds=confirm_seconds(listing.pages if listing else 1, rows["together"])),
        usual(durations.history(DISABLE).quantiles),
    )


def _next_tick(now: datetime) -> datetime | None:
    job = jobs.DELETE_STALE_DISTRIBUTIONS
    schedule, row = schedules().get(job.name), job.row()
    if schedule is None or not schedule.enabled or schedule.every is None:
        return None
    last = (row and row.started_at) or schedule.changed_at or now
    return max(now, last + schedule.every)


def forecasts(rows: Sequence[Distribution], present: Pace | None = None) -> Mapping[int, Forecast]:
    """The forecast of each of these unwanted rows, by its id, in a constant number of queries."""
    if not rows:
        return {}
    present = present or pace()
    ownerships = owners.owner().ownerships(rows)
    ready = sorted(row.pk for row in rows if is_stale(row))
    before = Distribution.objects.filter(STALE, pk__lt=ready[0]).count() if ready else 0
    places = {pk: present.ahead + before + n for n, pk in enumerate(ready)}
    return {row.pk: forecast(row, present, ownerships[row.pk], places.get(row.pk, 0)) for row in rows}


def forecast(row: Distribution, present: Pace, ownership: Ownership, place: int) -> Forecast:
    """The forecast of one row with `place` rows before it. A function of values."""
    if ownership.holds:
        names = ", ".join(ownership.holds)
        return Forecast(
            Reason.HELD, _("On air with %(names)s: it is deleted after the show.") % {"names": names}
        )
    if row.handed_over_at or row.error_needs_person or row.state == State.FAILED:
        return Forecast(Reason.NEEDS_PERSON, row.error_message or _("It was handed over to others."))
    if row.state == State.DELETING:
        return _queued(row, present)
    if not is_stale(row):
        detail = row.error_message or _("It is disabled first, which CloudFront deploys in %(span)s.") % {
            "span": span(*present.disabling)
        }
        disabled = row.state_since + timedelta(seconds=present.disabling[1])
        return Forecast(Reason.DISABLING, detail, present.gone_at(0, disabled))
    if present.next_run_at is None:
        return Forecast(Reason.READY, _("The reaper is switched off in the schedule. Press Run now."))
    return Forecast(
        Reason.READY, _("%(place)s are deleted before it.") % {"place": place}, present.gone_at(place)
    )


def _queued(row: Distribution, present: Pace) -> Forecast:
    if row.delete_accepted_at:
        detail = _("CloudFront accepted the deletion; the next list shows that it is gone.")
        return Forecast(Reason.QUEUED, detail, max(present.now, row.delete_accepted_at + present.confirming))
    detail = row.error_message or _("A worker deletes it when its turn comes.")
    return Forecast(
        Reason.QUEUED, detail, max(present.now, row.not_before or present.now) + present.confirming
    )
