"""The database's clock and AWS's differ."""

from __future__ import annotations

from typing import Any

from tests.drills.clocks_support import shifted

TITLE = "AWS's Date is ten seconds ahead of the database's clock"
SECONDS = 10
ALARM_SECONDS = 60.0


def drill(world: Any) -> None:
    """The embedded AWS gets another clock; a worker notices it without a call of its own."""
    world.open(prefix={"embedded": shifted(SECONDS)})
    body = {"name": "stage", "allowed_cidrs": ["203.0.113.0/24"]}
    world.api().post("channels", body)
    query = "SELECT offset_ms, error_ms FROM lifecycle_clockoffset WHERE role = 'AWS'"
    beyond = f"{query} AND beyond_since IS NOT NULL"
    waited = world.wait(lambda: bool(world.rows(beyond)), "an alarm about the database", ALARM_SECONDS)
    offset, error = (world.rows(query) or [(0, 0)])[0]
    world.note("alarm, from when everything was up", waited)
    world.note("measured", f"{offset} ms, give or take {error} ms")
    world.check(abs(offset - SECONDS * 1000) <= error + 500, f"measured {offset} ms")
