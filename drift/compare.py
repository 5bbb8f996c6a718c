"""Compare rows with AWS, both ways: a pure function of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from channels_app.breakout_sync import ENCODING
from drift.aws_lists import AwsResource, ResourceKind
from drift.expected import Expected


class Difference(StrEnum):
    """How a row and AWS differ.

    `missing`: the row's resource does not exist. `different`: it exists, but not as the row expects.
    `unclaimed`: it carries the mark of a row that has no id. `orphan`: it carries our mark, but its row does
    not exist. `duplicate`: it carries the mark of a row that has another resource.
    """

    MISSING = "missing"
    DIFFERENT = "different"
    UNCLAIMED = "unclaimed"
    ORPHAN = "orphan"
    DUPLICATE = "duplicate"


# The rows that expect a resource of that kind with that owner in its mark.
ByOwner = dict[tuple[ResourceKind, str], list[Expected]]


class Resolution(StrEnum):
    """What staff can do about a finding.

    `adopt`: the row takes the resource as its own. `repair`: the row reads AWS again and repairs what it
    can. `delete`: take one teardown step.
    """

    ADOPT = "adopt"
    REPAIR = "repair"
    DELETE = "delete"


# The resolutions of each difference. `resolve` reads row and AWS again and may still refuse.
RESOLUTIONS: dict[Difference, tuple[Resolution, ...]] = {
    Difference.MISSING: (Resolution.REPAIR,),
    Difference.DIFFERENT: (Resolution.REPAIR,),
    Difference.UNCLAIMED: (Resolution.ADOPT,),
    Difference.ORPHAN: (Resolution.DELETE,),
    Difference.DUPLICATE: (Resolution.DELETE,),
}


@dataclass(frozen=True)
class Finding:
    """One difference. `model` and `pk` name its row ("" and None for an orphan); `name` is for people.

    `first_seen_at`: a `Report` dates orphans and duplicates only, a `StoredReport` dates all findings.
    `wait_reason`: why `delete` is not allowed yet, "" if it is. `costs`: it runs and no row will stop it.
    `part`: which of the row's resources of this kind it is about (`Expected.part`).
    """

    difference: Difference
    kind: ResourceKind
    aws_id: str
    detail: str
    model: str = ""
    pk: int | None = None
    name: str = ""
    first_seen_at: datetime | None = None
    wait_reason: str = ""
    costs: bool = False
    part: str = ""

    @property
    def key(self) -> str:
        """Names the finding in links and forms. It is the same in every report."""
        return f"{self.difference}:{self.kind}:{self.aws_id}"

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """What can be done about it now."""
        return () if self.wait_reason else RESOLUTIONS[self.difference]


@dataclass(frozen=True)
class Comparison:
    """The findings, and counts by kind.

    `ours`: resources that a row knows or that carry our mark. `foreign`: all others; they are counted, never
    named. `in_transition`: the number of rows left out, because a step of theirs is under way.
    """

    findings: tuple[Finding, ...]
    foreign: dict[str, int]
    ours: dict[str, int] = field(default_factory=dict)
    in_transition: int = 0


def compare(rows: Iterable[Expected], resources: Iterable[AwsResource], environment: str) -> Comparison:
    """All differences between rows and AWS resources, for kinds whose list was read in full.

    Rows that are not `settled` are left out: their next step compares them with AWS anyway. No step stops a
    second channel that runs, though, so that one is found all the same.
    """
    rows, resources = list(rows), list(resources)
    by_id = {(row.kind, row.aws_id): row for row in rows if row.aws_id}
    by_owner: ByOwner = {}
    for expected in rows:
        by_owner.setdefault((expected.kind, expected.owner), []).append(expected)
    existing = {(resource.kind, resource.aws_id) for resource in resources}
    findings: list[Finding] = []
    ours: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    for resource in resources:
        row = by_id.get((resource.kind, resource.aws_id))
        if row is not None and row.protected:
            continue  # it belongs to others, so that it has nothing to agree with
        is_ours = row is not None or resource.mark.belongs_to(environment)
        (ours if is_ours else foreign)[resource.kind.value] += 1
        if row is not None:
            findings += _different(row, resource, environment)
        elif is_ours:
            findings += _surplus(_marked_row(by_owner, resource), resource, existing)
    findings += [_missing(row) for row in rows if _is_missing(row, existing)]
    in_transition = len({(row.model, row.pk) for row in rows if not row.settled and not row.protected})
    findings.sort(key=lambda finding: finding.key)
    return Comparison(tuple(findings), dict(foreign), dict(ours), in_transition)


def _marked_row(by_owner: ByOwner, resource: AwsResource) -> Expected | None:
    """The row whose mark it carries.

    A channel has two rows of inputs at most. What is called a second input of a channel that wants only one
    is surplus beside that one.
    """
    rows = by_owner.get((resource.kind, resource.mark.owner), [])
    same = (row for row in rows if row.part == resource.part)
    return next(same, None) or next((row for row in rows if row.aws_id), None)


def _is_missing(row: Expected, existing: set[tuple[ResourceKind, str]]) -> bool:
    return row.present and row.settled and (row.kind, row.aws_id) not in existing


def _missing(row: Expected) -> Finding:
    detail = f"The {row.kind.label} of {row.name} does not exist on AWS."
    return _of_row(Difference.MISSING, row, row.aws_id, detail)


def _different(row: Expected, resource: AwsResource, environment: str) -> list[Finding]:
    if not row.settled or resource.being_deleted:
        return []
    wrong = [*_wrong_facts(row, resource), *_wrong_mark(row, resource, environment)]
    if not wrong:
        return []
    detail = f"The {row.kind.label} of {row.name}: {'; '.join(wrong)}."
    return [_of_row(Difference.DIFFERENT, row, resource.aws_id, detail)]


def _wrong_facts(row: Expected, resource: AwsResource) -> list[str]:
    shown = [
        f"{name} is {resource.facts.get(name) or 'empty'}, not {expected or 'empty'}"
        for name, expected in row.facts.items()
        if resource.facts.get(name, "") not in (expected, *row.also.get(name, ()))
    ]
    changed = [name for name, expected in row.secret.items() if resource.secret.get(name) != expected]
    return shown + [f"its {name} are not those of the row" for name in changed]


def _wrong_mark(row: Expected, resource: AwsResource, environment: str) -> list[str]:
    marked = row.kind is not ResourceKind.DISTRIBUTION or resource.mark.belongs_to(
        environment, owner=row.owner
    )
    comment = [] if marked else ["its Comment does not carry our mark"]
    if resource.tags is None:
        return comment
    wrong = sorted(key for key, value in row.tags.items() if resource.tags.get(key) != value)
    return comment + [f"the tag {key} is missing or has another value" for key in wrong]


def _surplus(
    row: Expected | None, resource: AwsResource, existing: set[tuple[ResourceKind, str]]
) -> list[Finding]:
    """The finding about a resource that carries our mark but whose id no row knows."""
    if resource.being_deleted:
        return []
    if row is None:
        detail = f"A {resource.kind.label} with our mark has no row."
        return [_with_costs(Finding(Difference.ORPHAN, resource.kind, resource.aws_id, detail), resource)]
    if not row.settled and not (row.aws_id and _runs(resource)):
        return []
    if not row.aws_id:
        detail = f"The {resource.kind.label} of {row.name} exists, but its row does not have the id."
        return [_of_row(Difference.UNCLAIMED, row, resource.aws_id, detail)]
    if (row.kind, row.aws_id) not in existing:
        return []  # the row's own resource may be gone; until the row has checked, this one may be needed
    detail = f"A second {resource.kind.label} carries the mark of {row.name}, which has {row.aws_id}."
    return [_with_costs(_of_row(Difference.DUPLICATE, row, resource.aws_id, detail), resource)]


def _with_costs(finding: Finding, resource: AwsResource) -> Finding:
    """Mark the finding as costly if it is a MediaLive channel that runs: no row will stop it."""
    if not _runs(resource):
        return finding
    state = resource.facts["state"]
    return replace(finding, costs=True, detail=f"{finding.detail} It is {state} and costs money.")


def _runs(resource: AwsResource) -> bool:
    return resource.facts.get("state") in ENCODING


def _of_row(difference: Difference, row: Expected, aws_id: str, detail: str) -> Finding:
    return Finding(difference, row.kind, aws_id, detail, row.model, row.pk, row.name, part=row.part)
