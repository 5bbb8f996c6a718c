"""Outages: the broker loses its memory, the workers are gone for an hour, the database restarts.

All intent is in the rows, so everything that was requested is still carried out, once.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from devstack.demo.api import Api, ApiError
from devstack.processes import readiness
from streamhub.lifecycle.heartbeat import SILENT_AFTER
from tests.integration import flows, rows
from tests.scenarios.processes import RunningStack, postgres_database, redis_database, running, unavailable
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
def on_mortal_redis(tmp_path: Path, database: str, own_redis: OwnRedis) -> Iterator[RunningStack]:
    """A stack with one worker, on a Redis that can be killed."""
    environment = {"DATABASE_URL": database, "CELERY_BROKER_URL": own_redis.url}
    with running(tmp_path, environment, workers=1, scale=SCALE) as stack:
        yield stack


@pytest.fixture
def on_mortal_postgres(tmp_path: Path, own_postgres: OwnPostgres) -> Iterator[RunningStack]:
    """A stack with two workers, on a PostgreSQL that can be killed."""
    with redis_database() as broker:
        environment = {"DATABASE_URL": own_postgres.url, "CELERY_BROKER_URL": broker}
        with running(tmp_path, environment, workers=2, scale=SCALE) as stack:
            yield stack


# --- operations -----------------------------------------------------------------------------


def create_channel(stack: RunningStack, name: str) -> str:
    """Create a channel; its id."""
    body = {"name": name, "allowed_cidrs": ["203.0.113.0/24"]}
    return str(stack.api.post("channels", body)["id"])


def create_breakout(stack: RunningStack, channel: str, *, start: bool = False) -> str:
    """Create a breakout on the channel; its id."""
    id = str(stack.api.post("breakouts", {"channel": channel, "name": f"show on {channel}"})["id"])
    if start:
        stack.api.post(f"breakouts/{id}/start")
    return id


def wait_breakout(stack: RunningStack, id: str, state: str) -> None:
    flows.wait(lambda: stack.api.get(f"breakouts/{id}")["state"] == state, f"breakout {id} is {state}")


def wait_channel_gone(stack: RunningStack, id: str) -> None:
    flows.wait(lambda: stack.api.find(f"channels/{id}") is None, f"channel {id} is gone")


def delete_everything(stack: RunningStack) -> None:
    """Stop and delete everything; no call to AWS was illegal."""
    for breakout in stack.api.get("breakouts?state=running&limit=200")["items"]:
        stack.api.post(f"breakouts/{breakout['id']}/stop")
        wait_breakout(stack, breakout["id"], "completed")
    channels = stack.api.get("channels?limit=200")["items"]
    flows.delete_channels(stack.api, [channel["id"] for channel in channels])
    flows.wait_gone(stack)
    flows.assert_legal(stack)


# --- the broker --------------------------------------------------------------------------------


def test_all_intent_is_carried_out_after_redis_lost_everything(
    on_mortal_redis: RunningStack, own_redis: OwnRedis
) -> None:
    stack = on_mortal_redis
    old = create_channel(stack, "old")
    flows.wait_complete(stack, 1)
    stack.control.fault("mediapackage:CreateOriginEndpoint", "pause")
    stack.control.fault("medialive:StartChannel", "pause")
    create_channel(stack, "being created")
    opening = create_breakout(stack, old, start=True)
    stack.control.wait_held(2)
    own_redis.kill()
    create_channel(stack, "asked for without a broker")
    stack.control.release()
    own_redis.start()
    wait_breakout(stack, opening, "running")
    flows.wait_complete_on_air(stack, 3, on_air=1)
    flows.assert_each_once(stack, 3)
    stack.api.post(f"breakouts/{opening}/stop")
    with own_redis.client() as client:
        client.flushall()
    wait_breakout(stack, opening, "completed")
    assert stack.control.count("medialive:StartChannel") == stack.control.count("medialive:StopChannel") == 1
    delete_everything(stack)


def test_a_redis_without_memory_is_told_and_all_intent_is_carried_out_afterwards(
    on_mortal_redis: RunningStack, own_redis: OwnRedis
) -> None:
    stack = on_mortal_redis
    before = {name: one.popen.pid for name, one in stack.processes.running.items()}
    to_start = create_channel(stack, "to start")
    flows.wait_complete(stack, 1)
    with own_redis.client() as client:
        client.config_set("maxmemory", 1)
        opening = create_breakout(stack, to_start, start=True)
        create_channel(stack, "to create")
        flows.wait(lambda: "broker_down" in open_alarms(stack), "the broker is named", 30)
        assert not readiness(stack.processes.web_url)["broker"]
        time.sleep(20)
        client.config_set("maxmemory", 0)
    wait_breakout(stack, opening, "running")
    flows.wait_complete_on_air(stack, 2, on_air=1)
    flows.wait(lambda: "broker_down" not in open_alarms(stack), "the broker is well again", 60)
    assert {name: one.popen.pid for name, one in stack.processes.running.items()} == before
    assert all(one.popen.poll() is None for one in stack.processes.running.values())
    stack.api.post(f"breakouts/{opening}/stop")
    wait_breakout(stack, opening, "completed")
    delete_everything(stack)


def open_alarms(stack: RunningStack) -> list[str]:
    return [alarm["rule"] for alarm in stack.api.get("alarms")["items"]]


# --- the workers -------------------------------------------------------------------------------


def test_requests_are_carried_out_after_workers_were_gone_for_an_hour(
    on_mortal_redis: RunningStack, own_redis: OwnRedis, database: str
) -> None:
    stack = on_mortal_redis
    to_start, to_stop, to_delete = (
        create_channel(stack, name) for name in ("to start", "to stop", "to delete")
    )
    flows.wait_complete(stack, 3)
    ending = create_breakout(stack, to_stop, start=True)
    wait_breakout(stack, ending, "running")
    hold_a_row(stack, to_start, database)

    stack.processes.kill("worker-1")
    stack.control.clear_faults()
    stack.control.release()
    opening = create_breakout(stack, to_start, start=True)
    create_channel(stack, "to create")
    stack.api.post(f"breakouts/{ending}/stop")
    stack.api.delete(f"channels/{to_delete}")
    expired_tasks(own_redis.url, 300)
    rows.an_hour_passes(database)
    assert rows.claims(database) == 1, "the dead worker's claim is still there"
    # Beat has a heartbeat of its own, so the worker alone is named.
    ready = {"database": True, "broker": True, "worker": False, "beat": True, "clocks": True}
    deadline = time.monotonic() + 30
    while not ready.items() <= readiness(stack.processes.web_url).items():
        assert time.monotonic() < deadline, "beat and the worker are not told apart"
        time.sleep(1)

    stack.processes.start_worker(1, concurrency=4)
    stack.processes.wait_ready()
    wait_breakout(stack, opening, "running")
    wait_breakout(stack, ending, "completed")
    wait_channel_gone(stack, to_delete)
    flows.wait_complete_on_air(stack, 3, on_air=1)
    delete_everything(stack)


# A heartbeat every 2 s, silent after 5 s, and a sweep every second.
FREED_SECONDS = 10
SLOW_SECONDS = 12


@pytest.fixture
def two_workers(tmp_path: Path, database: str) -> Iterator[RunningStack]:
    with redis_database() as broker:
        environment = {"DATABASE_URL": database, "CELERY_BROKER_URL": broker}
        with running(tmp_path, environment, workers=2, scale=SCALE) as stack:
            yield stack


def test_a_slow_worker_keeps_its_row_and_a_killed_one_loses_it_within_seconds(
    two_workers: RunningStack, database: str
) -> None:
    stack = two_workers
    channel = create_channel(stack, "held")
    flows.wait_complete(stack, 1)
    distribution = hold_a_row(stack, channel, database)
    pid = rows.holder(database, distribution)
    assert pid is not None
    slow_until = time.monotonic() + SLOW_SECONDS
    while time.monotonic() < slow_until:
        assert rows.holder(database, distribution) == pid, "a worker that is only slow lost its row"
        time.sleep(0.5)

    stack.control.clear_faults()
    owner = os.getpgid(pid)
    stack.processes.kill(
        next(name for name, one in stack.processes.running.items() if one.popen.pid == owner)
    )
    killed = time.monotonic()
    flows.wait(lambda: rows.claims(database) == 0, "the dead worker's row is freed and its step done", 60)
    assert time.monotonic() - killed <= FREED_SECONDS
    stack.control.release()
    flows.assert_each_once(stack, 1)


def test_a_worker_that_hangs_is_told_apart_and_one_that_ends_is_not_missed(
    two_workers: RunningStack, database: str
) -> None:
    stack = two_workers
    flows.wait(lambda: rows.single_workers(database) == 2, "both workers have reported", 60)
    one, other = (stack.processes.running[name].popen for name in ("worker-1", "worker-2"))
    one.send_signal(signal.SIGSTOP)
    flows.wait(lambda: stalled(stack) == [f"worker1-{os.getpid()}"], "the worker that hangs is named", 60)
    assert readiness(stack.processes.web_url)["worker"]
    one.send_signal(signal.SIGCONT)
    flows.wait(lambda: stalled(stack) == [], "it works again", 30)
    other.send_signal(signal.SIGTERM)
    other.wait(60)
    time.sleep(SILENT_AFTER.total_seconds() + 5)
    assert stalled(stack) == []
    assert readiness(stack.processes.web_url)["worker"]


def stalled(stack: RunningStack) -> list[str]:
    """The names of the workers that hang, without their host."""
    alarms = stack.api.get("alarms")["items"]
    return [
        alarm["object"]["name"].partition("@")[0] for alarm in alarms if alarm["rule"] == "worker_stalled"
    ]


def hold_a_row(stack: RunningStack, channel: str, database: str) -> str:
    """Hold a worker in the middle of a step on the channel's distribution; its id."""
    distribution: str = stack.api.get(f"channels/{channel}")["distribution"]["id"]
    # Only this one: what is on air is looked at all the time, without a claim.
    aws_id = stack.api.get(f"distributions/{distribution}")["aws_distribution_id"]
    stack.control.fault("cloudfront:GetDistribution", "pause", times=None, where={"Id": aws_id})
    stack.api.post(f"distributions/{distribution}/sync")
    stack.control.wait_held(1, timeout=60)
    flows.wait(lambda: rows.claims(database) == 1, "a worker has claimed only this row", 60)
    return distribution


def expired_tasks(broker: str, count: int) -> None:
    """Queue expired periodic jobs, as beat leaves them while no worker runs."""
    app = Celery("an hour ago", broker=broker)
    for number in range(count):
        name = ("lifecycle.sweep", "lifecycle.observe", "distributions.delete_stale_distributions")[
            number % 3
        ]
        app.send_task(name, exchange="streamhub", routing_key="urgent", expires=0.001, ignore_result=True)


# --- the database ------------------------------------------------------------------------------


def test_no_row_is_half_written_when_postgresql_restarts_under_load(
    on_mortal_postgres: RunningStack, own_postgres: OwnPostgres
) -> None:
    stack = on_mortal_postgres
    web = stack.processes.running["web"].popen
    with ThreadPoolExecutor(4) as threads:
        load = [threads.submit(create_with_retries, stack.api, f"stage {n}") for n in range(12)]
        for stop in (own_postgres.shut_down, own_postgres.kill):
            time.sleep(2)
            stop()
            time.sleep(1)
            own_postgres.start()
            assert rows.half_written(own_postgres.url) == []
            answers_at_once(stack.api)
        created = {future.result() for future in load}
    assert web.poll() is None, "web was not restarted"
    restart_ended_processes(stack)
    flows.wait(lambda: all(readiness(stack.processes.web_url).values()), "StreamHub is ready")
    flows.wait_complete(stack, 12)
    assert {channel["id"] for channel in stack.api.get("channels?limit=200")["items"]} == created
    flows.assert_each_once(stack, 12)
    assert rows.half_written(own_postgres.url) == []
    delete_everything(stack)


def create_with_retries(api: Api, name: str) -> str:
    """Repeat the request with the same idempotency key until it is answered; the channel's id."""
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
    """No request fails on a connection that the database has closed, in any process or thread."""
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: api.get("channels"), range(48)))


def restart_ended_processes(stack: RunningStack) -> None:
    """Restart a worker or beat that has ended, as a supervisor does."""
    for name, process in list(stack.processes.running.items()):
        if process.popen.poll() is not None:
            stack.processes.kill(name)
            if name == "beat":
                stack.processes.start_beat()
            else:
                stack.processes.start_worker(int(name.rpartition("-")[2]))
