"""Fixtures for all tests: the product with an embedded AWS, and staff of every role."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from django.db import connection

from channels_app.models import Channel
from streamhub.lifecycle import broker
from tests.scenarios import emptying, marks, models, naming
from tests.scenarios import stage as scene
from tests.scenarios.staff import as_role, engineer, operator, superuser, viewer
from tests.scenarios.world import WorldUnderTest

__all__ = ["as_role", "engineer", "operator", "superuser", "viewer"]


def pytest_report_header() -> str:
    """The database that the tests use."""
    return f"database: {connection.vendor}"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Rows of tables are named after their values."""
    return naming.readable(val)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Store what tests/test_tests.py allows none of, before any are deselected."""
    config.stash[naming.UNNAMED] = [item.nodeid for item in items if naming.is_unnamed(item)]
    config.stash[marks.NOT_FOUND] = [item.nodeid for item in items if marks.is_not_found(item)]


def pytest_collection_finish() -> None:
    """What is imported by now stays until the end: it is not searched for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discard wakes: in-process tests run the steps themselves. The broker counts as well."""
    monkeypatch.setattr(broker, "state", lambda: broker.State.ANSWERS)
    monkeypatch.setattr("streamhub.lifecycle.wake.send", lambda *_message, **_options: None)


@pytest.fixture(scope="session", autouse=True)
def _no_pause_between_attempts() -> Iterator[None]:
    """Without this, botocore waits up to a second before a retry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _may_be_emptied() -> Iterator[None]:
    """Tests with committed rows end with Django's `flush`."""
    with emptying.allowed():
        yield


@pytest.fixture(scope="session", autouse=True)
def _watched_by_the_models() -> Iterator[None]:
    with models.watched():
        yield


@pytest.fixture(autouse=True)
def _inside_the_models(_watched_by_the_models: None) -> Iterator[None]:
    """Requests of the product and responses of the emulator are as botocore's models of the services say."""
    models.found.clear()
    yield
    assert models.found == []


@pytest.fixture
def world(db: None, settings: object) -> Iterator[WorldUnderTest]:
    """The product in one process with an embedded AWS that finishes everything at once."""
    yield from WorldUnderTest.running(settings)


@pytest.fixture
def live_world(transactional_db: None, settings: object) -> Iterator[WorldUnderTest]:
    """`world` with committed rows, for tests with threads."""
    yield from WorldUnderTest.running(settings)


@pytest.fixture
def stage(world: WorldUnderTest) -> Channel:
    """An idle channel named "stage" with its distribution. AWS has counted no calls since."""
    scene.with_channel(world)
    world.control.clear_calls()
    return scene.channel()
