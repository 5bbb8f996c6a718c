"""Channels come and go on the whole set of processes."""

from __future__ import annotations

import random

import pytest

from tests.integration import flows
from tests.scenarios.processes import House

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

CHANNELS = 20
KILLS = 10


def test_channels_come_and_go_on_postgresql_and_redis(on_postgres: House) -> None:
    ids = flows.create_channels(on_postgres.api, CHANNELS)
    flows.wait_complete(on_postgres, CHANNELS)
    flows.assert_each_once(on_postgres, CHANNELS)
    flows.delete_channels(on_postgres.api, ids)
    flows.wait_gone(on_postgres)
    flows.assert_legal(on_postgres)
    calls = on_postgres.control.counts()["calls"]
    assert {name: calls[name] for name in flows.CREATES} == dict.fromkeys(flows.CREATES, CHANNELS)
    assert calls[flows.GROUP] == 1


def test_killed_workers_make_nothing_twice_on_postgresql(on_postgres: House) -> None:
    create_and_delete_while_workers_die(on_postgres, random.Random(2))


def test_killed_workers_make_nothing_twice_on_sqlite(on_sqlite: House) -> None:
    create_and_delete_while_workers_die(on_sqlite, random.Random(3))


def create_and_delete_while_workers_die(house: House, rng: random.Random) -> None:
    """Half of the kills while the stacks are built, half while they are taken down."""
    ids = flows.while_workers_die(house, KILLS // 2, rng, lambda: flows.create_channels(house.api, CHANNELS))
    flows.wait_complete(house, CHANNELS)
    flows.assert_each_once(house, CHANNELS)
    flows.while_workers_die(house, KILLS // 2, rng, lambda: flows.delete_channels(house.api, ids))
    flows.wait_gone(house)
    flows.assert_legal(house)
