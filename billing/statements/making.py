"""Large drafts: the job works them out, many lines in a transaction, while the page says how far it is.

Until the last transaction the row has no sums, and nothing shows its lines. The same job issues large
statements (`issuing`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.utils.translation import gettext as _

from billing.statement_rows import Statement, StatementLine
from billing.statements.issuing import issue_compared
from billing.statements.waiting import Superseded, begun, owned, progress, wait_for_the_job, waiting
from billing.statements.working_out import draft_close, lines_work_out
from streamhub.clock import database_now
from streamhub.lifecycle.lease import JobRun

REASON_LENGTH = 500
log = logging.getLogger(__name__)


def make_later(row: Statement, now: datetime) -> None:
    """Leave the draft, whose row is locked, to the job."""
    StatementLine.objects.filter(statement=row).delete()
    row.lines_count = row.total_cents = row.bytes_downloaded = 0
    row.missing, row.worked_sha256, row.worked_out_at = [], "", None
    wait_for_the_job(row, now)


def make_drafts(run: JobRun) -> None:
    """The job: every draft that waits to be made or issued, the oldest first.

    One that fails does not keep the others waiting; the next run tries it again.
    """
    made = 0
    for pk in waiting():
        if not run.extend():
            break
        try:
            _turn(pk, run)
            made += 1
        except Superseded:
            continue
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            log.exception("Draft %s cannot be made or issued", pk)
            _failed(pk, run, f"{type(error).__name__}: {error}")
    run.say(f"drafts: {made}")


def _turn(pk: int, run: JobRun) -> None:
    row = Statement.objects.filter(pk=pk).first()
    if row is not None and row.issue_for:
        issue_compared(pk, run)
    else:
        _make(pk, run)


def _failed(pk: int, run: JobRun, why: str) -> None:
    """The run falls short, and the draft's page says why it is not made or issued yet."""
    run.fall_short(f"draft {pk}: {why}")
    rows = Statement.objects.filter(pk=pk, making_run=run.token)
    made = _("It could not be made, and is tried again every minute: {why}").format(why=why[:REASON_LENGTH])
    issued = _("It could not be issued, and is tried again every minute: {why}").format(
        why=why[:REASON_LENGTH]
    )
    rows.filter(issue_for="").update(missing=[made])
    rows.exclude(issue_for="").update(missing=[issued])


def _make(pk: int, run: JobRun) -> None:
    now = database_now()
    row = begun(pk, run, now)

    def store(lines: Sequence[StatementLine]) -> None:
        with transaction.atomic():
            owned(pk, run)
            StatementLine.objects.bulk_create(lines)
        if not run.extend():
            raise Superseded

    worked = lines_work_out(row, now, store, partial(progress, pk, run))
    with transaction.atomic():
        row = owned(pk, run)
        draft_close(row, now, *worked)
        row.making_since, row.making_run = None, ""
        row.save()
