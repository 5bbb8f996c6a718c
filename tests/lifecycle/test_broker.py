"""Whether the broker answers: asked once in a few seconds, quickly, whatever is wrong with it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from devstack.ports import free_port
from streamhub.celery import app
from streamhub.errors import EmbeddedNotRunning
from streamhub.lifecycle import broker

answers = broker.answers  # before the fixture of all tests replaces it


@pytest.fixture(autouse=True)
def _asked_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "_last", broker._Last())
    app.set_current()


def address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("streamhub.aws.target.broker_url", lambda: url)


def test_a_broker_that_is_there_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    address(monkeypatch, "memory://")
    assert answers() is True


def test_one_that_is_away_does_not_and_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    address(monkeypatch, f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    assert answers() is False
    assert time.monotonic() - began < 1.5


def test_one_whose_address_is_not_known_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise EmbeddedNotRunning("Start it.")

    monkeypatch.setattr("streamhub.aws.target.broker_url", unknown)
    assert answers() is False


def test_it_is_asked_once_in_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(broker, "_connects", lambda: not asked.append(1))
    assert [answers() for _ in range(5)] == [True] * 5
    assert len(asked) == 1
    monkeypatch.setattr(broker, "KEPT_SECONDS", 0.0)
    answers()
    assert len(asked) == 2
