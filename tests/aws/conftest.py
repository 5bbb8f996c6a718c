"""Fixtures: sessions whose calls are recorded and compared with the table of IAM actions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.loaders import create_loader
from botocore.stub import Stubber

from streamhub.aws.iam_actions import ACTIONS
from streamhub.aws.session import ATTEMPTS, AwsCall, AwsSession
from streamhub.aws.target import embedded_target
from tests.aws.stubs import NOWHERE, REGION
from tests.aws.wire import ScriptedServer


@pytest.fixture(scope="session", autouse=True)
def _models_loaded_once() -> Iterator[None]:
    """Load botocore's service models once; loading them per session would take most of the suite's time."""
    loader = create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda *_paths: loader)
        yield


@pytest.fixture
def calls() -> Iterator[list[AwsCall]]:
    """All calls of the test. Each must be in the table of IAM actions."""
    made: list[AwsCall] = []
    yield made
    unlisted = {call.operation for call in made} - set(ACTIONS)
    assert not unlisted, f"streamhub/aws/iam_actions.py lacks {sorted(unlisted)}"


@pytest.fixture
def session_at(calls: list[AwsCall]) -> Callable[..., AwsSession]:
    """Makes recorded sessions at an endpoint of this machine."""

    def make(endpoint_url: str, **about: Any) -> AwsSession:
        session = AwsSession(embedded_target(endpoint_url, REGION, "test"), **about)
        session.on_call.append(calls.append)
        return session

    return make


@pytest.fixture
def session(session_at: Callable[..., AwsSession]) -> AwsSession:
    """A session whose clients cannot connect unless they are stubbed."""
    return session_at(NOWHERE)


@pytest.fixture
def stub(session: AwsSession) -> Iterator[Callable[..., Stubber]]:
    """Stubs the session's client of a service. The test must make every expected call."""
    stubbers: list[Stubber] = []

    def make(service: str, region: str | None = None, attempts: int = ATTEMPTS) -> Stubber:
        stubber = Stubber(session.client(service, region, attempts))
        stubber.activate()
        stubbers.append(stubber)
        return stubber

    yield make
    for stubber in stubbers:
        stubber.assert_no_pending_responses()


@pytest.fixture
def wire() -> Iterator[ScriptedServer]:
    """A scripted HTTP server on this machine."""
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
