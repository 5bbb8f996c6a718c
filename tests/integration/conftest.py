"""Running stacks: on real PostgreSQL and Redis, and on SQLite with the embedded broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.processes import RunningStack, postgres_database, redis_database, running


@pytest.fixture
def on_postgres(tmp_path: Path) -> Iterator[RunningStack]:
    """gunicorn, two workers and beat on PostgreSQL and Redis."""
    with postgres_database() as database, redis_database() as broker:
        environment = {"DATABASE_URL": database, "CELERY_BROKER_URL": broker}
        with running(tmp_path, environment, workers=2, scale=0.02) as stack:
            yield stack


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[RunningStack]:
    """gunicorn, one worker and beat on SQLite and the embedded broker."""
    with running(tmp_path, {}, workers=1, scale=0.02) as stack:
        yield stack
