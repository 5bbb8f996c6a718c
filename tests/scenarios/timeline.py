"""Checks of the timeline: no gaps, an actor for every line, and a line for every accepted call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db import models

from channels_app.models import Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.lifecycle.models import Transition
from tests.scenarios.world import WorldUnderTest

MODELS: dict[str, type[models.Model]] = {
    model.KIND: model for model in (Breakout, Channel, Distribution, SecurityGroup)
}
WRITES = ("Create", "Update", "Change", "Start", "Stop", "Delete")


def wrongs() -> list[str]:
    """A sentence for each mistake in the timeline of any row."""
    sentences, timelines = [], _by_row()
    for (kind, pk), entries in timelines.items():
        sentences += [f"{kind} {pk}: {mistake}" for mistake in _of_row(kind, pk, entries)]
    rows = [
        (kind, pk)
        for kind, model in MODELS.items()
        for pk in model._default_manager.values_list("pk", flat=True)
    ]
    return sentences + [f"{kind} {pk} has no timeline" for kind, pk in rows if (kind, pk) not in timelines]


def _by_row() -> dict[tuple[str, int], list[Transition]]:
    timelines: defaultdict[tuple[str, int], list[Transition]] = defaultdict(list)
    for entry in Transition.objects.order_by("id"):
        timelines[entry.resource_type, entry.resource_id].append(entry)
    return dict(timelines)


def _of_row(kind: str, pk: int, entries: list[Transition]) -> Iterator[str]:
    state = ""
    for entry in entries:
        if entry.from_state != state:
            yield f"{state or 'nothing'} is followed by {entry.from_state or 'nothing'} to {entry.to_state}"
        if not (entry.who and entry.why):
            yield f"{entry.from_state} to {entry.to_state} has no actor or no reason"
        state = entry.to_state
    now = MODELS[kind]._default_manager.filter(pk=pk).values_list("state", flat=True).first() or "deleted"
    if now != state:
        yield f"it is {now}, and the timeline ends with {state}"


def unaccounted(world: WorldUnderTest, killed_at: int = 0) -> list[str]:
    """Writes that AWS accepted, whose answer arrived, and whose request id is in no line.

    `killed_at`: the number of the call at which a worker was killed. It had received the answers before.
    """
    received = getattr(world.session, "received", None)
    recorded = set(Transition.objects.exclude(aws_request_id="").values_list("aws_request_id", flat=True))
    return [
        f"{call['name']} (call {call['n']}) was accepted, and no line has its request id"
        for call in world.control.calls()
        if call["operation"].startswith(WRITES)
        and call["status"]
        and call["status"] < 300
        and (received is None or call["request_id"] in received or call["n"] < killed_at)
        and call["request_id"] not in recorded
    ]
