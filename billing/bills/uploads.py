"""Files of AWS's bill that were uploaded: kept in pieces in the database until a job has imported them.

The import and what it says are one transaction. A worker that dies leaves the file waiting for the next run,
and so does a fault that may pass, of the database, the disk or memory. A file that has ended several runs is
refused, so that it does not end every run after them.
"""

from __future__ import annotations

import logging
import re
import tempfile
from functools import partial
from pathlib import Path

from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from billing.bill_rows import BillUpload, BillUploadPart, BillVersion, UploadState
from billing.bills.reading import NoRoom
from billing.bills.services import bill_import
from streamhub.access import audit
from streamhub.access.actors import Actor, system_actor
from streamhub.access.uploads import MOST_MIB
from streamhub.clock import database_now
from streamhub.errors import Invalid
from streamhub.lifecycle import wake
from streamhub.lifecycle.lease import JobRun
from streamhub.task_names import QueueName, TaskName

log = logging.getLogger(__name__)
MIB = 1024 * 1024
MOST_ATTEMPTS = 3
# A deadlock, a time limit of the database, a full disk: the file may be imported later.
MAY_PASS = (OperationalError, OSError, MemoryError, NoRoom)


@transaction.atomic
@audit.verb("billing.import_bill")
def bill_upload(file: UploadedFile, *, who: Actor) -> BillUpload:
    """Keep a file for the job. Memory does not grow with it. Raises Forbidden, Invalid."""
    size = file.size or 0
    if not size:
        raise Invalid({"file": _("The file is empty.")})
    if size > MOST_MIB * MIB:
        sentence = _("It has more than {most} MiB. Use the bucket, or manage.py import_bill.")
        raise Invalid({"file": sentence.format(most=MOST_MIB)})
    row = BillUpload.objects.create(
        name=(file.name or "bill")[:200], size_bytes=size, uploaded_by=str(who)[:160]
    )
    for piece in file.chunks(MIB):
        BillUploadPart.objects.create(upload=row, data=piece)
    transaction.on_commit(partial(wake.send_safely, TaskName.IMPORT_BILLS, QueueName.BULK))
    return row


def import_bills(run: JobRun) -> None:
    """The job: every file that waits, the oldest first."""
    waiting = BillUpload.objects.filter(state=UploadState.WAITING).order_by("pk")
    done: list[str] = []
    for row in waiting:
        if not run.extend():
            break
        BillUpload.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, begun_at=database_now())
        done.append(_import(row, run))
    run.say("; ".join(done) or "nothing new")


def _import(row: BillUpload, run: JobRun) -> str:
    """Import it, or keep why not; returns what is to be said."""
    if row.attempts >= MOST_ATTEMPTS:
        sentence = _("Each of {count} attempts to import it was broken off. Use manage.py import_bill.")
        said = f"{sentence.format(count=row.attempts)} {row.said}".strip()
        return _finish(row, UploadState.REFUSED, said)
    try:
        with tempfile.TemporaryDirectory(prefix="bill-") as folder, transaction.atomic():
            file = _written(row, Path(folder))
            who = system_actor(f"upload by {row.uploaded_by}")
            imported = bill_import([file], source=row.name, who=who)
            return _finish(row, UploadState.IMPORTED, imported.said, imported.version)
    except Invalid as error:
        return _finish(row, UploadState.REFUSED, " ".join(error.errors.values()))
    except SoftTimeLimitExceeded:
        raise
    except MAY_PASS as error:
        log.exception("The upload %s", row.pk)
        return _later(row, run, _why(error))
    except Exception as error:
        log.exception("The upload %s", row.pk)
        sentence = _("It could not be imported: {why}")
        return _finish(row, UploadState.REFUSED, sentence.format(why=_why(error)))


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _later(row: BillUpload, run: JobRun, why: str) -> str:
    """Leave it, whole, to the next run."""
    said = _("It could not be imported yet: {why}").format(why=why)
    BillUpload.objects.filter(pk=row.pk).update(said=said, begun_at=None)
    run.fall_short(f"{row.name}: {why}")
    return f"{row.name}: {said}"


def _written(row: BillUpload, folder: Path) -> Path:
    """The file on disk, under its name without what a pattern of files could mean."""
    file = folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', row.name)[-100:]}"
    with file.open("wb") as to:
        for part in row.parts.order_by("pk").iterator(chunk_size=1):
            to.write(part.data)
    return file


def _finish(row: BillUpload, state: str, said: str, version: BillVersion | None = None) -> str:
    with transaction.atomic():
        BillUpload.objects.filter(pk=row.pk).update(state=state, said=said, version=version)
        BillUploadPart.objects.filter(upload=row).delete()
    return f"{row.name}: {said}"
