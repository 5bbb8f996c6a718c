"""The database's writer dies during a show and its standby is promoted."""

from __future__ import annotations

import time

from tests.drills.database_reader import AFTER_SECONDS, READER_SECONDS, measure, time_until
from tests.drills.redis_failover import SWEPT
from tests.drills.traffic import at_work
from tests.drills.world import World

TITLE = "the database's writer dies, its standby is read and then promoted"


def drill(world: World) -> None:
    """Sessions opened on the standby become sessions of the writer when it is promoted."""
    world.open()
    show = world.show("stage")
    with at_work(world, show) as traffic:
        time.sleep(2)
        world.database.writer.kill()
        world.database.to_reader()
        world.say("the writer is dead, the address leads to the standby")
        time.sleep(READER_SECONDS)
        world.database.promote()
        returned, at = time.monotonic(), world.rows("SELECT clock_timestamp()")[0][0]
        world.say("the standby is promoted")
        workers = time_until(world, SWEPT, at)
        beat = time_until(
            world, "SELECT count(*) FROM lifecycle_heartbeat WHERE name = 'beat' AND beat_at > %s", at
        )
        time.sleep(max(0.0, returned + AFTER_SECONDS - time.monotonic()))
    measure(world, traffic, returned, workers, beat, show)
