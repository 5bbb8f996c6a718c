"""Points at which somebody gives all of our resources to another team, just before a call is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.handing_over import KINDS, resources
from tests.scenarios.measures import KNOWN_BY
from tests.scenarios.world import WorldUnderTest

if TYPE_CHECKING:
    from tests.matrix.flows import Flow

TAKE = "handed_over"
# The flows that stop, disable or delete, and a show that is on its way or on air.
FLOWS_TAKEN = ("channel_delete", "channel_start", "channel_stop", "distribution_detach", "distribution_reap")
ROUNDS = 12
_IRREVERSIBLE = (":Delete", ":Update", ":Stop")


def work_in_vain(world: WorldUnderTest, flow: Flow) -> None:
    """Rounds of work, as long as anything could still be done to what was taken."""
    for _ in range(ROUNDS):
        flow.meanwhile(world)
        flow.round(world)
        if flow.reaps:
            world.reap()
    world.observe()
    world.step_all()


def failures(world: WorldUnderTest, call: int) -> list[str]:
    """What was done to resources after they were taken before this call, and rows that do not say so."""
    after = world.control.calls()[call:]
    wrong = [
        f"{entry['name']} after the handing over"
        for entry in after
        if any(word in entry["name"] for word in _IRREVERSIBLE) and not entry["error"]
    ]
    for kind, (service, group, _) in KINDS.items():
        model, column = KNOWN_BY[f"{service} {group}"]
        for item in resources(world, kind):
            if item.get("deleting") or item.get("state") == "DELETING":
                continue
            aws_id = item.get("Id") or item["id"]
            row = model._default_manager.filter(**{column: aws_id}).first()
            if row is None:
                wrong.append(f"no row knows the {kind} {aws_id} any more")
            elif (row.error_code, row.error_needs_person, row.handed_over_at is None) != (TAKE, True, False):
                wrong.append(f"the row of the {kind} shows {row.error_code!r}")
    return wrong
