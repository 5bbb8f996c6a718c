"""The phases of encoders in an hour, with the shows of their channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from billing.costs.breakouts import with_attachments
from billing.models import EncoderPhase
from channels_app.airtime import times_on_air
from channels_app.models import Breakout

Part = tuple[datetime | None, datetime | None]


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
    # Of those that several runs have, because the channel failed and was started again at once: their time in
    # this one, from the end of the run before (None: from theirs) to its own (None: to theirs).
    parts: Mapping[Show, Part] = field(default_factory=dict)


def runs_between(start: datetime, end: datetime, now: datetime) -> list[Run]:
    """The phases, running and idle, of which some is between the two moments. Five queries at most."""
    phases = list(
        EncoderPhase.objects.filter(
            Q(ended_at=None) | Q(ended_at__gt=start) | Q(ended_at=start, started_at=start),
            started_at__lt=end,
        ).order_by("channel_uid", "started_at", "pk")
    )
    running = [phase for phase in phases if phase.running]
    shows = _shows(running, end, now)
    theirs = _runs_of(running, shows)
    return [
        Run(phase, phase.ended_at or now, its, {show: _part(phase, theirs[show]) for show in its})
        for phase in phases
        for its in [_within(phase, shows)]
    ]


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


def _runs_of(
    running: Sequence[EncoderPhase], shows: Mapping[str, Sequence[Show]]
) -> dict[Show, list[EncoderPhase]]:
    """By show: the runs in which it was on air, in order, also those that were over before."""
    found: defaultdict[Show, list[EncoderPhase]] = defaultdict(list)
    first = min((show.start for its in shows.values() for show in its), default=None)
    if first is None:
        return found
    before = EncoderPhase.objects.filter(
        running=True,
        ended_at__gt=first,
        started_at__lt=max(phase.started_at for phase in running),
        channel_uid__in={phase.channel_uid for phase in running},
    ).exclude(pk__in=[phase.pk for phase in running])
    for phase in sorted([*before, *running], key=lambda phase: (phase.started_at, phase.pk)):
        for show in _within(phase, shows):
            found[show].append(phase)
    return found


def _part(phase: EncoderPhase, runs: Sequence[EncoderPhase]) -> Part:
    place = runs.index(phase)
    return (runs[place - 1].ended_at if place else None, phase.ended_at if phase != runs[-1] else None)


def _within(phase: EncoderPhase, shows: Mapping[str, Sequence[Show]]) -> tuple[Show, ...]:
    if not phase.running:
        return ()
    return tuple(
        show
        for show in shows.get(phase.channel_uid, ())
        if show.end >= phase.started_at and (phase.ended_at is None or show.start < phase.ended_at)
    )
