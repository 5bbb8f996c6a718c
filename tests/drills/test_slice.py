"""Short versions of two drills: the database is a reader for a while, then Redis is demoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drills import database_reader, redis_failover
from tests.drills.measures import nothing_lost
from tests.drills.world import new_world
from tests.scenarios.processes import unavailable
from tests.scenarios.servers import NoServer

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]


def test_a_show_survives_a_failover_of_the_database_and_one_of_redis(tmp_path: Path) -> None:
    try:
        with new_world(tmp_path) as world:
            world.open()
            show = world.show("stage")
            database_reader.play(world, show, reader_seconds=4, after_seconds=3)
            traffic = redis_failover.play(world, show, demoted_seconds=3, rounds=1)
            nothing_lost(world, traffic, show)
    except NoServer as error:
        unavailable("PostgreSQL's initdb or redis-server", error)
    assert world.wrong == [], world.figures
