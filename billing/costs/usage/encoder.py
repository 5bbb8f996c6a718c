"""An hour of MediaLive, from the transitions of channels: what each show and what the rest of each run used.

A run is billed by the minute rounded up, ten minutes at least, for each start ("MediaLive pricing"). A show
has its own time on air, rounded up in the same way; the rest of the run is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from billing.costs.encoder import Part
from billing.costs.hours import hours_within
from billing.costs.phases import encoder_of_phase
from billing.costs.usage.calendar import HOUR
from billing.costs.usage.rows import RowKey, UsageFigure
from billing.costs.usage.runs import Run, Show
from billing.models import EncoderPhase
from billing.pricing.catalogue import INGEST, RUNNING_CHANNEL, Usage
from billing.usage_rows import UsageSource

ZERO = Decimal(0)
NO_PROFILE = "The channel was deleted before its profile was read, so what it ran with is not known."


def encoder_figures(runs: Iterable[Run], hour: datetime) -> list[UsageFigure]:
    """The rows of MediaLive of this hour. What ran with a profile that is not known has no quantity."""
    sums: dict[RowKey, UsageFigure] = {}
    for run in runs:
        for figure in _figures(run, hour):
            known = sums.get(figure.key)
            if known is not None and known.quantity is not None and figure.quantity is not None:
                figure = _figure(run.phase, figure.key, known.quantity + figure.quantity)
            sums[figure.key] = figure
    return list(sums.values())


def _figures(run: Run, hour: datetime) -> Iterator[UsageFigure]:
    phase, till = run.phase, hour + HOUR
    if not phase.running:
        hours = hours_within(phase.started_at, run.end, hour, till, run=False)
        parts = encoder_of_phase(phase).idle() if phase.profile else []
        yield from _parts(phase, "", parts, hours)
        return
    parts = [part for part in encoder_of_phase(phase).running() if part.usage != INGEST]
    shares = [(show.uid, _of_show(run, show, hour, till)) for show in run.shows]
    shares.append(("", max(ZERO, rest_until(run, till) - rest_until(run, hour))))
    for uid, hours in shares:
        if parts:
            yield from _parts(phase, uid, parts, hours)
        elif hours:
            yield _figure(phase, _key(phase, uid, RUNNING_CHANNEL), None)


def _of_show(run: Run, show: Show, since: datetime, till: datetime) -> Decimal:
    """Of its billed hours between the two moments those in this run: each hour counts in one."""
    begin, end = run.parts.get(show, (None, None))
    return hours_within(show.start, show.end, max(since, begin or since), min(till, end or till), run=True)


def rest_until(run: Run, moment: datetime) -> Decimal:
    """The billed hours of the run up to this moment less those of its shows; never below 0."""
    begin = run.phase.started_at
    billed = hours_within(begin, run.end, begin, moment, run=True) if moment > begin else ZERO
    shown = sum((_of_show(run, show, show.start, moment) for show in run.shows if moment > show.start), ZERO)
    return max(ZERO, billed - shown)


def _parts(phase: EncoderPhase, uid: str, parts: Iterable[Part], hours: Decimal) -> Iterator[UsageFigure]:
    if hours:
        for part in parts:
            yield _figure(phase, _key(phase, uid, part.usage), part.an_hour * hours)


def _key(phase: EncoderPhase, breakout_uid: str, usage: Usage) -> RowKey:
    return RowKey(usage.usage_type, phase.channel_uid, breakout_uid, phase.ml_channel_id)


def _figure(phase: EncoderPhase, key: RowKey, quantity: Decimal | None) -> UsageFigure:
    reason = NO_PROFILE if quantity is None else ""
    return UsageFigure(
        key,
        RUNNING_CHANNEL.service,
        RUNNING_CHANNEL.unit,
        phase.channel_name,
        quantity,
        UsageSource.TRANSITIONS,
        reason,
    )
