"""Redis is flushed, restarted without its data, and away for a while."""

from __future__ import annotations

import time

from tests.drills.measures import BACK_SECONDS, Moment, answers, nothing_lost, work_is_back
from tests.drills.traffic import at_work
from tests.drills.world import World

TITLE = "Redis is flushed, restarted and away"
AWAY_SECONDS = 15.0


def drill(world: World) -> None:
    """Messages are lost three times; the rows hold the work."""
    world.open()
    show = world.show("stage")
    with at_work(world, show) as traffic:
        time.sleep(2)
        world.say("Redis is flushed")
        with world.broker.master.client() as client:
            client.flushall()
        work_is_back(world, Moment.now(world), "Redis was flushed")
        for what, seconds in (("restarted", 0.0), (f"away for {AWAY_SECONDS:.0f} s", AWAY_SECONDS)):
            world.say(f"Redis is {what}")
            world.broker.master.kill()
            time.sleep(seconds)
            world.broker.master.start()
            work_is_back(world, Moment.now(world), f"Redis was {what}")
    answers(world, traffic)
    world.processes.wait_ready(timeout=BACK_SECONDS)
    nothing_lost(world, traffic, show)
