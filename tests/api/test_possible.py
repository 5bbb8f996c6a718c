"""What a 409 names as possible are calls that the API has for that kind of object."""

from __future__ import annotations

import re
from typing import Any

import pytest

from billing.statements import guards as statements
from channels_app.guards import breakout, channel
from distributions import guards as distributions
from streamhub.alerts import guards as alarms
from streamhub.lifecycle.guards import NO_CALL
from streamhub.urls import api

PATHS = api.get_openapi_schema()["paths"]
TABLES = {
    "channels": channel.rules(),
    "breakouts": breakout.rules(),
    "distributions": distributions.rules(),
    "alarms": alarms.rules(),
}


def calls_of(kind: str) -> set[str]:
    """The ends of its paths that take a POST; `edit` is PATCH and `delete` DELETE of the object itself."""
    own = PATHS.get(f"/api/v1/{kind}/{{id}}", {})
    found = {name for name, method in (("edit", "patch"), ("delete", "delete")) if method in own}
    matches = ((re.fullmatch(rf"/api/v1/{kind}/{{id}}/([a-z-]+)", path), path) for path in PATHS)
    return found | {match[1] for match, path in matches if match and "post" in PATHS[path]}


@pytest.mark.parametrize("kind", TABLES)
def test_each_verb_of_a_table_names_its_call_or_none(kind: str) -> None:
    rules: dict[str, Any] = dict(TABLES[kind])
    named = {rule.call or verb for verb, rule in rules.items() if rule.call is not NO_CALL}
    assert named <= calls_of(kind)


@pytest.mark.parametrize("kind", TABLES)
def test_no_call_that_changes_something_is_left_out(kind: str) -> None:
    named = {rule.call or verb for verb, rule in TABLES[kind].items()} | set(breakout.link_rules())
    assert calls_of(kind) <= named


def test_of_statements_discard_is_the_delete() -> None:
    assert calls_of("statements") == {"delete"} | set(statements._ALLOWED) - {"discard"}
