"""The limits of API clients: shared by all processes in Redis, of each process without it."""

from __future__ import annotations

from typing import Any

import fakeredis
import pytest

from streamhub.access import limits
from streamhub.access.limits import Limit
from streamhub.access.shared_buckets import SharedBuckets
from streamhub.token_bucket import Rate

SLOW = Rate(per_second=0.01, burst=3)


def limit(server: fakeredis.FakeServer | None, name: str = "requests", **about: Any) -> Limit:
    """The limit as one process has it."""
    client = None if server is None else fakeredis.FakeRedis(server=server)
    return Limit(SLOW, name, client=lambda: client, **about)


def test_processes_count_a_client_together() -> None:
    server = fakeredis.FakeServer()
    first, second = limit(server), limit(server)
    assert [first.take("a"), second.take("a"), first.take("a")] == [0, 0, 0]
    assert 90 < second.take("a") <= 100
    assert first.take("b") == 0


def test_two_limits_do_not_count_for_each_other() -> None:
    server = fakeredis.FakeServer()
    for _ in range(3):
        limit(server).take("a")
    assert limit(server, "failures").take("a") == 0


def test_a_bucket_that_would_be_full_again_is_gone_from_redis() -> None:
    server = fakeredis.FakeServer()
    limit(server).take("a")
    client = fakeredis.FakeRedis(server=server)
    (key,) = client.keys()
    assert key == b"streamhub:api:requests:a"
    assert 300 <= client.ttl(key) <= 301


def test_without_redis_each_process_has_its_own() -> None:
    first, second = limit(None), limit(None)
    assert [first.take("a") for _ in range(3)] == [0, 0, 0]
    assert first.take("a") > 0
    assert second.take("a") == 0


def test_while_redis_fails_the_process_counts_and_asks_it_again_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [100.0]
    server = fakeredis.FakeServer()
    mine = limit(server, clock=lambda: now[0])
    server.connected = False
    assert [mine.take("a") for _ in range(3)] == [0, 0, 0]
    assert mine.take("a") > 0
    assert len(caplog.records) == 1
    server.connected = True
    assert mine.take("a") > 0
    now[0] += SharedBuckets.RETRY_REDIS_SECONDS
    assert mine.take("a") == 0


def test_the_redis_is_the_brokers(settings: Any) -> None:
    settings.CELERY_BROKER_URL = ""
    assert limits.broker() is None
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6399/3"
    client = limits.broker()
    assert client is not None
    assert client.connection_pool.connection_kwargs["db"] == 3
    assert client.connection_pool.connection_kwargs["socket_timeout"] == limits.TIMEOUT_SECONDS
