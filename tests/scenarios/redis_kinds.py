"""Redis behind TLS, with an authority of its own, and Redis watched by Sentinels."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from devstack.ports import HOST
from tests.scenarios.failover import RedisPair
from tests.scenarios.servers import OwnRedis, started

MASTER = "streams"
SENTINELS = 3


class TlsRedis(OwnRedis):
    """A Redis that answers only TLS. `ca_file` holds the authority that signed its certificate."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ca_file = _authority(folder)
        _certificate(folder, self.ca_file)

    @property
    def url(self) -> str:
        return f"rediss://{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        files = {"cert": "server.pem", "key": "server.key", "ca-cert": "ca.pem"}
        words = [word for name, file in files.items() for word in (f"--tls-{name}-file", file)]
        plain = ["0" if word == str(self.port) else word for word in super().command()]
        return [*plain, "--tls-port", str(self.port), "--tls-auth-clients", "no", *words]

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, ssl_ca_certs=str(self.ca_file), socket_timeout=1)


class OwnSentinel(OwnRedis):
    """One Sentinel that watches a pair under the name `MASTER`."""

    def __init__(self, folder: Path, pair: RedisPair) -> None:
        super().__init__(folder)
        lines = [
            f"port {self.port}",
            f"bind {HOST}",
            f"sentinel monitor {MASTER} {HOST} {pair.master.port} {SENTINELS // 2 + 1}",
            f"sentinel down-after-milliseconds {MASTER} 1500",
            f"sentinel failover-timeout {MASTER} 6000",
        ]
        (folder / "sentinel.conf").write_text("\n".join(lines))

    def command(self) -> list[str]:
        return [self.program, str(self.folder / "sentinel.conf"), "--sentinel"]

    def master(self) -> int:
        """The port of the Redis that it takes for the master."""
        with self.client() as client:
            return int(client.sentinel_get_master_addr_by_name(MASTER)[1])


@contextmanager
def sentinels(pair: RedisPair) -> Iterator[list[OwnSentinel]]:
    """Sentinels that watch the pair and can elect another master, which are ended afterwards."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(started(lambda folder: OwnSentinel(folder, pair))) for _ in range(SENTINELS)
        ]


def sentinel_url(watching: list[OwnSentinel]) -> str:
    return ";".join(f"sentinel://{HOST}:{sentinel.port}" for sentinel in watching)


def _authority(folder: Path) -> Path:
    subject = ["-subj", "/CN=an authority of the tests", "-days", "2"]
    _openssl(
        folder,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        *subject,
    )
    return folder / "ca.pem"


def _certificate(folder: Path, authority: Path) -> None:
    subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}"]
    signer = ["-CA", str(authority), "-CAkey", "ca.key", "-days", "2"]
    _openssl(
        folder,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        "server.key",
        "-out",
        "server.pem",
        *subject,
        *signer,
    )


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], check=True, cwd=folder, capture_output=True)
