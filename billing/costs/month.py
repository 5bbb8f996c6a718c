"""What this month has cost so far, and how much of the budget that is: the job *estimate_costs*."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum

from billing.billed_resources import resources_record
from billing.costs.delivered import bytes_by_hour, delivered_between
from billing.costs.hours import hours_within
from billing.costs.lines import CURRENCY, Cost, cost_of, joined
from billing.costs.now import delivery_parts, origination_of
from billing.costs.phases import encoder_of_phase, phases_end_of_deleted, phases_record
from billing.costs.usage.sums import packaged_between
from billing.models import EncoderPhase, MonthCost
from billing.pricing.book import PriceBook
from billing.pricing.catalogue import GB, HOURS_A_MONTH, INGEST, ORIGINATION, STORAGE, Usage
from billing.pricing.services import price_book
from billing.usage_rows import ServiceUsage
from billing.usage_window import floor_to
from recordings.models import Recording
from streamhub.clock import database_now
from streamhub.lifecycle.lease import JobRun

LEVELS = (100, 80, 50)  # percent of the budget, highest first
HOUR = timedelta(hours=1)


def estimate_costs(run: JobRun) -> None:
    """Record the phases of encoders, and work out the month's cost."""
    began = phases_record()
    phases_end_of_deleted()
    resources_record()
    row = month_work_out(database_now())
    run.say(f"{row.month:%Y-%m} so far: {row.amount} {row.currency}; phases new: {began}")


def month_start(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_work_out(now: datetime) -> MonthCost:
    """Work out and store what the month of `now` has cost until now."""
    cost = month_cost(now, price_book())
    month = month_start(now).date()
    before = MonthCost.objects.filter(month=month).first()
    level = level_of(cost.amount, settings.MONTHLY_BUDGET)
    since = before.level_since if before and before.level == level else now if level else None
    row, _created = MonthCost.objects.update_or_create(
        month=month,
        defaults={
            "currency": CURRENCY,
            "amount": cost.amount,
            "lines": lines_of(cost),
            "worked_out_at": now,
            "level": level,
            "level_since": since,
        },
    )
    return row


def level_of(amount: Decimal, budget: int | None) -> int:
    """The highest level (percent of the budget) that the amount has reached; 0: none, or no budget."""
    if budget is None:
        return 0
    return next((level for level in LEVELS if amount * 100 >= level * Decimal(budget)), 0)


def lines_of(cost: Cost) -> list[dict[str, Any]]:
    """The lines as `MonthCost` stores them."""
    return [
        {
            "what": line.usage.title,
            "quantity": line.shown_quantity,
            "unit": line.usage.unit.words,
            "amount": None if line.amount is None else format(line.amount.quantize(Decimal("0.0001")), "f"),
            "rate": line.rate.number if line.rate else None,
            "verified": line.rate.verified if line.rate else None,
        }
        for line in cost.lines
    ]


def month_cost(now: datetime, book: PriceBook) -> Cost:
    """The month's cost until `now`. Runs are priced by the rate at their start, the rest by today's.

    Delivery has the month's steps by volume. MediaPackage is as measured, where it was, otherwise as assumed.
    """
    since = month_start(now)
    measured = packaged_between(since, now)
    known = measured[INGEST][1]
    costs = [_phase_cost(phase, since, now, book, known) for phase in _phases(since, now)]
    sums = delivered_between(since, now)
    delivered = delivery_parts(sums.bytes_downloaded, sums.requests)
    costs.append(cost_of([part for part in delivered if part[0] != ORIGINATION], book, now))
    hours = {hour for _channel, hour in measured[ORIGINATION][1]}
    unmeasured = sums.bytes_downloaded - _bytes_in(since, now, hours)
    origin = measured[ORIGINATION][0] + origination_of(unmeasured)
    packaged = [(INGEST, measured[INGEST][0]), (ORIGINATION, origin)]
    costs.append(cost_of([part for part in packaged if part[1]], book, now))
    costs.append(cost_of(_stored(since, now), book, now))
    return joined(costs)


def _bytes_in(since: datetime, till: datetime, hours: set[datetime]) -> int:
    """CloudFront's bytes of these hours. No query if there are none."""
    if not hours:
        return 0
    return sum(size for hour, size in bytes_by_hour(since, till).items() if hour in hours)


def _stored(since: datetime, now: datetime) -> list[tuple[Usage, Decimal]]:
    """The rows of storage; without any, what is stored now for the month's hours so far."""
    rows = ServiceUsage.objects.filter(usage_type=STORAGE.usage_type, start__gte=since, start__lt=now)
    total = rows.aggregate(total=Sum("quantity"))["total"]
    if total is None:
        stored = Recording.objects.stored().aggregate(total=Sum("size_bytes"))["total"] or 0
        total = Decimal(stored) / GB * Decimal((now - since) // HOUR) / HOURS_A_MONTH
    return [(STORAGE, total)] if total else []


def _phases(since: datetime, now: datetime) -> list[EncoderPhase]:
    open_or_later = Q(ended_at=None) | Q(ended_at__gte=since)
    return list(EncoderPhase.objects.filter(open_or_later, started_at__lt=now).order_by("pk"))


def _phase_cost(
    phase: EncoderPhase, since: datetime, now: datetime, book: PriceBook, known: set[tuple[str, datetime]]
) -> Cost:
    """Without what was measured of MediaPackage: `known` has the channels and hours of that."""
    end = phase.ended_at or now
    hours = hours_within(phase.started_at, end, since, now, run=phase.running)
    if not hours or not phase.profile:
        return Cost(())
    encoder = encoder_of_phase(phase)
    if not phase.running:
        parts = [(part.usage, part.an_hour * hours) for part in encoder.idle()]
    else:
        unmeasured = max(Decimal(0), hours - _hours_of(phase, end, since, known))
        parts = [
            (part.usage, part.an_hour * (unmeasured if part.usage == INGEST else hours))
            for part in encoder.running()
        ]
    return cost_of([part for part in parts if part[1]], book, max(since, phase.started_at))


def _hours_of(
    phase: EncoderPhase, end: datetime, since: datetime, known: set[tuple[str, datetime]]
) -> Decimal:
    """How many of the run's hours are known, what it is rounded up by included."""
    hour, total = floor_to(max(since, phase.started_at), 3600), Decimal(0)
    while known and hour < end:
        if (phase.channel_uid, hour) in known:
            total += hours_within(phase.started_at, end, hour, hour + HOUR, run=True)
        hour += HOUR
    return total


def month_of(now: datetime) -> date:
    return month_start(now).date()
