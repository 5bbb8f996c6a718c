"""Redis behind Sentinels: the master dies, they elect another one, and the old one comes back."""

from __future__ import annotations

import time

from tests.drills.database_reader import BACK_SECONDS, nothing_lost, time_until
from tests.drills.redis_failover import SWEPT
from tests.drills.traffic import at_work
from tests.drills.world import World
from tests.scenarios.redis_kinds import MASTER, sentinel_url, sentinels

TITLE = "Redis's master dies and the Sentinels elect another one"


def drill(world: World) -> None:
    with sentinels(world.broker) as watching:
        url = sentinel_url(watching)
        world.open(environment={"CELERY_BROKER_URL": url, "REDIS_SENTINEL_MASTER": MASTER})
        show = world.show("stage")
        dead = world.broker.master
        with at_work(world, show) as traffic:
            time.sleep(2)
            dead.kill()
            world.say("the master is dead")
            elected = world.wait(
                lambda: all(sentinel.master() != dead.port for sentinel in watching), "another is elected", 60
            )
            world.note("another master after", elected)
            at = world.rows("SELECT clock_timestamp()")[0][0]
            world.note("a worker's job finished after that", time_until(world, SWEPT, at))
            dead.start()
            time.sleep(BACK_SECONDS)
        unfair = traffic.unfair()
        world.note("answers", traffic.counts())
        world.note("slowest answer", traffic.slowest())
        world.check(not world.ended(), f"ended: {', '.join(world.ended())}")
        world.check(not unfair, f"answers: {dict(unfair)}")
        world.processes.wait_ready(timeout=BACK_SECONDS)
        nothing_lost(world, traffic, show)
