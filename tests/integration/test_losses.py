"""What StreamHub leans on is lost: the broker's memory, the workers for an hour, the database's sessions.

Rows are the truth: whatever was asked for is carried out all the same, once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from devstack.demo.api import Api, ApiError
from devstack.processes import readiness
from tests.integration import flows, rows
from tests.scenarios.processes import House, postgres_database, redis_database, running, unavailable
from tests.scenarios.servers import NoServer, OwnPostgres, OwnRedis, OwnServer, started

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

SCALE = 0.02


def own(kind: type[OwnServer], what: str) -> Iterator[Any]:
    try:
        with started(kind) as server:
            yield server
    except NoServer as error:
        unavailable(what, error)


@pytest.fixture
def own_redis() -> Iterator[OwnRedis]:
    yield from own(OwnRedis, "redis-server")


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    yield from own(OwnPostgres, "PostgreSQL's initdb")


@pytest.fixture
def database() -> Iterator[str]:
    with postgres_database() as url:
        yield url


@pytest.fixture
def on_mortal_redis(tmp_path: Path, database: str, own_redis: OwnRedis) -> Iterator[House]:
    """The whole set with one worker, on a Redis that may be killed."""
    environment = {"DATABASE_URL": database, "CELERY_BROKER_URL": own_redis.url}
    with running(tmp_path, environment, workers=1, scale=SCALE) as house:
        yield house


@pytest.fixture
def on_mortal_postgres(tmp_path: Path, own_postgres: OwnPostgres) -> Iterator[House]:
    """The whole set with two workers, on a PostgreSQL that may be killed."""
    with redis_database() as broker:
        environment = {"DATABASE_URL": own_postgres.url, "CELERY_BROKER_URL": broker}
        with running(tmp_path, environment, workers=2, scale=SCALE) as house:
            yield house


# --- what the tests do -------------------------------------------------------------------------


def stage(house: House, name: str) -> str:
    """Ask for a channel; its id."""
    body = {"name": name, "allowed_cidrs": ["203.0.113.0/24"]}
    return str(house.api.post("channels", body)["id"])


def show(house: House, channel: str, *, start: bool = False) -> str:
    """A breakout on the channel; its id."""
    id = str(house.api.post("breakouts", {"channel": channel, "name": f"show on {channel}"})["id"])
    if start:
        house.api.post(f"breakouts/{id}/start")
    return id


def wait_show(house: House, id: str, state: str) -> None:
    flows.wait(lambda: house.api.get(f"breakouts/{id}")["state"] == state, f"breakout {id} is {state}")


def wait_no_stage(house: House, id: str) -> None:
    flows.wait(lambda: house.api.find(f"channels/{id}") is None, f"channel {id} is gone")


def empty(house: House) -> None:
    """Everything stopped and deleted, each resource having existed once and no rule broken."""
    for each in house.api.get("breakouts?state=running&limit=200")["items"]:
        house.api.post(f"breakouts/{each['id']}/stop")
        wait_show(house, each["id"], "completed")
    flows.delete_channels(house.api, [each["id"] for each in house.api.get("channels?limit=200")["items"]])
    flows.wait_gone(house)
    flows.assert_legal(house)


# --- the broker --------------------------------------------------------------------------------


def test_redis_loses_everything_mid_flight_and_all_intent_is_carried_out(
    on_mortal_redis: House, own_redis: OwnRedis
) -> None:
    house = on_mortal_redis
    old = stage(house, "old")
    flows.wait_complete(house, 1)
    house.control.fault("mediapackage:CreateOriginEndpoint", "pause")
    house.control.fault("medialive:StartChannel", "pause")
    stage(house, "being created")
    opening = show(house, old, start=True)
    house.control.wait_held(2)
    own_redis.kill()
    stage(house, "asked for without a broker")
    house.control.release()
    own_redis.start()
    wait_show(house, opening, "running")
    flows.wait_complete_but(house, 3, on_air=1)
    flows.assert_each_once(house, 3)
    house.api.post(f"breakouts/{opening}/stop")
    with own_redis.client() as client:
        client.flushall()
    wait_show(house, opening, "completed")
    assert house.control.count("medialive:StartChannel") == house.control.count("medialive:StopChannel") == 1
    empty(house)


# --- the workers -------------------------------------------------------------------------------


def test_workers_are_gone_for_an_hour_and_what_was_asked_for_meanwhile_is_carried_out(
    on_mortal_redis: House, own_redis: OwnRedis, database: str
) -> None:
    house = on_mortal_redis
    to_start, to_stop, to_delete = (stage(house, name) for name in ("to start", "to stop", "to delete"))
    flows.wait_complete(house, 3)
    ending = show(house, to_stop, start=True)
    wait_show(house, ending, "running")
    hold_a_row(house, to_start, database)

    house.processes.kill("worker-1")
    house.control.clear_faults()
    house.control.release()
    opening = show(house, to_start, start=True)
    stage(house, "to create")
    house.api.post(f"breakouts/{ending}/stop")
    house.api.delete(f"channels/{to_delete}")
    expired_tasks(own_redis.url, 300)
    rows.an_hour_passes(database)
    assert rows.claims(database) == 1, "the dead worker's claim is still there"
    # Beat's sign of life is a task: without a worker nobody can tell whether beat lives.
    ready = {"database": True, "broker": True, "worker": False, "beat": False}
    assert readiness(house.processes.web_url) == ready

    house.processes.start_worker(1, concurrency=4)
    house.processes.wait_ready()
    wait_show(house, opening, "running")
    wait_show(house, ending, "completed")
    wait_no_stage(house, to_delete)
    flows.wait_complete_but(house, 3, on_air=1)
    empty(house)


def hold_a_row(house: House, channel: str, database: str) -> None:
    """A worker is in the middle of a step on the channel's distribution."""
    distribution = house.api.get(f"channels/{channel}")["distribution"]["id"]
    house.control.fault("cloudfront:GetDistribution", "pause", times=None)
    house.api.post(f"distributions/{distribution}/sync")
    house.control.wait_held(1)
    assert rows.claims(database) == 1


def expired_tasks(broker: str, count: int) -> None:
    """Periodic jobs that beat had sent in vain, long past their time."""
    app = Celery("an hour ago", broker=broker)
    for number in range(count):
        name = ("lifecycle.sweep", "lifecycle.observe", "distributions.delete_stale_distributions")[
            number % 3
        ]
        app.send_task(name, exchange="streamhub", routing_key="urgent", expires=0.001, ignore_result=True)


# --- the database ------------------------------------------------------------------------------


def test_postgresql_restarts_under_load_and_nothing_is_half_written(
    on_mortal_postgres: House, own_postgres: OwnPostgres
) -> None:
    house = on_mortal_postgres
    web = house.processes.running["web"].popen
    with ThreadPoolExecutor(4) as threads:
        load = [threads.submit(create_as_a_good_client, house.api, f"stage {n}") for n in range(12)]
        for stop in (own_postgres.shut_down, own_postgres.kill):
            time.sleep(2)
            stop()
            time.sleep(1)
            own_postgres.start()
            assert rows.half_written(own_postgres.url) == []
            answers_at_once(house.api)
        promised = {each.result() for each in load}
    assert web.poll() is None, "web was not restarted"
    revive(house)
    flows.wait(lambda: all(readiness(house.processes.web_url).values()), "StreamHub is ready")
    flows.wait_complete(house, 12)
    assert {each["id"] for each in house.api.get("channels?limit=200")["items"]} == promised
    flows.assert_each_once(house, 12)
    assert rows.half_written(own_postgres.url) == []
    empty(house)


def create_as_a_good_client(api: Api, name: str) -> str:
    """Repeat the same request under the same key until it is answered; the id."""
    body = {"name": name, "allowed_cidrs": ["203.0.113.0/24"]}
    deadline = time.monotonic() + 120
    while True:
        try:
            return str(api.send("POST", "channels", body, {"Idempotency-Key": name})["id"])
        except ApiError as error:
            if error.status != 503 or time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def answers_at_once(api: Api) -> None:
    """No request meets a connection that the database has closed, in whichever process and thread."""
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: api.get("channels"), range(48)))


def revive(house: House) -> None:
    """What a supervisor does with a worker or beat that ended."""
    for name, each in list(house.processes.running.items()):
        if each.popen.poll() is not None:
            house.processes.kill(name)
            if name == "beat":
                house.processes.start_beat()
            else:
                house.processes.start_worker(int(name.rpartition("-")[2]))
