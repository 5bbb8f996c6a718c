"""One embedded AWS for all tests here, reset before each; tests skip AWS time with `control.advance`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.server import EmbeddedAws, Handle
from tests.emulator.clients import ClientFactory, boto3_client


@pytest.fixture(scope="session")
def _server() -> Iterator[Handle]:
    handle = EmbeddedAws(scale=1.0, buckets=["recordings", "media"]).start_in_thread()
    yield handle
    handle.stop()


@pytest.fixture
def aws(_server: Handle) -> Handle:
    """The embedded AWS at scale 1, so slow operations end only after `control.advance`."""
    _server.control.reset(scale=1.0, seed=1)
    return _server


@pytest.fixture(scope="session")
def _clients() -> dict[tuple[str, str], Any]:
    return {}


@pytest.fixture
def client(aws: Handle, _clients: dict[tuple[str, str], Any]) -> ClientFactory:
    """`client("cloudfront")`: a boto3 client of the embedded AWS."""

    def make(service: str) -> Any:
        key = (aws.url, service)
        if key not in _clients:
            _clients[key] = boto3_client(aws.url, service)
        return _clients[key]

    return make


@pytest.fixture
def cloudfront(client: ClientFactory) -> Any:
    return client("cloudfront")
