"""Channels are created and deleted on a running stack."""

from __future__ import annotations

import random

import pytest

from tests.integration import flows
from tests.scenarios.processes import RunningStack
from tests.scenarios.volume import volume

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

CHANNELS = volume(10, 20)
KILLS = volume(6, 10)


def test_channels_are_created_and_deleted_on_postgresql_and_redis(on_postgres: RunningStack) -> None:
    ids = flows.create_channels(on_postgres.api, CHANNELS)
    flows.wait_complete(on_postgres, CHANNELS)
    flows.assert_each_once(on_postgres, CHANNELS)
    flows.delete_channels(on_postgres.api, ids)
    flows.wait_gone(on_postgres)
    flows.assert_legal(on_postgres)
    calls = on_postgres.control.counts()["calls"]
    assert {name: calls[name] for name in flows.CREATES} == dict.fromkeys(flows.CREATES, CHANNELS)
    assert calls[flows.GROUP] == 1


def test_killed_workers_create_nothing_twice_on_postgresql(on_postgres: RunningStack) -> None:
    create_and_delete_while_workers_die(on_postgres, random.Random(2))


def test_killed_workers_create_nothing_twice_on_sqlite(on_sqlite: RunningStack) -> None:
    create_and_delete_while_workers_die(on_sqlite, random.Random(3))


def create_and_delete_while_workers_die(stack: RunningStack, rng: random.Random) -> None:
    """Half of the kills during creation, half during deletion."""
    ids = flows.while_workers_die(stack, KILLS // 2, rng, lambda: flows.create_channels(stack.api, CHANNELS))
    flows.wait_complete(stack, CHANNELS)
    flows.assert_each_once(stack, CHANNELS)
    flows.while_workers_die(stack, KILLS // 2, rng, lambda: flows.delete_channels(stack.api, ids))
    flows.wait_gone(stack)
    flows.assert_legal(stack)
