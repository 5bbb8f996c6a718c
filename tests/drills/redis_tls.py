"""Redis answers only TLS, with a certificate of a house's own authority, and is restarted."""

from __future__ import annotations

from tests.drills.measures import BACK_SECONDS, Moment, answers, nothing_lost, work_is_back
from tests.drills.traffic import at_work
from tests.drills.world import World
from tests.scenarios.redis_kinds import TlsRedis
from tests.scenarios.servers import started

TITLE = "Redis answers only TLS, and is restarted"


def drill(world: World) -> None:
    with started(TlsRedis) as broker:
        world.open(environment={"CELERY_BROKER_URL": broker.url, "REDIS_CA_FILE": str(broker.ca_file)})
        show = world.show("stage")
        with at_work(world, show) as traffic:
            broker.kill()
            world.say("Redis is restarted")
            broker.start()
            work_is_back(world, Moment.now(world), "Redis was restarted")
        answers(world, traffic)
        world.processes.wait_ready(timeout=BACK_SECONDS)
        nothing_lost(world, traffic, show)
