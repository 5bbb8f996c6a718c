"""Redis behind Sentinels: the master dies, they elect another one, and the old one comes back."""

from __future__ import annotations

import time

from tests.drills.measures import BACK_SECONDS, Moment, answers, nothing_lost, work_is_back
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
            world.note("another master was elected after", elected)
            work_is_back(world, Moment.now(world), "another master was elected")
            dead.start()
            time.sleep(BACK_SECONDS)
        answers(world, traffic)
        world.processes.wait_ready(timeout=BACK_SECONDS)
        nothing_lost(world, traffic, show)
