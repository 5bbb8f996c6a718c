"""Finds exceptions in the processes' logs that no outage of database or broker explains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

# The last line of a traceback names the exception. These mean that database, broker or a process was down.
EXPECTED = re.compile(
    r"\b(OperationalError|InterfaceError|ConnectionError|ConnectionResetError|ConnectionRefusedError|"
    r"BrokenPipeError|TimeoutError|AdminShutdown|ConnectionTimeout|CannotConnectNow|ReadOnlySqlTransaction|"
    r"ReadOnlyError|MasterNotFoundError|RestartFreqExceeded)\b|UNBLOCKED force unblock|"
    r"write against a read only replica|in a read-only transaction|"
    # kombu publishes on a channel that was closed when it had to declare the queue again
    r"'NoneType' object has no attribute 'client'|"
    r"Error 111 connecting|Connection (refused|reset|closed)"
)
LAST_LINE = re.compile(r"^[A-Za-z_][\w.]*(: |$)")
NEXT_ENTRY = re.compile(r"^\d{4}-\d\d-\d\dT|^\[\d{4}-")
CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


def unexpected_exceptions(folder: Path) -> list[str]:
    """Exceptions in the logs that no outage explains, each once with its number of occurrences."""
    counts: Counter[str] = Counter()
    for log in sorted(folder.glob("*.log")):
        for line in exceptions(log.read_text(errors="replace").splitlines()):
            if not EXPECTED.search(line):
                counts[f"{log.stem}: {line[:200]}"] += 1
    return [f"{line} (x{count})" for line, count in counts.most_common()]


def exceptions(lines: Iterable[str]) -> Iterator[str]:
    """The last exception of each chain of tracebacks, which was not handled, with its details."""
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
