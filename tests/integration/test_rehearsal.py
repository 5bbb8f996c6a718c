"""A rehearsal on running stacks: real processes carry it out, and nothing is left in their AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from devstack.processes import ProcessFailed, readiness
from tests.integration import flows
from tests.scenarios.packages import ROOT
from tests.scenarios.processes import RunningStack

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]

SCHEMA = json.loads((ROOT / "docs" / "rehearsal.schema.json").read_text())


def rehearsed(stack: RunningStack, folder: Path) -> dict[str, Any]:
    """Run it as a user does; returns what it wrote."""
    file = folder / "rehearsal.json"
    stack.processes.run("rehearse", "--yes", "--json", str(file), timeout=400)
    facts: dict[str, Any] = json.loads(file.read_text())
    jsonschema.validate(facts, SCHEMA)
    return facts


def assert_took_all_steps(stack: RunningStack, facts: dict[str, Any]) -> None:
    assert {step["step"]: step["status"] for step in facts["steps"]} == dict.fromkeys(
        ("channel", "ready", "start", "curtain", "playback", "stop", "delete", "reap", "usage", "left"), "ok"
    )
    assert facts["left"] == []
    flows.wait_gone(stack)
    flows.assert_legal(stack)
    calls = stack.control.counts()["calls"]
    assert {name: calls[name] for name in flows.CREATES} == dict.fromkeys(flows.CREATES, 1)


def test_the_workers_play_a_whole_stream_and_without_a_worker_none_begins(
    on_sqlite: RunningStack, tmp_path: Path
) -> None:
    assert_took_all_steps(on_sqlite, rehearsed(on_sqlite, tmp_path))
    on_sqlite.processes.stop("worker-1")
    on_sqlite.processes.wait(lambda: not _alive(on_sqlite), "the worker is missed", 90)
    with pytest.raises(ProcessFailed, match="No worker is alive"):
        rehearsed(on_sqlite, tmp_path)
    calls = on_sqlite.control.counts()["calls"]
    assert {name: calls[name] for name in flows.CREATES} == dict.fromkeys(flows.CREATES, 1)


def test_the_workers_play_a_whole_stream_on_postgresql(on_postgres: RunningStack, tmp_path: Path) -> None:
    assert_took_all_steps(on_postgres, rehearsed(on_postgres, tmp_path))


def _alive(stack: RunningStack) -> bool:
    return readiness(stack.processes.web_url).get("worker", True)
