"""A receiver on this machine that the settings allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenarios.webhook_receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1"]
    with receiving() as seen:
        yield seen
