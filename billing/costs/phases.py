"""When each channel's encoder ran and stood idle, from the transitions of channels."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Max

from billing.costs.encoder import Encoder
from billing.models import EncoderPhase
from channels_app.models import Channel
from channels_app.models.channel import PUSH_TYPES, State
from streamhub.clock import from_now
from streamhub.lifecycle.models import Transition

# A transaction that began earlier may still bring a transition with a smaller key.
SETTLED = timedelta(seconds=30)
AT_ONCE = 5000

# What each state says of the encoder. FAILED says nothing: a failed channel may run or not, as before.
_RUNNING = {State.STARTING: True, State.RUNNING: True, State.STOPPING: True, State.IDLE: False}
_NOTHING = (State.PENDING, State.PROVISIONING, State.DELETING)


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
    """Add the phases of the transitions since the last time; returns how many began."""
    began = 0
    while rows := _next_transitions():
        began += _record(rows)
        if len(rows) < AT_ONCE:
            break
    return began


def _next_transitions() -> list[Transition]:
    last = EncoderPhase.objects.aggregate(last=Max("transition"))["last"] or 0
    rows = Transition.objects.filter(resource_type=Channel.KIND, pk__gt=last, at__lt=from_now(-SETTLED))
    return list(rows.exclude(from_state=F("to_state")).order_by("pk")[:AT_ONCE])


@transaction.atomic
def _record(rows: list[Transition]) -> int:
    ids = {row.resource_id for row in rows}
    channels = Channel.objects.in_bulk(ids)
    open_phases = {
        row.channel_id: row for row in EncoderPhase.objects.filter(channel_id__in=ids, ended_at=None)
    }
    began = 0
    for row in rows:
        phase = open_phases.get(row.resource_id)
        running = _RUNNING.get(State(row.to_state)) if row.to_state in State.values else None
        ends = row.to_state in _NOTHING or (phase is not None and running not in (None, phase.running))
        if phase is not None and ends:
            phase.ended_at = max(row.at, phase.started_at)
            phase.save(update_fields=["ended_at"])
            phase = open_phases.pop(row.resource_id) and None
        if phase is None and running is not None:
            open_phases[row.resource_id] = _begin(row, running, channels.get(row.resource_id))
            began += 1
    return began


def _begin(row: Transition, running: bool, channel: Channel | None) -> EncoderPhase:
    phase = EncoderPhase(
        channel_id=row.resource_id,
        channel_name=row.resource_name,
        transition=row.pk,
        running=running,
        started_at=row.at,
    )
    if channel is not None:
        encoder = encoder_of(channel)
        phase.channel_uid = channel.uid
        phase.profile, phase.channel_class = encoder.profile, encoder.channel_class
        phase.record, phase.inputs, phase.push_inputs = encoder.record, encoder.inputs, encoder.push_inputs
    phase.save(force_insert=True)
    return phase


def phases_end_of_deleted() -> int:
    """End the phases of channels that are gone without a transition that said so, at their last one."""
    living = Channel.objects.values("pk")
    gone: Iterable[EncoderPhase] = EncoderPhase.objects.filter(ended_at=None).exclude(channel_id__in=living)
    count = 0
    for phase in gone:
        rows = Transition.objects.filter(resource_type=Channel.KIND, resource_id=phase.channel_id)
        last = rows.order_by("-id").first()
        phase.ended_at = max(last.at, phase.started_at) if last else phase.started_at
        phase.save(update_fields=["ended_at"])
        count += 1
    return count
