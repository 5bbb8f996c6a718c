"""Redis is flushed, restarted without its data, and away for a while."""

from __future__ import annotations

import time

from devstack.processes import readiness
from tests.drills.database_reader import BACK_SECONDS, nothing_lost, time_until
from tests.drills.redis_failover import SWEPT
from tests.drills.traffic import at_work
from tests.drills.world import World

TITLE = "Redis is flushed, restarted and away"
AWAY_SECONDS = 15.0


def drill(world: World) -> None:
    """Messages are lost three times; the rows hold the work."""
    world.open()
    show = world.show("stage")
    with at_work(world, show) as traffic:
        for what, seconds in (("flushed", None), ("restarted", 0.0), ("away", AWAY_SECONDS)):
            time.sleep(2)
            world.say(f"Redis is {what}")
            if seconds is None:
                with world.broker.master.client() as client:
                    client.flushall()
            else:
                world.broker.master.kill()
                time.sleep(seconds)
                world.broker.master.start()
            at = world.rows("SELECT clock_timestamp()")[0][0]
            world.note(f"a worker's job finished after it was {what}", time_until(world, SWEPT, at))
    unfair = traffic.unfair()
    world.note("answers", traffic.counts())
    world.note("slowest answer", traffic.slowest())
    world.note("processes that ended", ", ".join(world.ended()) or "none")
    world.check(not world.ended(), f"ended: {', '.join(world.ended())}")
    world.check(not unfair, f"answers: {dict(unfair)}")
    world.wait(lambda: all(readiness(world.url).values()), "StreamHub is ready", BACK_SECONDS)
    nothing_lost(world, traffic, show)
