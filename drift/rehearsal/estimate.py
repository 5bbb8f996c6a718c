"""About what a rehearsal costs, from the price book, and how long it usually takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from billing.costs.hours import run_hours
from billing.costs.lines import CURRENCY, cost_of
from billing.costs.phases import encoder_of
from billing.pricing.services import price_book
from channels_app.models import Channel
from drift.rehearsal.deadlines import usual_minutes
from drift.rehearsal.outcome import Estimate
from drift.rehearsal.plan import Step
from streamhub.clock import database_now

# Not in the book: what is fetched once for a playlist, and the requests for it.
DELIVERY = "the delivery of one playlist"


def estimate(steps: Sequence[Step]) -> Estimate:
    """One channel of the default kind: a run of the least that MediaLive bills, and idle for the rest."""
    now, minutes = database_now(), usual_minutes(steps)
    encoder = encoder_of(Channel())
    runs = run_hours(now, now + timedelta(minutes=1))
    whole = max(Decimal(str(minutes[1])) / 60, runs)
    parts = [(part.usage, part.an_hour * runs) for part in encoder.running()]
    parts += [(part.usage, part.an_hour * (whole - runs)) for part in encoder.idle()]
    cost = cost_of(parts, price_book(), now)
    return Estimate(None if cost.unknown else cost.amount, CURRENCY, minutes, cost.leaves_out(DELIVERY))
