"""A world whose worker can be killed at a chosen call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.crashing_session import MortalSession
from tests.scenarios.world import WorldUnderTest


@pytest.fixture
def mortal(db: None, settings: object) -> Iterator[WorldUnderTest]:
    yield from WorldUnderTest.running(settings, MortalSession)
