"""Fixtures shared by all tests: an embedded AWS of one's own, and a driver that lets time pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.world import WorldUnderTest


def pytest_report_header() -> str:
    """On which database the tests run."""
    return f"database: {connection.vendor}"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wakes go nowhere: in-process tests play the sweep themselves, as after a lost broker."""
    monkeypatch.setattr("streamhub.lifecycle.wake.send", lambda task, args, queue: None)


@pytest.fixture
def world(db: None, settings: object) -> Iterator[WorldUnderTest]:
    """The product in one process on an embedded AWS whose time passes at once."""
    yield from WorldUnderTest.running(settings)


@pytest.fixture
def live_world(transactional_db: None, settings: object) -> Iterator[WorldUnderTest]:
    """The same on committed rows, for tests with threads."""
    yield from WorldUnderTest.running(settings)
