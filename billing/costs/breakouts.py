"""What a breakout costs: its encoder from each accepted start to IDLE seen, and its delivery.

Delivery is priced at the first step of a month's volume, so that a breakout's cost does not depend on others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.costs.encoder import Encoder
from billing.costs.hours import run_hours
from billing.costs.lines import CURRENCY, Cost, cost_of, joined
from billing.costs.now import delivery_parts
from billing.costs.phases import encoder_of, encoder_of_phase
from billing.costs.usage.sums import PACKAGED, ShowUsage, usage_of_shows
from billing.models import EncoderPhase
from billing.pricing.book import PriceBook
from billing.pricing.catalogue import STORAGE, Usage
from billing.pricing.services import price_book
from channels_app.airtime import Span, times_on_air
from channels_app.breakout_sync import encoding
from channels_app.models import Breakout
from channels_app.models.breakout import ON_AIR, UsageStatus
from streamhub.clock import database_now
from streamhub.translation import filled

LEAVES_OUT = (
    filled(_("%(title)s of its recordings from today on"), {"title": STORAGE.title}),
    _("the time in which its channel is idle or kept warm"),
    _("steps by volume: delivery is priced at the first"),
)


@dataclass(frozen=True)
class BreakoutCost:
    """`per_hour`: its encoder's cost an hour now; None when it is not on air. `open`: figures still grow.

    `assumed`: what was not measured, in phrases.
    """

    cost: Cost
    per_hour: Decimal | None
    open: bool
    assumed: tuple[str, ...] = ()
    currency: str = CURRENCY

    @property
    def leaves_out(self) -> list[str]:
        return self.cost.leaves_out(*self.assumed, *LEAVES_OUT)


def costs_of(
    rows: Sequence[Breakout], *, stored_in: tuple[datetime, datetime] | None = None
) -> dict[int, BreakoutCost]:
    """The cost of each of these breakouts that was on air. Seven queries, however many there are.

    Those whose attachments are prefetched are not read again. `stored_in`: of recordings only what was stored
    between these moments, the bounds of months; None: all until now.
    """
    now, book = database_now(), price_book()
    times = {row.pk: found for row in with_attachments(rows) if (found := times_on_air(row, now))}
    phases = phases_of(rows, times)
    usage = usage_of_shows([row.uid for row in rows if row.pk in times]) if times else defaultdict(ShowUsage)
    if stored_in is not None:
        for each in usage.values():
            each.stored = [part for part in each.stored if stored_in[0] <= part.month < stored_in[1]]
    return {
        row.pk: _cost(row, times[row.pk], phases.get(row.channel_uid, []), usage[row.uid], book, now)
        for row in rows
        if row.pk in times
    }


def with_attachments(rows: Sequence[Breakout]) -> Sequence[Breakout]:
    """The rows, with what `times_on_air` and `encoder_at` read of each."""
    prefetch_related_objects(list(rows), "attachments", "channel")
    return rows


def phases_of(rows: Sequence[Breakout], times: Mapping[int, Sequence[Span]]) -> dict[str, list[EncoderPhase]]:
    """By channel: its phases from the first to the last time on air of these breakouts, in order."""
    found: defaultdict[str, list[EncoderPhase]] = defaultdict(list)
    if times:
        since, till = min(each[0][0] for each in times.values()), max(each[-1][1] for each in times.values())
        phases = EncoderPhase.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=since),
            started_at__lte=till,
            channel_uid__in={row.channel_uid for row in rows},
        )
        for phase in phases.order_by("started_at", "pk"):
            found[phase.channel_uid].append(phase)
    return found


def encoder_at(row: Breakout, span: Span, phases: Sequence[EncoderPhase]) -> Encoder | None:
    """What MediaLive billed of the channel then; None: nobody knows any more."""
    for phase in phases:
        if phase.running and phase.profile and _is_in(phase, span):
            return encoder_of_phase(phase)
    return encoder_of(row.channel) if row.channel else None


def times_encoded(row: Breakout, times: Sequence[Span], phases: Sequence[EncoderPhase]) -> list[Span]:
    """The times on air without those in which its encoder is known not to have run: AWS refused the start.

    A show on air whose channel's run is not recorded yet has its time.
    """
    if row.state in ON_AIR and row.channel and encoding(row.channel):
        return [*times]
    return [span for span in times if not _idle_throughout(span, phases)]


def _idle_throughout(span: Span, phases: Sequence[EncoderPhase]) -> bool:
    if any(phase.running and _is_in(phase, span) for phase in phases):
        return False
    reached, begun = span[0], False
    for phase in phases:
        ended = phase.ended_at or span[1]
        if not phase.running and phase.started_at <= reached <= ended:
            reached, begun = ended, True
    return begun and reached >= span[1]


def _is_in(phase: EncoderPhase, span: Span) -> bool:
    return phase.started_at < span[1] and (phase.ended_at is None or phase.ended_at > span[0])


def _cost(
    row: Breakout,
    times: Sequence[Span],
    phases: Sequence[EncoderPhase],
    usage: ShowUsage,
    book: PriceBook,
    now: datetime,
) -> BreakoutCost:
    began, encoder = times[0][0], encoder_at(row, times[-1], phases)
    late = row.usage_late_bytes, row.usage_late_requests
    ran = [
        (span, list(_encoded(encoder_at(row, span, phases), span)))
        for span in times_encoded(row, times, phases)
    ]
    assumable = [part for _span, its in ran for part in its if part[0] in PACKAGED]
    assumable += delivery_parts(
        (row.usage_bytes_downloaded or 0) + late[0], (row.usage_requests or 0) + late[1]
    )
    parts, assumed = measured_parts(assumable, usage, times)
    encoded = [cost_of([part for part in its if part[0] not in PACKAGED], book, span[0]) for span, its in ran]
    stored = [cost_of([(STORAGE, each.quantity)], book, max(began, each.month)) for each in usage.stored]
    cost = joined([*encoded, cost_of(parts, book, began), *stored])
    per_hour = None
    if row.state in ON_AIR and encoder and row.channel and encoding(row.channel):
        an_hour = cost_of([(part.usage, part.an_hour) for part in encoder.running()], book, now)
        per_hour = None if an_hour.missing else an_hour.hourly
    is_open = row.state in ON_AIR or row.usage_status != UsageStatus.FINAL
    return BreakoutCost(cost, per_hour, is_open, tuple(assumed))


def _encoded(encoder: Encoder | None, span: Span) -> Iterator[tuple[Usage, Decimal]]:
    """What the encoder used in this time."""
    for part in encoder.running() if encoder else []:
        yield part.usage, part.an_hour * run_hours(*span)


def measured_parts(
    used: Sequence[tuple[Usage, Decimal]], usage: ShowUsage, times: Sequence[Span]
) -> tuple[list[tuple[Usage, Decimal]], list[str]]:
    """The quantities with what was measured of MediaPackage, and what stays assumed, in phrases.

    `used` has the assumption for all times; of it the part counts for which there is no measurement.
    """
    parts: list[tuple[Usage, Decimal]] = []
    assumed: list[str] = []
    quantities: defaultdict[Usage, Decimal] = defaultdict(Decimal)
    for each, quantity in used:
        quantities[each] += quantity
    for each in PACKAGED:
        measured = usage.packaged[each]
        share = measured.share_unknown(times)
        quantity = quantities.pop(each, Decimal(0)) * share + measured.quantity
        if share and quantity:
            assumed.append(
                gettext("%(title)s is assumed for %(share)s of the time, because it was not measured")
                % {"title": each.title, "share": f"{share:.0%}"}
            )
        if quantity or each in dict(used):
            parts.append((each, quantity))
    return [*quantities.items(), *parts], assumed


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
