"""Separate servers that a test can kill: a Redis without persistence, and a PostgreSQL cluster.

The machine's own servers are shared, so tests must not kill those. A server keeps its port when it is
started again, so that clients can reconnect.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import redis

from devstack.orphans import die_with_parent
from devstack.ports import HOST, free_port

READY_SECONDS = 60.0
S = TypeVar("S", bound="OwnServer")


class NoServer(Exception):
    """The program is not installed or does not start."""


class OwnServer:
    """One server process that a test starts and kills. It ends with the thread that started it."""

    program = ""
    killing = signal.SIGKILL

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._popen: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and return when it answers. Raises `NoServer`."""
        with (self.folder / f"{self.program}.log").open("ab") as out:
            self._popen = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(self.killing),
                **self.owner(),
            )
        self._wait(self.answers)

    def owner(self) -> dict[str, Any]:
        """The user that runs it, as keywords of Popen."""
        return {}

    def kill(self) -> None:
        """Kill it as in a power failure, and return when it is dead."""
        self.end(self.killing)

    def end(self, number: signal.Signals) -> None:
        if self._popen is not None:
            self._popen.send_signal(number)
            self._popen.wait(30)
            self._popen = None

    def _wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not until():
            if self._popen is None or self._popen.poll() is not None or time.monotonic() > deadline:
                raise NoServer(f"{self.program} does not start; see {self.folder}")
            time.sleep(0.05)


class OwnRedis(OwnServer):
    """A Redis without persistence: when it is killed, its data is lost."""

    program = "redis-server"

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        location = ["--bind", HOST, "--port", str(self.port), "--dir", str(self.folder)]
        return [
            self.program,
            *location,
            "--save",
            "",
            "--appendonly",
            "no",
            "--repl-diskless-sync-delay",
            "0",
        ]

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class OwnPostgres(OwnServer):
    """A PostgreSQL cluster. `kill` is its immediate shutdown, with recovery at the next start."""

    program = "postgres"
    killing = signal.SIGQUIT

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.programs = _postgres_programs()
        self.prepare()

    def prepare(self) -> None:
        """Make the cluster's data."""
        data = ["-D", str(self.folder / "data")]
        options = ["--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-sync"]
        subprocess.run(
            [str(self.programs / "initdb"), *data, *options],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            **self.owner(),
        )

    @property
    def url(self) -> str:
        return f"postgres://postgres@{HOST}:{self.port}/postgres"

    def command(self) -> list[str]:
        options = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "200",
        }
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        program = str(self.programs / self.program)
        return [program, "-D", str(self.folder / "data"), "-p", str(self.port), *arguments]

    def owner(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            raise NoServer("PostgreSQL does not run as root, and there is no user `postgres`.") from None
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def shut_down(self) -> None:
        """PostgreSQL's fast shutdown: it ends all sessions and writes everything."""
        self.end(signal.SIGINT)


def _postgres_programs() -> Path:
    """The folder of initdb and postgres, which Debian does not put on the PATH."""
    initdb = shutil.which("initdb")
    if initdb:
        return Path(initdb).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not versions:
        raise NoServer("PostgreSQL's initdb is not installed.")
    return versions[-1].parent


@contextmanager
def started(kind: Callable[[Path], S]) -> Iterator[S]:
    """A server of this kind in its own folder, whose path is short and readable by the server's user."""
    if kind is OwnRedis and shutil.which(OwnRedis.program) is None:
        raise NoServer("redis-server is not installed.")
    with tempfile.TemporaryDirectory(prefix="streamhub-server-", ignore_cleanup_errors=True) as folder:
        server = kind(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
