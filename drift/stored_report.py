"""The stored report: pages show it at once, and a worker reads AWS hourly or on request.

Six complete lists are slow and count against AWS's rate limits, so that no page reads them. A stored report
may be old; `preview` and `resolve` read row and AWS again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from drift.aws_lists import ResourceKind
from drift.compare import Difference, Finding
from drift.models import DriftReading, DriftSighting
from drift.report import SURPLUS, Report, Unread, report, too_young
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.clock import database_now
from streamhub.errors import NotPossible
from streamhub.lifecycle import wake
from streamhub.task_names import QueueName, TaskName

# After this long without a worker starting to read, staff may ask again.
ASK_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True)
class StoredReport:
    """The report of `observed_at` (None: never). It has the fields of `Report`, and these:

    `since`: when each finding was first seen, by key. `read_at`: when each kind was last read in full.
    `asked_at`, `asked_by`: a request to read AWS that no worker has started yet.
    """

    observed_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    ours: Mapping[str, int] = field(default_factory=dict)
    foreign: Mapping[str, int] = field(default_factory=dict)
    in_transition: int = 0
    unread: Mapping[str, Unread] = field(default_factory=dict)
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    asked_at: datetime | None = None
    asked_by: str = ""

    @property
    def agrees(self) -> bool:
        """All of AWS was read, and nothing differs."""
        return self.observed_at is not None and not self.findings and not self.unread


def read_and_store() -> Report:
    """Read AWS now and store the report.

    What ran and cost stays in it until a list that could be read says that it does so no more.
    """
    new = report()
    previous = _stored(_row())
    since = _since(previous, new)
    still = [each for each in previous.findings if each.costs and each.kind.value in new.unread]
    stored = {
        "findings": [_finding_to_json(finding) for finding in (*new.findings, *still)],
        "since": {key: moment.isoformat() for key, moment in since.items()},
        "ours": new.ours,
        "foreign": new.foreign,
        "in_transition": new.in_transition,
        "unread": {kind: asdict(unread) for kind, unread in new.unread.items()},
        "read_at": _read_at(previous, new),
    }
    DriftReading.objects.update_or_create(
        pk=DriftReading.ONLY, defaults={"observed_at": new.observed_at, "report": stored}
    )
    return new


def read_as_asked() -> Report:
    """Read AWS now, and again while somebody has asked since the last read began."""
    new = read_and_store()
    while DriftReading.objects.filter(asked_at__gt=new.observed_at).exists():
        new = read_and_store()
    return new


@audit.verb("drift.read_drift", about=lambda who: audit.Subject("drift"))
def ask_to_read(who: Actor) -> bool:
    """Have a worker read AWS. False if somebody asked just now. Raises `Forbidden`."""
    now = database_now()
    with transaction.atomic():
        row, _ = DriftReading.objects.select_for_update().get_or_create(pk=DriftReading.ONLY)
        if _is_waiting(row) and row.asked_at and now - row.asked_at < ASK_AGAIN:
            return False
        DriftReading.objects.filter(pk=row.pk).update(asked_at=now, asked_by=str(who))
        transaction.on_commit(partial(wake.send_safely, TaskName.READ_DRIFT, QueueName.BULK))
    return True


def last_report(now: datetime | None = None) -> StoredReport:
    """The stored report; whether a finding may be deleted is decided `now`. Reads only the database."""
    stored = _stored(_row())
    if not any(finding.difference in SURPLUS for finding in stored.findings):
        return stored
    rows = DriftSighting.objects.values_list("kind", "aws_id", "first_seen_at")
    since = {(kind, aws_id): moment for kind, aws_id, moment in rows}
    now = now or database_now()
    return replace(stored, findings=tuple(_aged(finding, since, now) for finding in stored.findings))


def stored_finding(key: str) -> Finding:
    """The finding with that key in the stored report. Raises `NotPossible` if there is none."""
    for finding in last_report().findings:
        if finding.key == key:
            return finding
    raise NotPossible(gettext("This difference is no longer in the last report."))


def _aged(finding: Finding, since: Mapping[tuple[str, str], datetime], now: datetime) -> Finding:
    if finding.difference not in SURPLUS:
        return finding
    first = since.get((finding.kind.value, finding.aws_id))
    return replace(finding, first_seen_at=first, wait_reason=too_young(first, now))


# --- the row ---------------------------------------------------------------------------------


def _row() -> DriftReading | None:
    return DriftReading.objects.filter(pk=DriftReading.ONLY).first()


def _is_waiting(row: DriftReading) -> bool:
    return row.asked_at is not None and (row.observed_at is None or row.asked_at > row.observed_at)


def _since(previous: StoredReport, new: Report) -> dict[str, datetime]:
    """When each finding was first seen, by its key. Kinds that could not be read now keep their dates."""
    unread = {key: moment for key, moment in previous.since.items() if key.split(":")[1] in new.unread}
    return unread | {
        finding.key: finding.first_seen_at or previous.since.get(finding.key, new.observed_at)
        for finding in new.findings
    }


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "first_seen_at": None, "wait_reason": ""}


def _read_at(previous: StoredReport, new: Report) -> dict[str, str]:
    now = {kind.value: new.observed_at for kind in ResourceKind if kind not in new.unread}
    return {kind: moment.isoformat() for kind, moment in {**previous.read_at, **now}.items()}


def _stored(row: DriftReading | None) -> StoredReport:
    if row is None:
        return StoredReport()
    stored = row.report
    since = _moments(stored.get("since", {}))
    findings = [_finding_from_json(**columns) for columns in stored.get("findings", ())]
    return StoredReport(
        observed_at=row.observed_at,
        findings=tuple(replace(finding, first_seen_at=since.get(finding.key)) for finding in findings),
        since=since,
        ours=stored.get("ours", {}),
        foreign=stored.get("foreign", {}),
        in_transition=stored.get("in_transition", 0),
        unread={kind: Unread(**unread) for kind, unread in stored.get("unread", {}).items()},
        read_at=_moments(stored.get("read_at", {})),
        asked_at=row.asked_at if _is_waiting(row) else None,
        asked_by=row.asked_by,
    )


def _finding_from_json(*, difference: str, kind: str, **columns: Any) -> Finding:
    return Finding(difference=Difference(difference), kind=ResourceKind(kind), **columns)


def _moments(iso_times: Mapping[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(text) for name, text in iso_times.items()}
