"""The SQL of `make bench CASE=export` fits the tables as they are. Nothing else runs it but the bench."""

from __future__ import annotations

import pytest

from tests.bench.separately import measured
from tests.scenarios.processes import postgres_database

pytestmark = pytest.mark.services


def test_a_statement_is_filled_exported_and_copied() -> None:
    with postgres_database() as database:
        found = measured(database, "export_rows", 1000)
    assert found["lines"] == 1000
    # The export has a head and two columns more.
    assert found["copy_bytes"] < found["export_bytes"] < 2 * found["copy_bytes"]
