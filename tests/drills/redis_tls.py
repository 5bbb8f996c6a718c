"""Redis answers only TLS, with a certificate of a house's own authority, and is restarted."""

from __future__ import annotations

from tests.drills.database_reader import BACK_SECONDS, nothing_lost, time_until
from tests.drills.redis_failover import SWEPT
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
            at = world.rows("SELECT clock_timestamp()")[0][0]
            world.note("a worker's job finished after", time_until(world, SWEPT, at))
        unfair = traffic.unfair()
        world.note("answers", traffic.counts())
        world.check(not world.ended(), f"ended: {', '.join(world.ended())}")
        world.check(not unfair, f"answers: {dict(unfair)}")
        world.processes.wait_ready(timeout=BACK_SECONDS)
        nothing_lost(world, traffic, show)
