"""A process of the version before goes on working while, and after, the database is updated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.processes import postgres_database

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


def test_the_version_before_lives_with_every_migration(tmp_path: Path) -> None:
    with postgres_database() as url:
        result = subprocess.run(
            [sys.executable, "-m", "tests.migrations"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "STREAMHUB_VAR_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
