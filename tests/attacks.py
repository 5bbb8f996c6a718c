"""`make attacks`: the attacks of docs/security.md as one set, each with what came of it.

The table names the tests that try an attack. They run together; an attack is held up if each of its tests
ran and passed. Exit code 1: one was not, or did not run. Some need PostgreSQL: `DATABASE_URL` names it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"
HEADING = "## Attacks, and what comes of them\n"
DEFINED = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)

HELD, SUCCEEDED, NOT_TRIED = "held up", "SUCCEEDED", "NOT TRIED"
ENDS = {"failure": SUCCEEDED, "error": SUCCEEDED, "skipped": NOT_TRIED}


@dataclass(frozen=True)
class Attack:
    """A row of the table: what is tried, what comes of it, and the tests that try it."""

    what: str
    outcome: str
    tests: tuple[str, ...]


def attacks(page: str) -> list[Attack]:
    """The rows of the table."""
    section = page.partition(HEADING)[2].partition("\n## ")[0]
    cells = [row.strip("| ").split(" | ") for row in section.splitlines() if "`test_" in row]
    return [
        Attack(what, outcome, tuple(re.findall(r"`(test_\w+)`", named))) for what, outcome, named in cells
    ]


def files_of(names: Iterable[str]) -> dict[str, Path]:
    """The file of each test. Raises `LookupError` for a name that none or several have."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in DEFINED.findall(path.read_text()):
            found[name].append(path)
    if wrong := [name for name in names if len(found[name]) != 1]:
        raise LookupError(f"Not the name of one test: {', '.join(wrong)}")
    return {name: found[name][0] for name in names}


def outcomes(report: str) -> dict[str, set[str]]:
    """By test, how its cases ended, from pytest's JUnit report."""
    ends: dict[str, set[str]] = defaultdict(set)
    for case in ET.fromstring(report).iter("testcase"):
        name = case.attrib["name"].partition("[")[0]
        ends[name].add(next((end for tag, end in ENDS.items() if case.find(tag) is not None), HELD))
    return dict(ends)


def verdict(attack: Attack, ends: Mapping[str, set[str]]) -> str:
    """Held up only if every case of each of its tests ran and passed."""
    of_tests = set().union(*(ends.get(name) or {NOT_TRIED} for name in attack.tests))
    return next(end for end in (SUCCEEDED, NOT_TRIED, HELD) if end in of_tests)


def main() -> int:
    table = attacks(PAGE.read_text())
    files = files_of({name: None for attack in table for name in attack.tests})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        nodes = [f"{path}::{name}" for name, path in files.items()]
        run = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "0",
            "--no-header",
            f"--junit-xml={report}",
            *nodes,
        ]
        subprocess.run(run, cwd=ROOT, check=False)
        ends = outcomes(report.read_text()) if report.exists() else {}
    verdicts = [verdict(attack, ends) for attack in table]
    for attack, end in zip(table, verdicts, strict=True):
        print(f"{end:9} | {attack.what} | {attack.outcome}")
    counts = " · ".join(f"{end} {verdicts.count(end)}" for end in (HELD, SUCCEEDED, NOT_TRIED))
    print(f"attacks {len(table)} · {counts} · tests {len(files)}")
    return 1 if set(verdicts) != {HELD} else 0


if __name__ == "__main__":
    sys.exit(main())
