"""`manage.py rehearse`: play the whole life of a stream on the configured account, and take it away again.

Exit status 0: all went well and nothing is left; 1: a step failed; 2: refused before anything was created.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from drift.rehearsal.conductor import Conductor
from drift.rehearsal.outcome import Outcome
from drift.rehearsal.told import Told, verdict
from streamhub.clock import database_now
from streamhub.commands import DatabaseCommand
from streamhub.lifecycle import lease

LEASE = "rehearse"
# Longer than any step under way may hold this command up; a killed one blocks the next for so long.
LEASE_SECONDS = 60
NO_TERMINAL = (
    "A rehearsal creates resources that cost money, so it asks first. Run it in a terminal, or add --yes."
)
UNDER_WAY = (
    "Another rehearsal is under way, or was killed less than a minute ago. Run this again when it is over."
)


class Command(DatabaseCommand):
    help = "Play the whole life of a stream on the configured AWS account, and take it away again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask before anything is created")
        parser.add_argument("--json", metavar="FILE", help="write what happened as JSON into this file")

    def execute(self, *args: Any, **options: Any) -> str | None:
        self._outcome: Outcome | None = None
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if self._outcome is None or not self._outcome.steps:
                error.returncode = 2
            raise

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        told, outcome = Told(self._write), Outcome.new(database_now())
        self._outcome = outcome
        outcome.refused += filter(None, [_unwritable(options["json"])])
        if not options["yes"] and not sys.stdin.isatty():
            outcome.refused.append(NO_TERMINAL)
        outcome.refused += filter(None, [] if outcome.refused else [_unmigrated()])
        if not outcome.refused:
            with lease.single(LEASE, LEASE_SECONDS) as run:
                if run is None:
                    outcome.refused.append(UNDER_WAY)
                else:
                    Conductor(outcome, told, run, None if options["yes"] else self._agrees).conduct()
                    run.say(outcome.status)
        outcome.seconds = time.monotonic() - began
        self._end(outcome, told, options["json"])

    def _write(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _agrees(self, question: str) -> bool:
        self._write(question)
        return input("[y/N] ").strip().lower() in ("y", "yes")

    def _end(self, outcome: Outcome, told: Told, file: str | None) -> None:
        if file and not _unwritable(file):
            Path(file).write_text(json.dumps(outcome.as_json(), indent=1) + "\n")
        if outcome.refused:
            raise CommandError(f"Refused, nothing was created. {' '.join(outcome.refused)}", returncode=2)
        told.table(outcome)
        if outcome.exit_status:
            raise CommandError(verdict(outcome), returncode=outcome.exit_status)
        told.line(verdict(outcome))


def _unmigrated() -> str:
    """Which migrations were not run, as after an upgrade without `bootstrap`; "" if all were."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return (
        f"{len(waiting)} migrations of the database were not run. Run manage.py bootstrap." if waiting else ""
    )


def _unwritable(file: str | None) -> str:
    """Why the file cannot be written; "" if it can. A file that exists keeps what it has for now."""
    if not file:
        return ""
    try:
        with Path(file).open("a"):
            return ""
    except OSError as error:
        return f"{file} cannot be written: {error.strerror}."
