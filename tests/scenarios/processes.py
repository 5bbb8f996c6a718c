"""Complete sets of processes, with their own databases on real PostgreSQL and Redis."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis
from psycopg import sql

from devstack.demo.api import Api
from devstack.demo.stack import SCOPES
from devstack.ports import free_port
from devstack.processes import ProcessSet
from emulator.control import Control
from tests.scenarios.servers import NoServer, OwnRedis, started

PERIODS = {
    "SWEEP_SECONDS": "1",
    "OBSERVE_SECONDS": "1",
    "FULL_OBSERVE_SECONDS": "20",
    "REAPER_SECONDS": "2",
    "METRICS_SECONDS": "2",
    "METRICS_FINAL_AFTER_SECONDS": "10",
    "USAGE_TAIL_SECONDS": "5",
}
_PREPARE = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("bootstrap", stdout=sys.stderr)
call_command("issue_token", "tests", scope=sys.argv[1:])
"""
POSTGRES_URL = "postgres://postgres@127.0.0.1:5432/postgres"


def unavailable(what: str, error: Exception) -> NoReturn:
    """Skip on a developer's machine, fail in CI."""
    message = f"{what} is not available: {error}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def postgres_database() -> Iterator[str]:
    """The URL of a new database, which is dropped afterwards."""
    server = os.environ.get("DATABASE_URL", "")
    server = server if server.startswith("postgres") else POSTGRES_URL
    name = f"streamhub_test_{secrets.token_hex(4)}"
    try:
        admin = psycopg.connect(server, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        unavailable("PostgreSQL", error)
    with closing(admin):
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def redis_database() -> Iterator[str]:
    """The URL of an empty Redis: a server of our own, or what `CELERY_BROKER_URL` names, which is emptied."""
    if url := os.environ.get("CELERY_BROKER_URL"):
        with emptied(url):
            yield url
        return
    try:
        with started(OwnRedis) as server:
            yield server.url
    except NoServer as error:
        unavailable("redis-server", error)


@contextmanager
def emptied(url: str) -> Iterator[None]:
    """The Redis database is empty at the beginning and at the end."""
    with redis.Redis.from_url(url, socket_connect_timeout=3) as client:
        try:
            client.flushdb()
        except redis.ConnectionError as error:
            unavailable("Redis", error)
        try:
            yield
        finally:
            client.flushdb()


class RunningStack:
    """A running set of processes, with a client of its API and the control of its AWS."""

    def __init__(self, processes: ProcessSet, token: str) -> None:
        self.processes = processes
        self.api = Api(processes.web_url, token)
        self.control = Control(processes.addresses()["aws_endpoint"])


@contextmanager
def running(folder: Path, environment: dict[str, str], workers: int, scale: float) -> Iterator[RunningStack]:
    """A started and ready set of processes, which is stopped afterwards."""
    with ProcessSet(folder, {**PERIODS, **environment}) as processes:
        processes.start_embedded(scale)
        # One process for both commands: each imports the product for seconds.
        token = processes.python("-c", _PREPARE, *SCOPES, timeout=120).strip()
        processes.wait_embedded()
        processes.start_web(free_port())
        for number in range(1, workers + 1):
            processes.start_worker(number, concurrency=4)
        processes.start_beat()
        processes.wait_ready()
        yield RunningStack(processes, token)
