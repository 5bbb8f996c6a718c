"""The last report, kept: pages show it at once, and AWS is read by a worker, hourly or when asked to.

Six complete lists take their time and count against AWS's limits, so no page reads them. What a page shows
may therefore be old; `preview` and `act` look again at row and AWS anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from drift.aws_lists import ResourceKind
from drift.compare import Difference, Finding
from drift.models import DriftReading, DriftSighting
from drift.report import SURPLUS, Report, Unread, report, too_young
from streamhub.access.actors import Actor
from streamhub.access.permissions import permit
from streamhub.errors import NotPossible
from streamhub.lifecycle import wake
from streamhub.task_names import TaskName

# After this long without a worker taking it up, a reading may be asked for again.
ASK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True)
class StoredReport:
    """What was read at `observed_at` (None: never), kind by kind.

    `findings` with the age of each, `since` by key; `read_at`: when each kind was last read in full;
    `asked_at`: somebody asked for a reading that has not begun yet. The rest as in `Report`.
    """

    observed_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    ours: Mapping[str, int] = field(default_factory=dict)
    foreign: Mapping[str, int] = field(default_factory=dict)
    moving: int = 0
    unread: Mapping[str, Unread] = field(default_factory=dict)
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    asked_at: datetime | None = None
    asked_by: str = ""

    @property
    def agrees(self) -> bool:
        """All of AWS was read, and nothing differs."""
        return self.observed_at is not None and not self.findings and not self.unread


def take() -> Report:
    """Read AWS now and keep what came out."""
    found = report()
    before = _kept(_row())
    since = _since(before, found)
    kept = {
        "findings": [_written(one) for one in found.findings],
        "since": {key: moment.isoformat() for key, moment in since.items()},
        "ours": found.ours,
        "foreign": found.foreign,
        "moving": found.moving,
        "unread": {kind: asdict(reason) for kind, reason in found.unread.items()},
        "read_at": _read_at(before, found),
    }
    DriftReading.objects.update_or_create(
        pk=DriftReading.ONLY, defaults={"observed_at": found.observed_at, "report": kept}
    )
    return found


def take_as_asked() -> Report:
    """Read AWS now, and again as long as somebody asked for that after the reading had begun."""
    found = take()
    while DriftReading.objects.filter(asked_at__gt=found.observed_at).exists():
        found = take()
    return found


def ask(who: Actor) -> bool:
    """Have a worker read AWS; False if somebody has just asked for that. Raises `Forbidden`."""
    who = permit(who, "drift.read_drift")
    now = timezone.now()
    with transaction.atomic():
        row, _ = DriftReading.objects.select_for_update().get_or_create(pk=DriftReading.ONLY)
        if _waits(row) and row.asked_at and now - row.asked_at < ASK_AGAIN:
            return False
        DriftReading.objects.filter(pk=row.pk).update(asked_at=now, asked_by=str(who))
        transaction.on_commit(partial(wake.send_safely, TaskName.READ_DRIFT, "bulk"))
    return True


def last() -> StoredReport:
    """The last reading, as old as it is; what may be deleted is as of now. Reads the database only."""
    found = _kept(_row())
    if not any(one.problem in SURPLUS for one in found.findings):
        return found
    rows = DriftSighting.objects.values_list("kind", "aws_id", "first_seen_at")
    since = {(kind, aws_id): moment for kind, aws_id, moment in rows}
    now = timezone.now()
    return replace(found, findings=tuple(_aged(one, since, now) for one in found.findings))


def known(key: str) -> Finding:
    """The finding of that key in the last reading. Raises `NotPossible` if there is none."""
    for finding in last().findings:
        if finding.key == key:
            return finding
    raise NotPossible("That difference is not in the last reading any more.")


def _aged(finding: Finding, since: Mapping[tuple[str, str], datetime], now: datetime) -> Finding:
    if finding.problem not in SURPLUS:
        return finding
    first = since.get((finding.kind.value, finding.aws_id))
    return replace(finding, first_seen_at=first, waits=too_young(first, now))


# --- the row ---------------------------------------------------------------------------------


def _row() -> DriftReading | None:
    return DriftReading.objects.filter(pk=DriftReading.ONLY).first()


def _waits(row: DriftReading) -> bool:
    return row.asked_at is not None and (row.observed_at is None or row.asked_at > row.observed_at)


def _since(before: StoredReport, found: Report) -> dict[str, datetime]:
    """Since when each finding is known, by its key; what could not be read now is not forgotten."""
    unread = {key: moment for key, moment in before.since.items() if key.split(":")[1] in found.unread}
    now = found.observed_at
    return unread | {one.key: one.first_seen_at or before.since.get(one.key, now) for one in found.findings}


def _written(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "first_seen_at": None, "waits": ""}


def _read_at(before: StoredReport, found: Report) -> dict[str, str]:
    now = {kind.value: found.observed_at for kind in ResourceKind if kind not in found.unread}
    return {kind: moment.isoformat() for kind, moment in {**before.read_at, **now}.items()}


def _kept(row: DriftReading | None) -> StoredReport:
    if row is None:
        return StoredReport()
    kept = row.report
    since = _moments(kept.get("since", {}))
    findings = [_finding(**each) for each in kept.get("findings", ())]
    return StoredReport(
        observed_at=row.observed_at,
        findings=tuple(replace(one, first_seen_at=since.get(one.key)) for one in findings),
        since=since,
        ours=kept.get("ours", {}),
        foreign=kept.get("foreign", {}),
        moving=kept.get("moving", 0),
        unread={kind: Unread(**reason) for kind, reason in kept.get("unread", {}).items()},
        read_at=_moments(kept.get("read_at", {})),
        asked_at=row.asked_at if _waits(row) else None,
        asked_by=row.asked_by,
    )


def _finding(*, problem: str, kind: str, **rest: Any) -> Finding:
    return Finding(problem=Difference(problem), kind=ResourceKind(kind), **rest)


def _moments(written: Mapping[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(text) for name, text in written.items()}
