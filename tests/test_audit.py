"""What `make audit` says: what could not be read is never said to be free of vulnerabilities."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.audit import FOUND, NONE, NOT_KNOWN, judged

CLEAN = {"name": "django", "version": "5.2", "vulns": []}
BAD = {"name": "jinja2", "version": "3.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}
UNREAD = {"name": "amqp", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def answer(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([CLEAN], NONE, ["lock: no known vulnerability in 1 packages"]),
        ([CLEAN, BAD], FOUND, ["lock: jinja2 3.0: PYSEC-1, fixed in 3.1"]),
        ([CLEAN, UNREAD], NOT_KNOWN, ["lock: NOT KNOWN for 1 of 2 packages: amqp"]),
        (
            [BAD, UNREAD],
            FOUND,
            ["lock: jinja2 3.0: PYSEC-1, fixed in 3.1", "lock: NOT KNOWN for 1 of 2 packages: amqp"],
        ),
    ],
    ids=["clean", "found", "unread", "found and unread"],
)
def test_what_is_said_of_a_lock(packages: list[dict[str, Any]], code: int, said: list[str]) -> None:
    assert judged("lock", answer(*packages)) == (code, said)


@pytest.mark.parametrize("output", ["", "not json", "[]", '{"dependencies": []}'])
def test_no_answer_is_not_known(output: str) -> None:
    code, (sentence,) = judged("lock", output, "Traceback\nProxyError: refused\n")
    assert code == NOT_KNOWN
    assert "NOT KNOWN" in sentence
    assert "ProxyError: refused" in sentence
    assert "no known vulnerability" not in sentence
