"""What a breakout costs: its encoder from the accepted start to IDLE seen, and its delivery.

Delivery is priced at the first step of a month's volume, so that a breakout's cost does not depend on others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, prefetch_related_objects

from billing.costs.encoder import Encoder
from billing.costs.hours import run_hours
from billing.costs.lines import CURRENCY, Cost, cost_of, joined
from billing.costs.now import delivery_parts
from billing.costs.phases import encoder_of, encoder_of_phase
from billing.models import EncoderPhase
from billing.pricing.book import PriceBook
from billing.pricing.catalogue import STORAGE
from billing.pricing.services import price_book
from channels_app.breakout_sync import encoding
from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR, UsageStatus
from streamhub.clock import database_now

LEAVES_OUT = (
    f"{STORAGE.title} of its recordings",
    "the time in which its channel is idle or kept warm",
    "steps by volume: delivery is priced at the first",
)


@dataclass(frozen=True)
class BreakoutCost:
    """`per_hour`: its encoder's cost an hour now; None when it is not on air. `open`: figures still grow."""

    cost: Cost
    per_hour: Decimal | None
    open: bool
    currency: str = CURRENCY

    @property
    def leaves_out(self) -> list[str]:
        return self.cost.leaves_out(*LEAVES_OUT)


def costs_of(rows: Sequence[Breakout]) -> dict[int, BreakoutCost]:
    """The cost of each of these breakouts that was on air. Five queries, however many there are.

    Those whose attachments are prefetched are not read again.
    """
    now, book = database_now(), price_book()
    spans = {row.pk: span for row in with_attachments(rows) if (span := on_air(row, now))}
    phases = runs_of(rows, spans)
    return {
        row.pk: _cost(row, spans[row.pk], phases.get(row.channel_uid, []), book, now)
        for row in rows
        if row.pk in spans
    }


def with_attachments(rows: Sequence[Breakout]) -> Sequence[Breakout]:
    """The rows, with what `on_air` and `encoder_at` read of each."""
    prefetch_related_objects(list(rows), "attachments", "channel")
    return rows


def on_air(row: Breakout, now: datetime) -> tuple[datetime, datetime] | None:
    """From the accepted start to IDLE seen, or now; None: it was not on air."""
    attachments = row.attachments.all()
    starts = [attachment.started_at for attachment in attachments]
    starts += [row.session_started_at] if row.session_started_at else []
    if not starts:
        return None
    ends = [attachment.ended_at or now for attachment in attachments]
    ends += [row.session_ended_at] if row.session_ended_at else []
    start = min(starts)
    return start, max([now] if row.state in ON_AIR or not ends else ends)


def runs_of(
    rows: Sequence[Breakout], spans: dict[int, tuple[datetime, datetime]]
) -> dict[str, list[EncoderPhase]]:
    """By channel: its runs in the time of these breakouts."""
    found: defaultdict[str, list[EncoderPhase]] = defaultdict(list)
    if spans:
        since, till = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
        runs = EncoderPhase.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=since),
            started_at__lt=till,
            running=True,
            channel_uid__in={row.channel_uid for row in rows},
        )
        for run in runs:
            found[run.channel_uid].append(run)
    return found


def encoder_at(row: Breakout, span: tuple[datetime, datetime], runs: list[EncoderPhase]) -> Encoder | None:
    """What MediaLive billed of the channel then; None: nobody knows any more."""
    for run in runs:
        if run.profile and run.started_at < span[1] and (run.ended_at is None or run.ended_at > span[0]):
            return encoder_of_phase(run)
    return encoder_of(row.channel) if row.channel else None


def _cost(
    row: Breakout,
    span: tuple[datetime, datetime],
    runs: list[EncoderPhase],
    book: PriceBook,
    now: datetime,
) -> BreakoutCost:
    encoder = encoder_at(row, span, runs)
    hours = run_hours(*span)
    used = [(part.usage, part.an_hour * hours) for part in encoder.running()] if encoder else []
    late = row.usage_late_bytes, row.usage_late_requests
    delivered = delivery_parts(
        (row.usage_bytes_downloaded or 0) + late[0], (row.usage_requests or 0) + late[1]
    )
    cost = joined([cost_of(used, book, span[0]), cost_of(delivered, book, span[0])])
    per_hour = None
    if row.state in ON_AIR and encoder and row.channel and encoding(row.channel):
        an_hour = cost_of([(part.usage, part.an_hour) for part in encoder.running()], book, now)
        per_hour = None if an_hour.missing else an_hour.hourly
    is_open = row.state in ON_AIR or row.usage_status != UsageStatus.FINAL
    return BreakoutCost(cost, per_hour, is_open)


def set_costs(rows: Sequence[Any]) -> None:
    """Set `cost` of breakouts, as the API shows it; None: it was not on air, or nothing has a rate."""
    found = costs_of(rows)
    for row in rows:
        each = found.get(row.pk)
        row.cost = None if each is None or not each.cost.rates else _shown(each)


def _shown(each: BreakoutCost) -> dict[str, Any]:
    return {
        "amount": each.cost.amount,
        "currency": each.currency,
        "estimate": True,
        "per_hour": each.per_hour,
        "rates": [str(number) for number in each.cost.rates],
        "leaves_out": each.leaves_out,
    }
