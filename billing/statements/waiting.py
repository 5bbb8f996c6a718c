"""Large statements wait for a job, which makes or issues them: what waits, and whose it is meanwhile.

A run that dies leaves the row as it was, waiting, and the next run starts anew: only the run whose token the
row has may write.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F, Q

from billing.models import EncoderPhase
from billing.statement_rows import Statement, StatementLine
from billing.statements.differences import months_covered, statement_size
from billing.statements.storage import storage_breakouts
from channels_app.models import Attachment
from streamhub.lifecycle import wake
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import QueueName, TaskName

# Attachments, stretches of encoders and breakouts with recordings, in the months that a draft covers: some
# seconds of work.
MOST_AT_ONCE = 4000


class Superseded(Exception):
    """The draft was discarded meanwhile, or another run has it or has the lease."""


def too_large(statement: Statement, now: datetime) -> bool:
    """Whether a request would take too long to work it out. Counts no further than it has to."""
    left = MOST_AT_ONCE
    for month in months_covered(statement, now):
        then = Q(ended_at=None) | Q(ended_at__gt=month.start)
        for rows in (Attachment.objects.all(), EncoderPhase.objects.all()):
            left -= rows.filter(then, started_at__lt=month.end).order_by()[: left + 1].count()
            if left < 0:
                return True
        left -= len(storage_breakouts(month))
        if left < 0:
            return True
    return False


def wait_for_the_job(row: Statement, now: datetime) -> None:
    """Store the draft, whose row is locked, as one that waits, and wake the job."""
    row.making_since, row.making_run, row.making_done, row.making_total = now, "", 0, 0
    row.save()
    transaction.on_commit(partial(wake.send_safely, TaskName.MAKE_DRAFTS, QueueName.BULK))


def waiting() -> list[int]:
    """The drafts that wait, the oldest first."""
    return list(Statement.objects.exclude(making_since=None).order_by("pk").values_list("pk", flat=True))


def begun(pk: int, run: JobRun, now: datetime) -> Statement:
    """The draft, taken by this run; one that is made loses the lines of a run before. Raises Superseded."""
    with transaction.atomic():
        row = Statement.objects.select_for_update().filter(pk=pk).exclude(making_since=None).first()
        if row is None:
            raise Superseded
        row.making_run, row.making_done, row.making_total = run.token, 0, statement_size(row, now)
        row.save()
        if row.making:
            StatementLine.objects.filter(statement=row).delete()
    return row


def progress(pk: int, run: JobRun, size: int) -> None:
    """Note that `size` more of the draft is done, and prolong the lease. Raises Superseded."""
    rows = Statement.objects.filter(pk=pk, making_run=run.token)
    if not rows.update(making_done=F("making_done") + size) or not run.extend():
        raise Superseded


def owned(pk: int, run: JobRun) -> Statement:
    """The draft, locked until the transaction ends. Raises Superseded if it is this run's no more."""
    row = Statement.objects.select_for_update().filter(pk=pk, making_run=run.token).first()
    if row is None:
        raise Superseded
    return row
