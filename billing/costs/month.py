"""What this month has cost so far, and how much of the budget that is: the job *estimate_costs*."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum

from billing.costs.hours import hours_within
from billing.costs.lines import CURRENCY, Cost, cost_of, joined
from billing.costs.now import delivery_parts
from billing.costs.phases import encoder_of_phase, phases_end_of_deleted, phases_record
from billing.models import EncoderPhase, LedgerMinute, MonthCost
from billing.pricing.book import PriceBook
from billing.pricing.catalogue import GB, HOURS_A_MONTH, STORAGE
from billing.pricing.services import price_book
from recordings.models import Recording
from streamhub.clock import database_now
from streamhub.lifecycle.lease import JobRun

LEVELS = (100, 80, 50)  # percent of the budget, highest first
HOUR = timedelta(hours=1)


def estimate_costs(run: JobRun) -> None:
    """Record the phases of encoders, and work out the month's cost."""
    began = phases_record()
    phases_end_of_deleted()
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

    Delivery has the month's steps by volume. Storage is what is stored now, for the month's hours so far.
    """
    since = month_start(now)
    costs = [_phase_cost(phase, since, now, book) for phase in _phases(since, now)]
    rows = LedgerMinute.objects.filter(minute__gte=since, minute__lt=now)
    sums = rows.aggregate(b=Sum("bytes_downloaded"), r=Sum("requests"))
    costs.append(cost_of(delivery_parts(sums["b"] or 0, sums["r"] or 0), book, now))
    stored = Recording.objects.aggregate(total=Sum("size_bytes"))["total"] or 0
    if stored:
        months = Decimal((now - since) // HOUR) / HOURS_A_MONTH
        costs.append(cost_of([(STORAGE, Decimal(stored) / GB * months)], book, now))
    return joined(costs)


def _phases(since: datetime, now: datetime) -> list[EncoderPhase]:
    open_or_later = Q(ended_at=None) | Q(ended_at__gte=since)
    return list(EncoderPhase.objects.filter(open_or_later, started_at__lt=now).order_by("pk"))


def _phase_cost(phase: EncoderPhase, since: datetime, now: datetime, book: PriceBook) -> Cost:
    end = phase.ended_at or now
    hours = hours_within(phase.started_at, end, since, now, run=phase.running)
    if not hours or not phase.profile:
        return Cost(())
    encoder = encoder_of_phase(phase)
    parts = encoder.running() if phase.running else encoder.idle()
    return cost_of([(part.usage, part.an_hour * hours) for part in parts], book, max(since, phase.started_at))


def month_of(now: datetime) -> date:
    return month_start(now).date()
