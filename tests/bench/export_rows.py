"""`python -m tests.bench.export_rows N`: a statement of N lines as CSV from `DATABASE_URL`, beside COPY.

Each way runs three times by turns in one process; the least of its times counts. As JSON: seconds and bytes
of both, and by how much memory grew while the export ran.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from billing.statement_rows import Statement  # noqa: E402
from billing.statements.documents import csv_lines  # noqa: E402

TIMES = 3
FILL = """INSERT INTO billing_statementline (statement_id, position, month, kind, correction, subject, name,
    channel_name, aws_distribution_id, bytes_downloaded, requests, seconds, quantity, nanos, cents, currency,
    rates)
SELECT %s, n, '2026-09-01', 'delivery', n %% 50 = 0, md5(n::text),
    CASE n %% 100 WHEN 0 THEN '=SUM(A1)' WHEN 1 THEN 'said "so", twice' ELSE 'keynote ' || n END,
    'stage ' || n %% 100, 'E' || upper(substr(md5(n::text), 1, 13)), 1000000007 + 13 * n, 1000 + n, 0, 0,
    83819032 + n, 8, 'USD', '20 23 31' FROM generate_series(1, %s) AS n"""
COPY = """COPY (SELECT position, month, kind, correction, subject, name, channel_name, aws_distribution_id,
    bytes_downloaded, requests, seconds, quantity, cents, currency, rates FROM billing_statementline
    WHERE statement_id = %s ORDER BY position) TO STDOUT WITH (FORMAT csv)"""


def filled(count: int) -> Statement:
    """A draft with so many lines, made by SQL."""
    row = Statement.objects.create(period=date(2026, 9, 1), created_by="bench", lines_count=count)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [row.pk, count])
        cursor.execute("VACUUM ANALYZE billing_statementline")
    return row


def timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    size = work()
    return time.perf_counter() - began, size


def resident_mib() -> float:
    """The memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    row = filled(count)

    resident: list[float] = []

    def export() -> int:
        size = 0
        for piece in csv_lines(row):
            size += len(piece.encode())
            resident.append(resident_mib())
        return size

    def copy() -> int:
        with connection.cursor() as cursor, cursor.copy(COPY, [row.pk]) as out:
            return sum(len(piece) for piece in out)

    few = Statement.objects.create(period=date(2026, 8, 1), created_by="bench")
    "".join(csv_lines(few))  # what is loaded once is loaded
    before = resident_mib()
    exports, copies = [], []
    for _ in range(TIMES):
        copies.append(timed(copy))
        exports.append(timed(export))
    (export_seconds, export_bytes), (copy_seconds, copy_bytes) = min(exports), min(copies)
    measured = {
        "lines": count,
        "export_seconds": export_seconds,
        "export_bytes": export_bytes,
        "copy_seconds": copy_seconds,
        "copy_bytes": copy_bytes,
        "grown_mib": max(resident) - before,
        "load": os.getloadavg()[0],
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(int(sys.argv[1]))
