"""When each channel's encoder ran and stood idle, from the transitions of channels.

A channel that failed or is being deleted is as it was before, until MediaLive says that it does not run, and
then that it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import F, Max, Q

from billing import jobs
from billing.costs.encoder import Encoder
from billing.models import EncoderPhase
from billing.usage_rows import PhaseCursor
from channels_app.breakout_sync import encoding, has_encoder
from channels_app.models import Channel
from channels_app.models.channel import PUSH_TYPES, State
from streamhub.clock import database_now, from_now
from streamhub.lifecycle.models import Transition

# Keys are given out before transactions commit, so a transition may appear after others with larger keys. It
# is read if it does so within `LATE`: what is younger is read each time. Those of one channel keep their
# order, because each is written with a lock on the channel's row; so its phases say what of it was read.
SETTLED = timedelta(seconds=30)  # until then it is left to the next time
LATE = timedelta(hours=1)
AT_ONCE = 5000

# What each state says of the encoder. FAILED and DELETING say nothing: such a channel runs or not, as before,
# until MediaLive says that it does not run.
_RUNNING = {State.STARTING: True, State.RUNNING: True, State.STOPPING: True, State.IDLE: False}
_NOTHING = (State.PENDING, State.PROVISIONING)
_AS_BEFORE = (State.FAILED, State.DELETING)


def encoder_of(channel: Channel) -> Encoder:
    """What MediaLive bills of the channel, as it is now."""
    inputs = max(1, len(channel.attached_inputs))
    return Encoder(
        profile=channel.encoding_profile,
        channel_class=channel.channel_class,
        record=channel.record,
        inputs=inputs,
        push_inputs=inputs if channel.input_type in PUSH_TYPES else 0,
    )


def encoder_of_phase(phase: EncoderPhase) -> Encoder:
    """What MediaLive billed of the channel in this phase."""
    return Encoder(phase.profile, phase.channel_class, phase.record, phase.inputs, phase.push_inputs)


def phases_record() -> int:
    """Add the phases of the transitions since the last time; returns how many began.

    Two jobs call it: one records at a time, and the other then goes on from there.
    """
    began, read, after = 0, AT_ONCE, None
    while read == AT_ONCE:
        with transaction.atomic():
            jobs.ESTIMATE_COSTS.lock()
            cursor = _cursor()
            after = cursor.transition if after is None else after
            rows = _next_transitions(after)
            read = len(rows)
            began += _record(rows)
            if after == cursor.transition:
                _move(cursor, rows)
            after = rows[-1].pk if rows else after
    return began + _stopped_record() + _inputs_record()


def _cursor() -> PhaseCursor:
    """Where to go on; without a row after the newest transition that began a phase."""
    cursor = PhaseCursor.objects.first()
    if cursor is None:
        last = EncoderPhase.objects.aggregate(last=Max("transition"))["last"] or 0
        cursor = PhaseCursor.objects.create(transition=last)
    return cursor


def _move(cursor: PhaseCursor, rows: list[Transition]) -> None:
    """Past those before which no other can appear any more. The rest is read again the next time."""
    limit = database_now() - LATE
    over = list(takewhile(lambda row: row.at < limit, rows))
    if over:
        cursor.transition = over[-1].pk
        cursor.save(update_fields=["transition"])


def _next_transitions(after: int) -> list[Transition]:
    rows = Transition.objects.filter(resource_type=Channel.KIND, pk__gt=after, at__lt=from_now(-SETTLED))
    return list(rows.exclude(from_state=F("to_state")).order_by("pk")[:AT_ONCE])


def _record(rows: list[Transition]) -> int:
    ids = {row.resource_id for row in rows}
    channels = Channel.objects.in_bulk(ids)
    phases = _last_phases(rows, ids)
    began = 0
    for row in rows:
        phase = phases.get(row.resource_id)
        if phase is not None and _was_read(row, phase):
            continue
        running = _RUNNING.get(State(row.to_state)) if row.to_state in State.values else None
        lasts = phase is not None and phase.ended_at is None
        ends = row.to_state in _NOTHING or (phase is not None and running not in (None, phase.running))
        if phase is not None and lasts and ends:
            _end(phase, row.at)
            lasts = False
        if not lasts and running is not None:
            phases[row.resource_id] = _begin(row, running, channels.get(row.resource_id))
            began += 1
    return began


def _last_phases(rows: list[Transition], ids: set[int]) -> dict[int, EncoderPhase]:
    """By channel: its newest phase, if that lasts or ended since the first of the rows."""
    if not rows:
        return {}
    recent = Q(ended_at=None) | Q(ended_at__gte=min(row.at for row in rows))
    phases = EncoderPhase.objects.filter(recent, channel_id__in=ids).order_by("transition")
    return {phase.channel_id: phase for phase in phases}


def _was_read(row: Transition, newest: EncoderPhase) -> bool:
    """Whether the channel's newest phase was begun or ended by the transition, or by one after it."""
    ended = newest.ended_at is not None and row.at <= newest.ended_at
    return ended or row.pk <= newest.transition


def _begin(
    row: Transition, running: bool, channel: Channel | None, at: datetime | None = None
) -> EncoderPhase:
    """A new phase, which begins with the transition, or later than that: `at`."""
    phase = EncoderPhase(
        channel_id=row.resource_id,
        channel_name=row.resource_name,
        transition=row.pk,
        running=running,
        started_at=at or row.at,
    )
    if channel is not None:
        encoder = encoder_of(channel)
        phase.channel_uid = channel.uid
        phase.profile, phase.channel_class = encoder.profile, encoder.channel_class
        phase.record, phase.inputs, phase.push_inputs = encoder.record, encoder.inputs, encoder.push_inputs
        phase.ml_channel_id, phase.mp_channel_id = channel.ml_channel_id, channel.mp_channel_id
    phase.save(force_insert=True)
    return phase


def _stopped_record() -> int:
    """End what is over of channels that failed or are being deleted; returns how many idle times begin there.

    MediaLive gave up a start or obeyed a stop, or its channel is gone. No transition says so.
    """
    began = 0
    with transaction.atomic():
        jobs.ESTIMATE_COSTS.lock()
        for channel, phase in _open_phases(Q(state__in=_AS_BEFORE, start_accepted_at=None)):
            if encoding(channel) or (has_encoder(channel) and not phase.running):
                continue
            seen = max(channel.state_since, channel.observed_at or channel.state_since)
            _end(phase, seen)
            if has_encoder(channel):
                _begin(_newest_transition(channel), False, channel, seen)
                began += 1
    return began


def _inputs_record() -> int:
    """Begin another idle time where a push input came or went since it began; returns how many.

    Nothing that the timeline says lies between: then it has had them from its beginning.
    """
    began = 0
    with transaction.atomic():
        jobs.ESTIMATE_COSTS.lock()
        for channel, phase in _open_phases(Q(state=State.IDLE)):
            encoder = encoder_of(channel)
            if phase.running or encoder.push_inputs == phase.push_inputs:
                continue
            newest, now = _newest_transition(channel), database_now()
            if newest.pk > phase.transition:
                _end(phase, now)
                _begin(newest, False, channel, now)
                began += 1
            else:
                phase.inputs, phase.push_inputs = encoder.inputs, encoder.push_inputs
                phase.save(update_fields=["inputs", "push_inputs"])
    return began


def _open_phases(condition: Q) -> list[tuple[Channel, EncoderPhase]]:
    """The phases that last of such channels, if all transitions of those were read."""
    lasting = EncoderPhase.objects.filter(ended_at=None)
    rows = Channel.objects.filter(
        condition, pk__in=lasting.values("channel_id"), state_since__lt=from_now(-2 * SETTLED)
    )
    phases = {phase.channel_id: phase for phase in lasting}
    return [(row, phases[row.pk]) for row in rows.order_by("pk") if row.pk in phases]


def _end(phase: EncoderPhase, at: datetime) -> None:
    phase.ended_at = max(at, phase.started_at)
    phase.save(update_fields=["ended_at"])


def _newest_transition(channel: Channel) -> Transition:
    """The last thing that its timeline says, so that what was read stays read."""
    return Transition.objects.filter(resource_type=Channel.KIND, resource_id=channel.pk).latest("pk")


def phases_end_of_deleted() -> int:
    """End the phases of channels that are gone without a transition that said so, at their last one."""
    living = Channel.objects.values("pk")
    gone: Iterable[EncoderPhase] = EncoderPhase.objects.filter(ended_at=None).exclude(channel_id__in=living)
    count = 0
    for phase in gone:
        rows = Transition.objects.filter(resource_type=Channel.KIND, resource_id=phase.channel_id)
        last = rows.order_by("-id").first()
        _end(phase, last.at if last else phase.started_at)
        count += 1
    return count
