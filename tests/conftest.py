"""Fixtures shared by all tests: an embedded AWS of one's own, a driver that lets time pass, the staff."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from channels_app.models import Channel
from tests.scenarios import naming
from tests.scenarios import stage as scene
from tests.scenarios.staff import as_role, engineer, operator, superuser, viewer
from tests.scenarios.world import WorldUnderTest

__all__ = ["as_role", "engineer", "operator", "superuser", "viewer"]


def pytest_report_header() -> str:
    """On which database the tests run."""
    return f"database: {connection.vendor}"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Rows of tables are named after their values."""
    return naming.readable(val)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the rows without a name, before any is left out; tests/test_tests.py allows none."""
    config.stash[naming.UNNAMED] = [item.nodeid for item in items if naming.is_unnamed(item)]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wakes go nowhere: in-process tests play the sweep themselves, as after a lost broker."""
    monkeypatch.setattr("streamhub.lifecycle.wake.send", lambda task, args, queue: None)


@pytest.fixture(scope="session", autouse=True)
def _no_pause_between_attempts() -> Iterator[None]:
    """botocore waits up to a second before it tries again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
        yield


@pytest.fixture
def world(db: None, settings: object) -> Iterator[WorldUnderTest]:
    """The product in one process on an embedded AWS whose time passes at once."""
    yield from WorldUnderTest.running(settings)


@pytest.fixture
def live_world(transactional_db: None, settings: object) -> Iterator[WorldUnderTest]:
    """The same on committed rows, for tests with threads."""
    yield from WorldUnderTest.running(settings)


@pytest.fixture
def stage(world: WorldUnderTest) -> Channel:
    """A channel named "stage", idle behind its distribution; AWS has counted no call since."""
    scene.with_channel(world)
    world.control.clear_calls()
    return scene.channel()
