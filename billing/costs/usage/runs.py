"""The phases of encoders in an hour, with the shows of their channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing.costs.breakouts import with_attachments
from billing.models import EncoderPhase
from channels_app.airtime import times_on_air
from channels_app.models import Breakout


@dataclass(frozen=True)
class Show:
    """A breakout's time on air: from an accepted start to IDLE seen, or now. One that was retried has two."""

    pk: int
    uid: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Run:
    """A phase that lasts or lasted until `end`, with its channel's shows from its beginning on, in order."""

    phase: EncoderPhase
    end: datetime
    shows: tuple[Show, ...]


def runs_between(start: datetime, end: datetime, now: datetime) -> list[Run]:
    """The phases, running and idle, of which some is between the two moments. Three queries."""
    phases = list(
        EncoderPhase.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=start) | Q(ended_at=start, started_at=start),
            started_at__lt=end,
        ).order_by("channel_uid", "started_at", "pk")
    )
    shows = _shows([phase for phase in phases if phase.running], end, now)
    return [Run(phase, phase.ended_at or now, _within(phase, shows)) for phase in phases]


def _shows(phases: Sequence[EncoderPhase], end: datetime, now: datetime) -> dict[str, list[Show]]:
    found: defaultdict[str, list[Show]] = defaultdict(list)
    if not phases:
        return found
    since = min(phase.started_at for phase in phases)
    rows = Breakout.objects.filter(
        Q(attachments__ended_at=None) | Q(attachments__ended_at__gte=since),
        attachments__started_at__lt=end,
        channel_uid__in={phase.channel_uid for phase in phases} - {""},
    ).distinct()
    for row in with_attachments(list(rows)):
        found[row.channel_uid] += (Show(row.pk, row.uid, *span) for span in times_on_air(row, now))
    for each in found.values():
        each.sort(key=lambda show: (show.start, show.pk))
    return found


def _within(phase: EncoderPhase, shows: dict[str, list[Show]]) -> tuple[Show, ...]:
    if not phase.running:
        return ()
    return tuple(
        show
        for show in shows.get(phase.channel_uid, ())
        if show.end >= phase.started_at and (phase.ended_at is None or show.start < phase.ended_at)
    )
