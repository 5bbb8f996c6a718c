"""Short versions of two drills: the database is a reader for a while, and Redis is demoted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.drills import database_reader, redis_failover
from tests.drills.world import World, new_world
from tests.scenarios.processes import unavailable
from tests.scenarios.servers import NoServer

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for both, because its processes take a while to start."""
    try:
        with new_world(tmp_path_factory.mktemp("drills")) as world:
            world.open()
            yield world
    except NoServer as error:
        unavailable("PostgreSQL's initdb or redis-server", error)


@pytest.fixture
def played(world: World) -> Callable[[], dict[str, str]]:
    """What was wrong, and the figures for who reads a failure."""

    def result() -> dict[str, str]:
        wrong, world.wrong = world.wrong, []
        return dict.fromkeys(wrong, "wrong") | ({**world.figures} if wrong else {})

    return result


def test_a_database_that_was_a_reader_for_a_while(world: World, played: Callable[[], dict[str, str]]) -> None:
    database_reader.play(world, reader_seconds=5, after_seconds=3)
    assert played() == {}


def test_a_redis_that_was_demoted(world: World, played: Callable[[], dict[str, str]]) -> None:
    redis_failover.play(world, demoted_seconds=3, rounds=1)
    assert played() == {}
