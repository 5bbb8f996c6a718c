"""Whether the broker takes messages: asked once in a few seconds, quickly, whatever is wrong with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from devstack.ports import HOST, free_port
from streamhub import health
from streamhub.celery import app
from streamhub.errors import EmbeddedNotRunning
from streamhub.lifecycle import broker
from streamhub.lifecycle.broker import State
from tests.scenarios.processes import unavailable
from tests.scenarios.servers import NoServer, OwnRedis, started

state = broker.state  # before the fixture of all tests replaces it


@pytest.fixture(autouse=True)
def _asked_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_last", broker._Last())
    app.set_current()


def address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("streamhub.aws.target.broker_url", lambda: url)


def test_a_broker_that_is_there_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    address(monkeypatch, "memory://")
    assert state() == State.ANSWERS


def test_one_that_is_away_does_not_and_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    address(monkeypatch, f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    assert state() == State.DOWN
    assert time.monotonic() - began < 1.5


def test_one_whose_address_is_not_known_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise EmbeddedNotRunning("Start it.")

    monkeypatch.setattr("streamhub.aws.target.broker_url", unknown)
    assert state() == State.DOWN


@contextmanager
def redis_server() -> Iterator[OwnRedis]:
    try:
        with started(OwnRedis) as server:
            yield server
    except NoServer as error:
        unavailable("redis-server", error)


@pytest.mark.services
@pytest.mark.parametrize("change", ["maxmemory 1", "min-replicas-to-write 1", "replicaof"])
def test_one_that_refuses_to_be_written_is_not_well(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    monkeypatch.setattr(broker, "KEPT_SECONDS", 0.0)
    with redis_server() as server, server.client() as client:
        address(monkeypatch, server.url)
        assert state() == State.ANSWERS
        if change == "replicaof":
            client.replicaof(HOST, free_port())
        else:
            client.config_set(*change.split())
        assert state() == State.REFUSES
        ready = health._run("broker", health._broker)
        assert not ready["ok"]
        assert "does not answer" not in ready["detail"]
        server.kill()
        assert state() == State.DOWN


def test_asking_leaves_nothing_on_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    address(monkeypatch, "memory://")
    assert state() == State.ANSWERS
    with app.connection_for_read() as connection:
        assert connection.default_channel.queue_declare("bulk", passive=True).message_count == 0


def test_it_is_asked_once_in_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(broker, "_asked", lambda: asked.append(1) or State.ANSWERS)
    assert [state() for _ in range(5)] == [State.ANSWERS] * 5
    assert len(asked) == 1
    monkeypatch.setattr(broker, "KEPT_SECONDS", 0.0)
    state()
    assert len(asked) == 2
