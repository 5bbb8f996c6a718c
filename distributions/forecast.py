"""What waits for its deletion: why, and when it will be gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
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
from streamhub.lifecycle.observe import CONFIRMED_BY_A_PAGE, confirm_seconds
from streamhub.quotas import places

LIST = "distribution"


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

    `per_second`: deletions; None: not known. `next_run_at`: now while a run is under way. `tick_at`: when the
    job comes next by itself, `every` so long; None: it is switched off. `listed_at`: when the last complete
    list began; what is disabled is looked at every `listing` from then on. `ahead`: rows that were handed to
    the workers. `confirming`: how long a list takes to show that one is gone. `disabling`: the seconds in
    which CloudFront usually deploys a disable, least and most.
    """

    now: datetime
    per_second: float | None
    next_run_at: datetime | None
    tick_at: datetime | None
    every: timedelta
    listed_at: datetime | None
    listing: timedelta
    ahead: int
    confirming: timedelta
    disabling: tuple[float, float]

    def gone_at(self, place: int) -> datetime | None:
        """When the row is gone that is stale now and has `place` others before it."""
        return self._deleted_from(self.next_run_at, place)

    def gone_after_disable(self, deployed_at: datetime) -> datetime | None:
        """When the row is gone whose disable is deployed then: a list shows that, and then a run begins."""
        if self.tick_at is None:
            return None
        deployed_at = max(deployed_at, self.now)
        seen_at = _turn_after(deployed_at, self.listed_at, self.listing) if self.listed_at else deployed_at
        return self._deleted_from(_turn_after(seen_at, self.tick_at, self.every), 0)

    def _deleted_from(self, starts: datetime | None, place: int) -> datetime | None:
        if starts is None or not self.per_second:
            return None
        return starts + timedelta(seconds=place / self.per_second) + self.confirming


def _turn_after(moment: datetime, turn: datetime, every: timedelta) -> datetime:
    """The first turn at `moment` or later, of those that come `every` so long from `turn` on."""
    return turn + max(0, -((turn - moment) // every)) * every


def unwanted() -> QuerySet[Distribution]:
    """Everything that is to be deleted and still exists."""
    return Distribution.objects.filter(desired=Desired.DELETED, protected=False)


def pace() -> Pace:
    """The present pace. Eight queries."""
    now = database_now()
    state = reaper_rate.deletions()
    listing = Listing.objects.filter(key=LIST).first()
    pages = listing.pages if listing else 1
    handed = Q(REAPING, error_code="")
    rows = unwanted().aggregate(ahead=Count("pk", filter=handed), together=Count("pk", filter=handed | STALE))
    # While others wait for the places that these free, lists are read as often as anything is observed.
    hurried = places.waits_for(LIST)
    together = pages * CONFIRMED_BY_A_PAGE if hurried else rows["together"]
    tick_at, every = _next_tick(now)
    return Pace(
        now,
        state.per_second if state else None,
        now if run_under_way() else tick_at,
        tick_at,
        every,
        listing.listed_at if listing else None,
        timedelta(seconds=settings.OBSERVE_SECONDS if hurried else settings.FULL_OBSERVE_SECONDS),
        rows["ahead"],
        timedelta(seconds=confirm_seconds(pages, together)),
        usual(durations.history(DISABLE).quantiles),
    )


def _next_tick(now: datetime) -> tuple[datetime | None, timedelta]:
    """When the job comes next (None: it is switched off), and its period."""
    job = jobs.DELETE_STALE_DISTRIBUTIONS
    schedule, row = schedules().get(job.name), job.row()
    if schedule is None or not schedule.enabled or schedule.every is None:
        return None, timedelta(seconds=job.seconds())
    last = (row and row.started_at) or schedule.changed_at or now
    return max(now, last + schedule.every), schedule.every


def forecasts(rows: Sequence[Distribution], present: Pace | None = None) -> Mapping[int, Forecast]:
    """The forecast of each of these unwanted rows, by its id, in a constant number of queries."""
    if not rows:
        return {}
    present = present or pace()
    ownerships = owners.owner().ownerships(rows)
    ready = sorted(row.pk for row in rows if is_stale(row))
    before = Distribution.objects.filter(STALE, pk__lt=ready[0]).count() if ready else 0
    place_of = {pk: present.ahead + before + n for n, pk in enumerate(ready)}
    return {row.pk: forecast(row, present, ownerships[row.pk], place_of.get(row.pk, 0)) for row in rows}


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
        deployed_at = row.state_since + timedelta(seconds=present.disabling[1])
        return Forecast(Reason.DISABLING, detail, present.gone_after_disable(deployed_at))
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
