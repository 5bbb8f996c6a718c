"""Redis is demoted under the workers, its replica takes over, and they change back."""

from __future__ import annotations

import time

from tests.drills.measures import BACK_SECONDS, Moment, answers, nothing_lost, work_is_back
from tests.drills.traffic import Traffic, at_work
from tests.drills.world import World

TITLE = "Redis is demoted under web, workers and beat, and promoted again"
DEMOTED_SECONDS = 15.0


def drill(world: World) -> None:
    world.open()
    show = world.show("stage")
    traffic = play(world, show, DEMOTED_SECONDS, rounds=2)
    world.processes.wait_ready(timeout=BACK_SECONDS)
    nothing_lost(world, traffic, show)


def play(world: World, show: str, demoted_seconds: float, rounds: int) -> Traffic:
    """The address leads to the demoted Redis for a while, then to the new master. Nothing is cut."""
    with at_work(world, show) as traffic:
        for number in range(1, rounds + 1):
            time.sleep(2)
            world.broker.fail_over()
            world.say("Redis is demoted")
            time.sleep(demoted_seconds)
            world.broker.to_master()
            world.say("the address leads to the new master")
            work_is_back(world, Moment.now(world), f"failover {number} was over")
    answers(world, traffic)
    return traffic
