"""Celery and our own clients reach the same Redis: plain, with TLS, or found by Sentinels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fakeredis
import pytest
import redis

from streamhub import redis_servers
from streamhub.access.shared_buckets import SharedBuckets
from streamhub.aws.redis_call_queue import RedisQueues
from streamhub.redis_servers import RedisOptions
from streamhub.token_bucket import Rate

SENTINELS = "sentinel://:secret@one:26379/3;sentinel://two:26380"


@pytest.mark.parametrize(
    ("url", "ca_file", "expected"),
    [
        ("redis://redis:6379/0", "", {}),
        ("redis://redis:6379/0", "/ca.pem", {}),
        ("sentinel://one:26379", "", {}),
        ("rediss://redis:6379/0", "", {"ssl_cert_reqs": "required", "ssl_check_hostname": True}),
        (
            "rediss://redis:6379/0",
            "/ca.pem",
            {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": "/ca.pem"},
        ),
        (
            "sentinel://one:26379",
            "/ca.pem",
            {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": "/ca.pem"},
        ),
    ],
)
def test_tls_always_verifies_the_certificate(url: str, ca_file: str, expected: dict[str, Any]) -> None:
    assert RedisOptions(ca_file=ca_file).tls(url) == expected


def test_a_client_of_sentinels_has_their_credentials_and_those_of_redis() -> None:
    options = RedisOptions(master="streams", sentinel_password="other")
    client = redis_servers.client(SENTINELS, options, timeout=1)
    pool: Any = client.connection_pool
    assert pool.service_name == "streams"
    assert (pool.connection_kwargs["db"], pool.connection_kwargs["password"]) == (3, "secret")
    asked = [sentinel.get_connection_kwargs() for sentinel in pool.sentinel_manager.sentinels]
    assert [(one["host"], one["port"], one["password"]) for one in asked] == [
        ("one", 26379, "other"),
        ("two", 26380, "other"),
    ]


def test_celery_is_told_the_same_about_the_sentinels() -> None:
    options = RedisOptions(master="streams", sentinel_password="other")
    assert options.of_transport(SENTINELS, 1) == {
        "master_name": "streams",
        "sentinel_kwargs": {"socket_timeout": 1, "socket_connect_timeout": 1, "password": "other"},
    }
    assert options.of_transport("redis://redis:6379/0", 1) == {}


@pytest.mark.parametrize(
    ("url", "logged"),
    [
        (SENTINELS, "sentinel://one:26379/3;sentinel://two:26380"),
        ("rediss://user:secret@redis:6379/0", "rediss://redis:6379/0"),
        ("memory://", "memory://"),
    ],
)
def test_no_password_is_logged(url: str, logged: str) -> None:
    assert redis_servers.without_passwords(url) == logged


def api_limit(client: redis.Redis) -> Callable[[], object]:
    buckets = SharedBuckets(lambda: client, prefix="a:")
    return lambda: buckets.take("client", Rate(1, 5))


def aws_rate(client: redis.Redis) -> Callable[[], object]:
    queues = RedisQueues(client, prefix="a:")
    return lambda: queues.take("medialive:StartChannel", Rate(1, 5), holder="worker", urgent=False)


@pytest.mark.parametrize("user", [api_limit, aws_rate])
def test_a_failure_closes_idle_connections_and_none_that_a_thread_reads_from(
    user: Callable[[redis.Redis], Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fakeredis.FakeServer()
    client = fakeredis.FakeRedis(server=server)
    pool = client.connection_pool
    take = user(client)
    in_use, idle = pool.get_connection(), pool.get_connection()
    pool.release(idle)
    closed = []
    for name, connection in (("in use", in_use), ("idle", idle)):
        monkeypatch.setattr(connection, "disconnect", lambda *args, name=name, **about: closed.append(name))
    server.connected = False
    take()
    assert "in use" not in closed
    assert "idle" in closed
