"""The score of `make mutants`, module by module, and the survivors that nobody has explained.

Reads what mutmut wrote to `mutants/`. Exit code 1: a survivor is not explained in `equivalent.md`, an
explanation is out of date, or a module of `only_mutate` in pyproject.toml has no mutant.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).resolve().parent.parent.parent
EXPLAINED = Path(__file__).with_name("equivalent.md")
NOTICED = {"killed", "timeout", "caught by type check"}

Statuses = Mapping[str, str]


def modules() -> list[Path]:
    """The files of `only_mutate`, as far as they hold code."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    files = [file for pattern in settings["only_mutate"] for file in sorted(ROOT.glob(pattern))]
    return [file.relative_to(ROOT) for file in files if file.name != "__init__.py"]


def statuses_of(module: Path) -> Statuses:
    """What became of each mutant of the module, by the mutant's name."""
    data = SourceFileMutationData(path=module)
    data.load()
    return {name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items()}


def explained(text: str) -> set[str]:
    """The mutants that the page explains: each line of the list begins with a name in backticks."""
    return set(re.findall(r"^- `([^`]+)`", text, re.MULTILINE))


def complaints(found: Mapping[Path, Statuses], known: set[str]) -> Iterable[str]:
    """What makes the run fail, a sentence each."""
    survivors = {name for each in found.values() for name, status in each.items() if status not in NOTICED}
    for module, statuses in found.items():
        if not statuses:
            yield f"{module} has no mutants: is the path in pyproject.toml right?"
    for name in sorted(survivors - known):
        yield f"{name} survives. See it with `mutmut show {name}`; test it or explain it in {EXPLAINED.name}."
    for name in sorted(known - survivors):
        yield f"{name} is explained in {EXPLAINED.name} and does not survive."


def row(name: str, statuses: Iterable[str]) -> str:
    counts = Counter("killed" if status in NOTICED else status for status in statuses)
    others = ", ".join(
        f"{number} {status}" for status, number in sorted(counts.items()) if status != "killed"
    )
    return f"{name:40} {counts['killed']:4} of {counts.total():4} killed{f', {others}' if others else ''}"


def main() -> int:
    found = {module: statuses_of(module) for module in modules()}
    for module, statuses in found.items():
        print(row(str(module), statuses.values()))
    print(row("all", [status for statuses in found.values() for status in statuses.values()]))
    failures = list(complaints(found, explained(EXPLAINED.read_text())))
    print(*failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
