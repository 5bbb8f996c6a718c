"""The processes' logs: exceptions that nobody expected while database and broker came and went."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

# The last line of a traceback names the exception. These say that database, broker or a process was away.
EXPECTED = re.compile(
    r"\b(OperationalError|InterfaceError|ConnectionError|ConnectionResetError|ConnectionRefusedError|"
    r"BrokenPipeError|TimeoutError|PoolTimeout|AdminShutdown|ConnectionTimeout|CannotConnectNow)\b|"
    r"Error 111 connecting|Connection (refused|reset|closed)"
)
LAST_LINE = re.compile(r"^[A-Za-z_][\w.]*(: |$)")
NEXT_ENTRY = re.compile(r"^\d{4}-\d\d-\d\dT|^\[\d{4}-")
CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


def surprises(folder: Path) -> list[str]:
    """Exceptions that reached a log and are not explained by an outage, each once with its number."""
    seen: Counter[str] = Counter()
    for log in sorted(folder.glob("*.log")):
        for line in exceptions(log.read_text(errors="replace").splitlines()):
            if not EXPECTED.search(line):
                seen[f"{log.stem}: {line[:200]}"] += 1
    return [f"{said} (x{n})" for said, n in seen.most_common()]


def exceptions(lines: Iterable[str]) -> Iterator[str]:
    """The last exception of each chain of tracebacks (the one that was not handled), with its details."""
    last: list[str] = []
    inside = False
    for line in lines:
        if line.startswith(CHAINED):
            last = []
        elif line.startswith("Traceback (most recent call last)") or NEXT_ENTRY.match(line):
            if last:
                yield " ".join(last)
            last, inside = [], not NEXT_ENTRY.match(line)
        elif last and len(last) < 4 and line.strip():
            last.append(line.strip())
        elif inside and LAST_LINE.match(line):
            last, inside = [line], False
    if last:
        yield " ".join(last)
