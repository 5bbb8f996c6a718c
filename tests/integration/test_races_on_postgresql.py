"""Tests of `make test` again on PostgreSQL: races, as it locks single rows, and searches, for its plans."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.processes import postgres_database
from tests.scenarios.volume import volume

pytestmark = [pytest.mark.services, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[2]
ROUNDS = str(volume(10, 20))
# Few runs: each imports the product and makes a database, which takes longer than most of these files.
RUNS = {
    "races": ["tests/lifecycle/test_races.py"],
    "races of API and admin": ["tests/lifecycle/test_races_of_api_and_admin.py"],
    "claims, searches, statements and webhooks": [
        "tests/lifecycle/test_claim.py",
        "tests/lifecycle/test_observed_facts.py",
        "tests/lifecycle/test_sweep.py",
        "tests/console/test_finding.py",
        "tests/channels_app/test_tags_found.py",
        "tests/billing/statements/test_races.py",
        "tests/billing/statements/test_month.py",
        "tests/webhooks/test_outbox.py",
    ],
}


@pytest.mark.parametrize("files", RUNS.values(), ids=RUNS)
def test_tests_pass_on_postgresql(files: list[str], tmp_path: Path) -> None:
    with postgres_database() as url:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "STREAMHUB_VAR_DIR": str(tmp_path),
            "RACE_ROUNDS": ROUNDS,
        }
        options = ["-p", "no:cacheprovider", "--timeout", "300"]
        result = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *files],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
    output = result.stdout[-6000:] + result.stderr[-2000:]
    assert "database: postgresql" in result.stdout, output
    assert result.returncode == 0, output
