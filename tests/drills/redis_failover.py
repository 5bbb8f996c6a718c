"""Redis is demoted under the workers, its replica takes over, and they change back."""

from __future__ import annotations

import time

from devstack.processes import readiness
from tests.drills.database_reader import BACK_SECONDS, nothing_lost, time_until
from tests.drills.traffic import at_work
from tests.drills.world import World

TITLE = "Redis is demoted under web, workers and beat, and promoted again"
DEMOTED_SECONDS = 15.0
SWEPT = "SELECT count(*) FROM lifecycle_job WHERE name = 'sweep' AND finished_at > %s"


def drill(world: World) -> None:
    world.open()
    play(world, DEMOTED_SECONDS, rounds=2)


def play(world: World, demoted_seconds: float, rounds: int) -> None:
    """The address leads to the demoted Redis for a while, then to the new master. Nothing is cut."""
    show = world.show("stage of a failover")
    with at_work(world, show) as traffic:
        for number in range(1, rounds + 1):
            time.sleep(2)
            world.broker.fail_over()
            world.say("Redis is demoted")
            time.sleep(demoted_seconds)
            world.broker.to_master()
            world.say("the address leads to the new master")
            at = world.rows("SELECT clock_timestamp()")[0][0]
            world.note(f"a worker's job finished after, {number}", time_until(world, SWEPT, at))
    unfair = traffic.unfair()
    world.note("answers", traffic.counts())
    world.note("slowest answer", traffic.slowest())
    world.note("processes that ended", ", ".join(world.ended()) or "none")
    world.check(not world.ended(), f"ended: {', '.join(world.ended())}")
    world.check(not unfair, f"answers: {dict(unfair)}")
    if not world.wrong:
        world.wait(lambda: all(readiness(world.url).values()), "StreamHub is ready", BACK_SECONDS)
    nothing_lost(world, traffic, show)
