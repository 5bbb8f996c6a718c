"""Give a draft its number and its hash; a job compares large ones first, and holds no lock meanwhile.

The job works the lines out once more, which may take minutes, and only then takes the ledger's lock, to write
one row. What the ledger gets in between is late, and on the next statement. A statement of the same customer
that was issued or voided in between is not: its lines could be stated twice, so the draft is refused.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Count, Max

from billing.ledger import ledger_lock
from billing.statement_rows import Statement, StatementState
from billing.statements.canonical import closed_sha256, lines_digest, stored_lines
from billing.statements.waiting import begun, owned, progress, wait_for_the_job
from billing.statements.working_out import draft_differs
from streamhub.access import audit
from streamhub.access.actors import SYSTEM
from streamhub.access.audit_entry import Outcome
from streamhub.clock import database_now
from streamhub.lifecycle.lease import JobRun

CHANGED = "Figures have changed since it was worked out. Recompute it and look at it again."


def issue_later(row: Statement, who: str, now: datetime) -> None:
    """Leave the draft, whose row is locked, to the job, which issues it for `who` or says why not."""
    row.issue_for, row.missing = who, []
    wait_for_the_job(row, now)


def number_and_hash(row: Statement, lines: hashlib._Hash, who: str) -> None:
    """Issue a draft, whose row and whose ledger are locked; `lines`: the digest of its stored lines."""
    row.number = _next_number()
    row.state, row.issued_by = StatementState.ISSUED, who
    row.issued_at = row.state_since = database_now().replace(microsecond=0)
    row.sha256 = closed_sha256(row, lines)
    row.missing = []
    _given_back(row)


def _next_number() -> int:
    """The numbers have no gap: the lock is held until the statement is stored, or nothing of it is."""
    return int(Statement.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def issue_compared(pk: int, run: JobRun) -> None:
    """The job's part: compare the draft with what it would be now, and issue it or say why not.

    Raises Superseded. A run that dies leaves the draft waiting, and the next run starts anew.
    """
    now = database_now()
    row = begun(pk, run, now)
    stated = _stated(row.customer)

    differs, missing = draft_differs(row, now, partial(progress, pk, run))
    lines = lines_digest(stored_lines(row))
    with transaction.atomic():
        ledger_lock()
        row = owned(pk, run)
        if not missing and (differs or _stated(row.customer) != stated):
            missing = [CHANGED]
        if missing:
            _refuse(row, missing)
        else:
            who = row.issue_for
            number_and_hash(row, lines, who)
            audit.record("issue_statement", row, who=SYSTEM, detail=f"Compared by a job, for {who}.")


def _stated(customer: str) -> tuple[int | None, int]:
    """The customer's last number, and how many of their statements are void."""
    rows = Statement.objects.filter(customer=customer)
    found = rows.aggregate(last=Max("number"), void=Count("voided_at"))
    return found["last"], found["void"]


def _refuse(row: Statement, missing: list[str]) -> None:
    row.missing = missing
    detail = " ".join(missing)
    audit.record("issue_statement", row, who=SYSTEM, outcome=Outcome.REFUSED, detail=detail)
    _given_back(row)


def _given_back(row: Statement) -> None:
    row.making_since, row.making_run, row.issue_for = None, "", ""
    row.save()
