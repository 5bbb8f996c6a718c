"""A rehearsal in one process: while the command waits, the world works and the test's own clock goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from drift.rehearsal import conductor
from drift.rehearsal.waiting import Waiter
from tests.scenarios.well import all_well
from tests.scenarios.world import WorldUnderTest

# The clock of waits goes so much faster than pauses say, for the sake of what is waited for in vain.
FASTER = 10


@dataclass
class Ended:
    """How the command ended: its exit status, what it printed, what it wrote, and its last sentence."""

    status: int
    printed: str
    facts: dict[str, Any]
    said: str

    def of(self, step: str) -> dict[str, Any]:
        return next(found for found in self.facts["steps"] if found["step"] == step)

    @property
    def statuses(self) -> dict[str, str]:
        return {step["step"]: step["status"] for step in self.facts["steps"]}


class Rehearsing:
    """The command, with a world that works while it waits. `seconds`: the clock of its waits."""

    def __init__(self, world: WorldUnderTest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.file = world, folder / "rehearsal.json"
        self.works = self.well = True
        self.seconds = 0.0
        target = world.session.target
        monkeypatch.setattr("streamhub.management.commands.check_aws.resolve_target", lambda: target)
        waiter = partial(Waiter, clock=lambda: self.seconds, pause=self._pause)
        monkeypatch.setattr(conductor, "Waiter", waiter)

    def _pause(self, seconds: float) -> None:
        self.seconds += FASTER * seconds
        if self.works:
            self.world.step_all()
            self.world.observe()
            self.world.reap()

    def run(self, *more: str) -> Ended:
        printed, status, said = StringIO(), 0, ""
        if self.well:
            all_well()  # now: a busy machine takes long enough for workers to seem silent
        try:
            call_command("rehearse", *(more or ("--yes",)), "--json", str(self.file), stdout=printed)
        except CommandError as error:
            status, said = error.returncode, str(error)
        return Ended(status, printed.getvalue(), json.loads(self.file.read_text()), said)


@pytest.fixture
def rehearsing(
    world: WorldUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Rehearsing:
    """Everything is well, and nothing exists."""
    settings.RECORDING_BUCKET = settings.MEDIA_BUCKET = settings.MEDIAMANAGER_DISTRIBUTION_ID = ""
    return Rehearsing(world, tmp_path, monkeypatch)
