"""Rows against AWS: a pure comparison of values, both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from channels_app.breakout_sync import ENCODING
from drift.aws_lists import Found, ResourceKind
from drift.expected import Expected


class Difference(StrEnum):
    """`missing`: a row's resource is not there. `different`: it is not as the row says. `unclaimed`: it
    carries the mark of a row that knows no id. `orphan`: it carries our mark and there is no such row.
    `duplicate`: it carries the mark of a row that has another one."""

    MISSING = "missing"
    DIFFERENT = "different"
    UNCLAIMED = "unclaimed"
    ORPHAN = "orphan"
    DUPLICATE = "duplicate"


class Resolution(StrEnum):
    """`adopt`: the row takes it. `repair`: the row looks again and puts right what it can. `delete`: one
    step of taking it down."""

    ADOPT = "adopt"
    REPAIR = "repair"
    DELETE = "delete"


# What may be done about a problem at all; `act` looks again and has the last word.
RESOLUTIONS: dict[Difference, tuple[Resolution, ...]] = {
    Difference.MISSING: (Resolution.REPAIR,),
    Difference.DIFFERENT: (Resolution.REPAIR,),
    Difference.UNCLAIMED: (Resolution.ADOPT,),
    Difference.ORPHAN: (Resolution.DELETE,),
    Difference.DUPLICATE: (Resolution.DELETE,),
}


@dataclass(frozen=True)
class Finding:
    """One difference. `model` and `pk` name its row ("" and None for an orphan), `name` is for people.

    `first_seen_at`: by a report of orphans and duplicates only, by a kept reading of all; `waits` says why
    `delete` is not allowed yet. `costs`: it runs on AWS, and no row will ever stop it.
    """

    problem: Difference
    kind: ResourceKind
    aws_id: str
    detail: str
    model: str = ""
    pk: int | None = None
    name: str = ""
    first_seen_at: datetime | None = None
    waits: str = ""
    costs: bool = False

    @property
    def key(self) -> str:
        """Names the finding in links and forms; the same in every report while it lasts."""
        return f"{self.problem}:{self.kind}:{self.aws_id}"

    @property
    def verbs(self) -> tuple[Resolution, ...]:
        """What can be done about it now; nothing while it waits."""
        return () if self.waits else RESOLUTIONS[self.problem]


@dataclass(frozen=True)
class Comparison:
    """`ours`: how many of each kind on AWS are a row's or carry our mark. `foreign`: how many of each kind
    are somebody else's; they are counted, never named. `moving`: how many rows were left out, on their way.
    """

    findings: tuple[Finding, ...]
    foreign: dict[str, int]
    ours: dict[str, int] = field(default_factory=dict)
    moving: int = 0


def compare(rows: Iterable[Expected], found: Iterable[Found], environment: str) -> Comparison:
    """All differences between what rows expect and what was found, for the kinds that were read in full.

    Rows that are on their way (not `settled`) are not held against AWS: their next step does that.
    """
    rows, found = list(rows), list(found)
    by_id = {(row.kind, row.aws_id): row for row in rows if row.aws_id}
    by_owner = {(row.kind, row.owner): row for row in rows}
    seen = {(each.kind, each.aws_id) for each in found}
    findings: list[Finding] = []
    ours: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    for each in found:
        row = by_id.get((each.kind, each.aws_id))
        if row is not None and row.protected:
            continue  # others' own, known to us: nothing is held against it
        mine = row is not None or each.mark.belongs_to(environment)
        (ours if mine else foreign)[each.kind.value] += 1
        if row is not None:
            findings += _different(row, each, environment)
        elif mine:
            findings += _surplus(by_owner.get((each.kind, each.mark.owner)), each, seen)
    findings += [_missing(row) for row in rows if _is_missing(row, seen)]
    moving = len({(row.model, row.pk) for row in rows if not row.settled and not row.protected})
    return Comparison(tuple(sorted(findings, key=lambda one: one.key)), dict(foreign), dict(ours), moving)


def _is_missing(row: Expected, seen: set[tuple[ResourceKind, str]]) -> bool:
    return row.present and row.settled and (row.kind, row.aws_id) not in seen


def _missing(row: Expected) -> Finding:
    return _of_row(Difference.MISSING, row, row.aws_id, f"The {row.kind.words} of {row.name} is not there.")


def _different(row: Expected, each: Found, environment: str) -> list[Finding]:
    if not row.settled or each.going:
        return []
    wrong = [
        f"{name} is {each.facts.get(name) or 'empty'}, not {wanted or 'empty'}"
        for name, wanted in row.facts.items()
        if each.facts.get(name, "") != wanted
    ]
    if each.tags is None:
        bears = each.mark.belongs_to(environment, owner=row.owner)
        wrong += [] if bears else ["its Comment does not carry our mark"]
    else:
        lost = sorted(key for key, value in row.tags.items() if each.tags.get(key) != value)
        wrong += [f"the tag {key} is gone or another" for key in lost]
    if not wrong:
        return []
    detail = f"The {row.kind.words} of {row.name}: {'; '.join(wrong)}."
    return [_of_row(Difference.DIFFERENT, row, each.aws_id, detail)]


def _surplus(row: Expected | None, each: Found, seen: set[tuple[ResourceKind, str]]) -> list[Finding]:
    """It carries our mark, and no row knows its id."""
    if each.going:
        return []
    if row is None:
        detail = f"A {each.kind.words} with our mark that has no row."
        return [_costly(Finding(Difference.ORPHAN, each.kind, each.aws_id, detail), each)]
    if not row.settled:
        return []
    if not row.aws_id:
        detail = f"The {each.kind.words} of {row.name}, which does not know of it."
        return [_of_row(Difference.UNCLAIMED, row, each.aws_id, detail)]
    if (row.kind, row.aws_id) not in seen:
        return []  # its own may be gone: it is to look first, and this one may be needed
    detail = f"A second {each.kind.words} of {row.name}, which has {row.aws_id}."
    return [_costly(_of_row(Difference.DUPLICATE, row, each.aws_id, detail), each)]


def _costly(finding: Finding, each: Found) -> Finding:
    """Say so if it is a MediaLive channel that runs: no row will stop it."""
    if each.facts.get("state") not in ENCODING:
        return finding
    return replace(finding, costs=True, detail=f"{finding.detail} It is {each.facts['state']}: it costs.")


def _of_row(problem: Difference, row: Expected, aws_id: str, detail: str) -> Finding:
    return Finding(problem, row.kind, aws_id, detail, row.model, row.pk, row.name)
