"""Runs a module of the bench in a process of its own, on a database of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from devstack.processes import ROOT, clean_environment


def measured(database: str, module: str, *arguments: object) -> Any:
    """The JSON that `python -m tests.bench.MODULE ARGUMENT ...` prints last, with this `DATABASE_URL`."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)],
        cwd=ROOT,
        env={**clean_environment(), "DATABASE_URL": database, "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])
