"""The API conforms to its description: no 500 and no undocumented answer, with and without a token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from channels_app.services import breakout_create, channel_create
from distributions.services import distribution_create
from streamhub.access import limits
from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from tests.scenarios.actors import TESTER
from tests.scenarios.volume import volume

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What a schema cannot say and words do: a key that was used, a name that is taken, a channel that does not
# exist, a customer whom no breakout has, a month to come, a host that is not on the internet, a time that is
# past or too far ahead, a week in all, a mark of a tag that composes with no letter.
EXPLAINED = re.compile(
    r"The key was used for |named .* exists already|There is no channel |is not an address on the internet"
    r"|No breakout has the customer |This month has not begun| is past; it is "
    r"|AWS does not take U\+|Give a time after now and at most |a week in all is the most"
)


def is_explained(error: dict[str, str]) -> bool:
    """Which sources are taken depends on input type and internet: the description has words for it."""
    return error.get("field") == "source_urls" or bool(EXPLAINED.search(error["detail"]))


@schemathesis.check
def valid_data_is_taken(ctx: Any, response: Any, case: schemathesis.Case) -> None:
    """What fits the schema is not answered with 422, unless the description says why."""
    if response.status_code == 422:
        problem = response.json()
        if all(is_explained(error) for error in problem.get("errors") or [problem]):
            return
    positive_data_acceptance(ctx, response, case)


CHECKS.append(valid_data_is_taken)
EXAMPLES = volume(5, 10)

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
searching = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)


@pytest.fixture
def token(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A token with every scope, and rows with ids like 1."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the test's transaction lives on that connection
    monkeypatch.setattr(limits.requests, "take", lambda key: 0.0)
    monkeypatch.setattr(limits.failures, "take", lambda key: 0.0)
    channel = channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    breakout_create(channel, "keynote", who=TESTER)
    distribution_create("https://origin.example.com/out/v1/index.m3u8", owner_label="x", who=TESTER)
    yield token_issue("schemathesis", list(SCOPES), timedelta(days=1))[1]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def checks_of(case: schemathesis.Case) -> list[Any]:
    """All checks, but readyz may answer 503, as its description says."""
    return [check for check in CHECKS if check is not not_a_server_error or "readyz" not in case.path]


@schema.parametrize()
@searching
def test_with_a_token(case: schemathesis.Case, token: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=checks_of(case))


@schema.parametrize()
@searching
def test_without_a_token(case: schemathesis.Case, token: str) -> None:
    answer = case.call(headers={"Authorization": "Bearer unknown"})
    case.validate_response(answer, checks=checks_of(case))
    open_to_all = case.path.startswith(("/api/v1/livez", "/api/v1/readyz"))
    assert answer.status_code in ((200, 405, 422, 503) if open_to_all else (401, 404, 405, 422, 413))


def test_no_two_schemas_share_a_name() -> None:
    """ninja names schemas after their class, so two with one name would get one description."""
    from ninja import Schema

    names: dict[str, str] = {}

    def walk(base: type) -> None:
        for schema in base.__subclasses__():
            name, module = schema.__name__, schema.__module__
            ours = module.startswith(("streamhub", "channels_app", "distributions", "billing"))
            if ours and "[" not in name:
                assert names.setdefault(name, module) == module, name
            walk(schema)

    walk(Schema)
    assert len(names) > 10
