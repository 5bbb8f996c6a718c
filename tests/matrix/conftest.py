"""A world whose worker can be killed at an exact call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.matrix.faults import MortalSession
from tests.world import WorldUnderTest


@pytest.fixture
def mortal(db: None, settings: object) -> Iterator[WorldUnderTest]:
    yield from WorldUnderTest.running(settings, MortalSession)
