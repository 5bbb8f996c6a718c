"""Whether the timeline tells what happened: no gaps, nobody unnamed, every accepted call with its id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db import models

from channels_app.models import Breakout, Channel, SecurityGroup
from distributions.models import Distribution
from streamhub.lifecycle.models import Transition
from tests.scenarios.world import WorldUnderTest

TOLD: dict[str, type[models.Model]] = {
    model.KIND: model for model in (Breakout, Channel, Distribution, SecurityGroup)
}
WRITES = ("Create", "Update", "Start", "Stop", "Delete")


def wrongs() -> list[str]:
    """What is wrong with the timeline of any row, one sentence each."""
    found, told = [], _by_row()
    for (kind, pk), entries in told.items():
        found += [f"{kind} {pk}: {wrong}" for wrong in _of_row(kind, pk, entries)]
    rows = [
        (kind, pk)
        for kind, model in TOLD.items()
        for pk in model._default_manager.values_list("pk", flat=True)
    ]
    return found + [f"{kind} {pk} has no timeline" for kind, pk in rows if (kind, pk) not in told]


def _by_row() -> dict[tuple[str, int], list[Transition]]:
    found: defaultdict[tuple[str, int], list[Transition]] = defaultdict(list)
    for entry in Transition.objects.order_by("id"):
        found[entry.resource_type, entry.resource_id].append(entry)
    return dict(found)


def _of_row(kind: str, pk: int, entries: list[Transition]) -> Iterator[str]:
    state = ""
    for entry in entries:
        if entry.from_state != state:
            yield f"{state or 'nothing'} is followed by {entry.from_state or 'nothing'} to {entry.to_state}"
        if not (entry.who and entry.why):
            yield f"nobody, or no reason, for {entry.from_state} to {entry.to_state}"
        state = entry.to_state
    now = TOLD[kind]._default_manager.filter(pk=pk).values_list("state", flat=True).first() or "deleted"
    if now != state:
        yield f"it is {now}, and the timeline ends with {state}"


def unaccounted(world: WorldUnderTest, killed_at: int = 0) -> list[str]:
    """Writes that AWS accepted, whose answer arrived, and whose request id stands in no line.

    `killed_at`: the number of the call at which a worker was killed: it had heard the answers before.
    """
    heard = getattr(world.session, "heard", None)
    told = set(Transition.objects.exclude(aws_request_id="").values_list("aws_request_id", flat=True))
    return [
        f"{call['name']} (call {call['n']}) was accepted, and no line has its request id"
        for call in world.control.calls()
        if call["operation"].startswith(WRITES)
        and call["status"]
        and call["status"] < 300
        and (heard is None or call["request_id"] in heard or call["n"] < killed_at)
        and call["request_id"] not in told
    ]
