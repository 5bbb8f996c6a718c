"""Sessions and connections after a failover, on real servers: the next one leads to who can be written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import environ
import kombu.exceptions
import psycopg
import pytest
import redis
from django.db import Error, InternalError, OperationalError, connections, transaction
from django.db.utils import ConnectionHandler
from kombu import Connection

from devstack.ports import HOST
from streamhub import redis_servers, variables
from streamhub.aws.redis_call_queue import RedisQueues
from streamhub.postgresql.base import DatabaseWrapper
from streamhub.postgresql.options import completed
from streamhub.redis_servers import RedisOptions
from streamhub.token_bucket import Rate
from tests.scenarios.failover import PostgresPair, RedisPair, postgres_pair, redis_pair
from tests.scenarios.processes import unavailable
from tests.scenarios.redis_kinds import MASTER, TlsRedis, sentinel_url, sentinels
from tests.scenarios.servers import NoServer, started

pytestmark = [pytest.mark.services, pytest.mark.timeout(120)]

BESIDE = "beside"


@pytest.fixture(scope="module")
def database(django_db_blocker: Any) -> Iterator[PostgresPair]:
    """A pair of our own, so pytest-django need not protect the test database."""
    try:
        with postgres_pair() as pair, django_db_blocker.unblock():
            with connected(pair.url).cursor() as cursor:
                cursor.execute("CREATE TABLE written (id serial)")
            _wait_for_the_standby(pair)
            yield pair
    except NoServer as error:
        unavailable("PostgreSQL's initdb", error)


def _wait_for_the_standby(pair: PostgresPair) -> None:
    """Until the standby has the table: it follows a moment later."""
    url = f"postgres://postgres@{HOST}:{pair.standby.port}/postgres"
    with psycopg.connect(url, autocommit=True) as standby:
        for _ in range(600):
            if standby.execute("SELECT to_regclass('written')").fetchone() != (None,):
                return
            time.sleep(0.05)
    raise AssertionError("the standby does not follow its writer")


@pytest.fixture
def broker() -> Iterator[RedisPair]:
    try:
        with redis_pair() as pair:
            yield pair
    except NoServer as error:
        unavailable("redis-server", error)


def connected(url: str) -> DatabaseWrapper:
    """A connection of the product's backend, beside Django's own."""
    config = variables.database(environ.Env(DATABASE_URL=(str, url)), "NO_SUCH_VARIABLE", url)
    databases = {"default": {}, BESIDE: {**completed(config), "CONN_MAX_AGE": 0}}
    connection = ConnectionHandler(databases).create_connection(BESIDE)
    assert isinstance(connection, DatabaseWrapper)
    return connection


def write(connection: DatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO written DEFAULT VALUES")


def session(connection: DatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


# --- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture
def on_reader(database: PostgresPair) -> Iterator[DatabaseWrapper]:
    """A session on the reader, while new sessions lead to the writer."""
    database.to_reader()
    connection = connected(database.url)
    session(connection)
    database.to_writer()
    yield connection
    connection.close()


def test_a_write_on_a_reader_drops_the_session(on_reader: DatabaseWrapper) -> None:
    with pytest.raises(InternalError):
        write(on_reader)
    write(on_reader)


def test_a_transaction_on_a_reader_drops_the_session_at_its_end(on_reader: DatabaseWrapper) -> None:
    connections[BESIDE] = on_reader
    try:
        with pytest.raises(InternalError), transaction.atomic(using=BESIDE):
            write(on_reader)
        assert on_reader.connection is None
        with transaction.atomic(using=BESIDE):
            write(on_reader)
    finally:
        del connections[BESIDE]


def test_a_session_on_a_reader_is_not_used_for_the_next_request(on_reader: DatabaseWrapper) -> None:
    on_reader.close_at = None
    session(on_reader)
    on_reader.close_if_unusable_or_obsolete()  # as at the end of a request
    on_reader.close_if_health_check_failed()  # as at the first query of the next
    write(on_reader)


def test_a_session_that_can_write_is_kept(database: PostgresPair) -> None:
    connection = connected(database.url)
    before = session(connection)
    connection.close_at = None
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()
    assert session(connection) == before
    connection.close()


def test_a_session_that_the_server_ended_is_replaced(database: PostgresPair) -> None:
    connection, other = connected(database.url), connected(database.url)
    before = session(connection)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [before])
    time.sleep(0.2)
    with pytest.raises(Error):
        session(connection)
    assert session(connection) != before
    connection.close()
    other.close()


@pytest.mark.parametrize("first", ["reader", "writer"])
def test_of_several_hosts_the_one_that_can_be_written_is_used(database: PostgresPair, first: str) -> None:
    ports = [database.standby.port, database.writer.port]
    hosts = ",".join(f"{HOST}:{port}" for port in (ports if first == "reader" else reversed(ports)))
    connection = connected(f"postgres://postgres@{hosts}/postgres")
    write(connection)
    connection.close()


def test_what_the_url_says_about_a_session_wins(database: PostgresPair) -> None:
    hosts = f"{HOST}:{database.standby.port},{HOST}:{database.standby.port}"
    with pytest.raises(OperationalError, match="read-only"):
        session(connected(f"postgres://postgres@{hosts}/postgres"))
    connection = connected(f"postgres://postgres@{hosts}/postgres?target_session_attrs=any")
    session(connection)
    connection.close()


# --- Redis -------------------------------------------------------------------------------------


def test_the_shared_rate_limit_follows_a_failover(broker: RedisPair) -> None:
    now = [0.0]
    client = redis_servers.client(broker.url, RedisOptions(), timeout=1)
    queues = RedisQueues(client, prefix="test:", clock=lambda: now[0])
    rate = Rate(per_second=0.001, burst=5)
    assert queues.take("key", rate, holder="row", urgent=True) == 0
    broker.fail_over()
    assert queues.take("key", rate, holder="row", urgent=True) == 0, "this process's own bucket meanwhile"
    broker.to_master()
    now[0] += RedisQueues.RETRY_REDIS_SECONDS + 1
    assert queues.take("later", rate, holder="row", urgent=True) == 0
    with broker.master.client() as other:
        assert other.exists("test:later")


def celery_connection(url: str, options: RedisOptions) -> Connection:
    """A connection as Celery makes it from our settings."""
    return Connection(url, ssl=options.tls(url) or False, transport_options=options.of_transport(url, 1))


def sent_and_received(connection: Any) -> bool:
    with connection, connection.SimpleQueue("test") as queue:
        queue.put("a message")
        message = queue.get(timeout=5)
        message.ack()
        return bool(message.payload == "a message")


def test_sentinels_lead_to_the_master_before_and_after_a_failover(broker: RedisPair) -> None:
    options = RedisOptions(master=MASTER)
    with sentinels(broker) as watching:
        url = sentinel_url(watching)
        client = redis_servers.client(url, options, timeout=1)
        assert client.set("before", 1)
        assert sent_and_received(celery_connection(url, options))
        broker.master.kill()
        with broker.replica.client() as elected:
            assert reaches(client, elected)
        assert sent_and_received(celery_connection(url, options))


def reaches(client: redis.Redis, elected: redis.Redis) -> bool:
    """Whether what the client writes arrives there within twenty seconds, after an election."""
    for _ in range(40):
        with suppress(redis.RedisError):
            client.set("after", 1)
        if elected.exists("after"):
            return True
        time.sleep(0.5)
    return False


def test_tls_with_an_authority_of_the_house() -> None:
    try:
        with started(TlsRedis) as broker:
            options = RedisOptions(ca_file=str(broker.ca_file))
            assert redis_servers.client(broker.url, options, timeout=1).ping()
            assert sent_and_received(celery_connection(broker.url, options))
            with pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
                redis_servers.client(broker.url, RedisOptions(), timeout=1).ping()
            with pytest.raises(kombu.exceptions.OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
                sent_and_received(celery_connection(broker.url, RedisOptions()))
    except NoServer as error:
        unavailable("redis-server", error)
