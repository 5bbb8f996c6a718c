"""Servers in pairs, one of which can be written, behind one address: a failover can be played with them.

`PostgresPair`: a writer and a hot standby that streams from it. `RedisPair`: a master and its replica.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from devstack.ports import HOST
from tests.scenarios.proxy import Proxy
from tests.scenarios.servers import OwnPostgres, OwnRedis, started


class PostgresStandby(OwnPostgres):
    """A hot standby of another cluster: it can be read, and refuses every write with 25006."""

    def __init__(self, folder: Path, writer: OwnPostgres) -> None:
        self._writer = writer
        super().__init__(folder)

    def prepare(self) -> None:
        data = ["-D", str(self.folder / "data"), "--write-recovery-conf", "--checkpoint", "fast"]
        source = ["-h", HOST, "-p", str(self._writer.port), "-U", "postgres", "--no-sync"]
        subprocess.run(
            [str(self.programs / "pg_basebackup"), *data, *source],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            **self.owner(),
        )

    def promote(self) -> None:
        """Make it the writer. Returns when it can be written."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")


class PostgresPair:
    """A writer, its standby, and the address `url`, which leads to one of the two."""

    def __init__(self, writer: OwnPostgres, standby: PostgresStandby) -> None:
        self.writer: OwnPostgres = writer
        self.standby = standby
        self.proxy = Proxy(writer.port)
        self.proxy.start()

    @property
    def url(self) -> str:
        return f"postgres://postgres@{HOST}:{self.proxy.port}/postgres"

    def to_reader(self, *, cut: bool = True) -> None:
        """The address leads to the reader. `cut`: open sessions end."""
        self.proxy.point_to(self.standby.port, cut=cut)

    def to_writer(self, *, cut: bool = False) -> None:
        """The address leads to the writer again. Sessions on the reader stay there, unless they are cut."""
        self.proxy.point_to(self.writer.port, cut=cut)

    def promote(self) -> None:
        """The standby takes the place of its writer, which must be dead. The address leads to it."""
        self.standby.promote()
        self.writer = self.standby
        self.proxy.point_to(self.writer.port, cut=False)


class RedisPair:
    """A master, its replica, and the address `url`, which leads to one of the two."""

    def __init__(self, master: OwnRedis, replica: OwnRedis) -> None:
        self.master, self.replica = master, replica
        self._follow(replica, master)
        self.proxy = Proxy(master.port)
        self.proxy.start()

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.proxy.port}/0"

    def fail_over(self) -> None:
        """Master and replica change places. The address and open connections stay with the old master."""
        with self.replica.client() as client:
            client.replicaof("NO", "ONE")
        self._follow(self.master, self.replica)
        self.master, self.replica = self.replica, self.master

    def to_master(self) -> None:
        """New connections lead to the master. Open ones stay where they are."""
        self.proxy.point_to(self.master.port, cut=False)

    @staticmethod
    def _follow(replica: OwnRedis, master: OwnRedis) -> None:
        with replica.client() as client:
            client.replicaof(HOST, str(master.port))


@contextmanager
def postgres_pair() -> Iterator[PostgresPair]:
    """A running pair, which is ended afterwards. Raises `NoServer`."""
    with started(OwnPostgres) as writer, started(lambda folder: PostgresStandby(folder, writer)) as standby:
        pair = PostgresPair(writer, standby)
        try:
            yield pair
        finally:
            pair.proxy.stop()


@contextmanager
def redis_pair() -> Iterator[RedisPair]:
    """A running pair, which is ended afterwards. Raises `NoServer`."""
    with started(OwnRedis) as master, started(OwnRedis) as replica:
        pair = RedisPair(master, replica)
        try:
            yield pair
        finally:
            pair.proxy.stop()
