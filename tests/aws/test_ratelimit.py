"""The rate limit: a bucket per operation, a reserve for urgent work, shared through Redis."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis

from streamhub.aws.iam_actions import ACTIONS
from streamhub.aws.ratelimit import (
    PREFIX,
    RATES,
    Limiter,
    is_urgent,
    rate_for,
    reserve_of,
    scaled,
    urgency,
)
from streamhub.errors import Throttled
from streamhub.token_bucket import LocalBuckets, Rate, RedisBuckets

OPERATION = "cloudfront:UpdateDistribution"
SLOW = {"*": Rate(per_second=1, burst=9)}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def shared(client: Any, rates: dict[str, Rate] = SLOW, **options: Any) -> Limiter:
    return Limiter(RedisBuckets(client, prefix=PREFIX, **options), rates)


def taken(limiter: Any, urgent: bool = False, operation: str = OPERATION) -> int:
    """How many calls the limiter allows at once."""
    for count in range(1000):
        try:
            limiter.acquire(operation, urgent=urgent)
        except Throttled:
            return count
    raise AssertionError("no limit")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A real Redis on a socket of this machine (a socket's path must be short)."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server here")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        socket = Path(folder) / "s"
        arguments = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        try:
            _wait_for(socket)
            yield f"unix://{socket}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(path: Path) -> None:
    for _ in range(500):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} did not appear")


def _redis(kind: str, request: pytest.FixtureRequest) -> Any:
    """An empty Redis, simulated or real."""
    if kind == "fakeredis":
        return fakeredis.FakeRedis()
    client = redis.Redis.from_url(request.getfixturevalue("redis_server"))
    request.addfinalizer(client.close)
    client.flushall()
    return client


@pytest.fixture(params=["fakeredis", "redis"])
def client(request: pytest.FixtureRequest) -> Any:
    return _redis(request.param, request)


@pytest.fixture(params=["local", "fakeredis", "redis"])
def limiter(request: pytest.FixtureRequest) -> Any:
    if request.param == "local":
        return Limiter(LocalBuckets(), SLOW)
    return shared(_redis(request.param, request))


def test_bulk_work_leaves_the_last_third_to_urgent_work(limiter: Any) -> None:
    assert taken(limiter, urgent=False) == 6
    assert taken(limiter, urgent=True) == 3


def test_after_an_error_of_redis_no_connection_is_used_again() -> None:
    server, clock = fakeredis.FakeServer(), Clock()
    client = fakeredis.FakeRedis(server=server)
    limiter = shared(client, clock=clock)
    assert taken(limiter, urgent=True) == 9
    dropped: list[bool] = []
    client.connection_pool.disconnect = lambda *args, **kwargs: dropped.append(True)
    server.connected = False
    clock.now += 1
    taken(limiter, urgent=True)
    assert dropped == [True]


def test_operations_have_separate_buckets(limiter: Any) -> None:
    taken(limiter, urgent=True)
    assert taken(limiter, urgent=True, operation="medialive:StartChannel") == 9


def test_throttled_has_the_seconds_until_the_next_token(limiter: Any) -> None:
    taken(limiter, urgent=True)
    with pytest.raises(Throttled) as urgent:
        limiter.acquire(OPERATION, urgent=True)
    with pytest.raises(Throttled) as bulk:
        limiter.acquire(OPERATION, urgent=False)
    assert urgent.value.after == pytest.approx(1, abs=0.2)
    assert bulk.value.after == pytest.approx(4, abs=0.2)  # one token above the reserve of three
    assert urgent.value.operation == OPERATION
    assert not urgent.value.effect_unknown


def test_buckets_refill_with_time_up_to_the_burst() -> None:
    clock = Clock()
    limiter = Limiter(LocalBuckets(clock=clock), SLOW)
    taken(limiter, urgent=True)
    clock.now += 2.5
    assert taken(limiter, urgent=True) == 2
    clock.now += 1_000_000
    assert taken(limiter, urgent=True) == 9


def test_redis_refills_buckets_by_its_own_clock(client: Any) -> None:
    limiter = shared(client, {"*": Rate(per_second=20, burst=3)})
    taken(limiter, urgent=True)
    time.sleep(0.11)
    assert taken(limiter, urgent=True) >= 2


def test_workers_share_one_bucket(client: Any) -> None:
    first, second = shared(client), shared(client)
    assert taken(first, urgent=True) == 9
    assert taken(second, urgent=True) == 0


def test_idle_buckets_expire_in_redis(client: Any) -> None:
    shared(client).acquire(OPERATION, urgent=False)
    assert 0 < client.pttl(f"streamhub:rate:{OPERATION}") <= 10_000


def test_without_redis_the_process_uses_its_own_buckets(caplog: pytest.LogCaptureFixture) -> None:
    server = fakeredis.FakeServer()
    clock = Clock()
    limiter = shared(fakeredis.FakeRedis(server=server), clock=clock)
    limiter.acquire(OPERATION, urgent=False)
    server.connected = False
    assert taken(limiter, urgent=True) == 9
    assert len(caplog.records) == 1  # Redis is tried once, then not again for a while
    server.connected = True
    clock.now += RedisBuckets.RETRY_REDIS_SECONDS
    assert taken(limiter, urgent=True) == 8


@pytest.mark.parametrize("operation", sorted(ACTIONS))
def test_every_operation_has_a_rate_that_bulk_work_can_use(operation: str) -> None:
    rate = rate_for(operation)
    assert rate.burst - reserve_of(rate) >= 1


def test_writes_have_lower_rates_than_reads() -> None:
    assert (
        rate_for("cloudfront:UpdateDistribution").per_second
        < rate_for("cloudfront:GetDistribution").per_second
    )
    assert rate_for("medialive:CreateChannel").per_second < rate_for("medialive:DescribeChannel").per_second


def test_rates_can_be_multiplied() -> None:
    assert scaled(RATES, 50)["cloudfront:*"] == Rate(100, 500)


def test_calls_are_bulk_by_default() -> None:
    assert not is_urgent()
    with urgency():
        assert is_urgent()
        with urgency(False):
            assert not is_urgent()
        assert is_urgent()
    assert not is_urgent()
