"""`make audit`: what is locked against the known vulnerabilities. "None" is never said for "not known".

pip-audit asks pypi.org about each package. What it cannot read is said to be not known, by name.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NONE, FOUND, NOT_KNOWN = 0, 1, 2
COMMAND = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json", "-r")
SHOWN = 10


def judged(lock: str, output: str, complaint: str = "") -> tuple[int, list[str]]:
    """The exit code, and what to say of a lock, from pip-audit's JSON and from what it wrote to stderr."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    if not packages:
        last = (complaint.strip().splitlines() or ["it gave no answer"])[-1]
        return NOT_KNOWN, [f"{lock}: NOT KNOWN. The known vulnerabilities could not be read: {last}"]
    skipped = [package["name"] for package in packages if package.get("skip_reason")]
    found = [
        f"{lock}: {package['name']} {package['version']}: {vulnerability['id']}, fixed in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in packages
        for vulnerability in package.get("vulns", [])
    ]
    said = list(found)
    if skipped:
        names = ", ".join(skipped[:SHOWN]) + (" …" if len(skipped) > SHOWN else "")
        said.append(f"{lock}: NOT KNOWN for {len(skipped)} of {len(packages)} packages: {names}")
    if not said:
        said.append(f"{lock}: no known vulnerability in {len(packages)} packages")
    return FOUND if found else NOT_KNOWN if skipped else NONE, said


def main(locks: Sequence[str]) -> int:
    """Judge each lock; the worst of the outcomes that are known, else that something is not known."""
    codes = set()
    for lock in locks:
        program = Path(sys.executable).with_name("pip-audit")
        run = subprocess.run([program, *COMMAND, lock], capture_output=True, text=True, check=False)
        code, said = judged(lock, run.stdout, run.stderr)
        print(*said, sep="\n")
        codes.add(code)
    return FOUND if FOUND in codes else NOT_KNOWN if NOT_KNOWN in codes else NONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
