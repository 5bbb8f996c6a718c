"""The Redis of CELERY_BROKER_URL: plain, with TLS (`rediss://`), or found by Sentinels.

Celery and our own clients are told the same here, so that broker, rate limit and health check always reach
the same server. With `sentinel://host:26379;sentinel://host:26379` the master is looked up at each connect.
User, password and database in the first of these URLs are Redis's; the Sentinels' password is an option.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.sentinel import Sentinel

_SENTINEL_PORT = 26379
REDIS_SCHEMES = ("redis", "rediss", "unix", "sentinel")


@dataclass(frozen=True)
class RedisOptions:
    """What the URL does not say.

    `master`: the name under which the Sentinels watch it. `ca_file`: the authorities that sign the servers'
    certificates; empty: the system's. With Sentinels a file turns TLS on, for them and for Redis.
    """

    master: str = "mymaster"
    sentinel_password: str = ""
    ca_file: str = ""

    def tls(self, url: str) -> dict[str, Any]:
        """The options of a TLS connection; empty: no TLS. The certificate is always verified."""
        if not (url.startswith("rediss:") or (self.ca_file and url.startswith("sentinel:"))):
            return {}
        authorities = {"ssl_ca_certs": self.ca_file} if self.ca_file else {}
        return {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **authorities}

    def of_sentinels(self, url: str, timeout: float) -> dict[str, Any]:
        """The options of a connection to a Sentinel."""
        password = {"password": self.sentinel_password} if self.sentinel_password else {}
        tls = self.tls(url)
        return {**_timeouts(timeout), **password, **({"ssl": True, **tls} if tls else {})}

    def of_transport(self, url: str, timeout: float) -> dict[str, Any]:
        """Celery's transport options."""
        if not url.startswith("sentinel:"):
            return {}
        return {"master_name": self.master, "sentinel_kwargs": self.of_sentinels(url, timeout)}


def client(url: str, options: RedisOptions, *, timeout: float) -> redis.Redis:
    """A client of the server that can be written. `timeout`: of connecting and of each answer, in seconds."""
    if not url.startswith("sentinel:"):
        return redis.Redis.from_url(url, **_timeouts(timeout), **options.tls(url))
    parts = [urlsplit(part) for part in url.split(";")]
    credentials = {
        name: unquote(text)
        for name, text in (("username", parts[0].username), ("password", parts[0].password))
        if text
    }
    tls = options.tls(url)
    sentinels = Sentinel(
        [(part.hostname, part.port or _SENTINEL_PORT) for part in parts],
        sentinel_kwargs=options.of_sentinels(url, timeout),
        db=int(parts[0].path.strip("/") or 0),
        **_timeouts(timeout),
        **credentials,
        **({"ssl": True, **tls} if tls else {}),
    )
    return sentinels.master_for(options.master)


def is_redis(url: str) -> bool:
    """Whether a client can be made for this broker."""
    return url.partition(":")[0] in REDIS_SCHEMES


def without_passwords(url: str) -> str:
    """The URL for a log."""
    return ";".join(_without_password(part) for part in url.split(";"))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _timeouts(seconds: float) -> dict[str, float]:
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds}


def drop_idle_connections(client: redis.Redis) -> None:
    """Close the connections that nobody is using, so that the next call connects anew.

    A demoted Redis keeps its connections open and refuses every write on them. Those that other threads are
    using are left alone: closed under them, an answer that is being read is a bad file descriptor.
    """
    client.connection_pool.disconnect(inuse_connections=False)
