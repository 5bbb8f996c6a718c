"""Import new versions of months from the bucket of AWS's Data Exports, and allocate the last months anew.

An export writes data under `<export>/data/BILLING_PERIOD=2026-11/`, then the manifest that names them under
`<export>/metadata/BILLING_PERIOD=2026-11/` ("Understanding export delivery").
So a manifest is a whole version.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from billing import jobs
from billing.bill_rows import BillVersion
from billing.bills.allocation import NotConserved, bill_allocate
from billing.bills.reading import NoRoom
from billing.bills.services import bill_import
from streamhub.access.actors import system_actor
from streamhub.aws.s3 import S3, ObjectInfo
from streamhub.aws.session import current_session
from streamhub.clock import database_now
from streamhub.errors import AwsError, Invalid
from streamhub.lifecycle.lease import JobRun
from streamhub.translation import gettext as _

log = logging.getLogger(__name__)
WHO = system_actor("fetch_bills")
_MANIFEST = re.compile(
    r"(?P<export>.*)/metadata/BILLING_PERIOD=(?P<month>[0-9]{4}-[0-9]{2})/(.*/)?[^/]*Manifest\.json"
)
# The ledger, and so the allocation, may change until then.
ALLOCATED_FOR = timedelta(days=62)
ALLOCATED_EVERY = timedelta(hours=20)


def fetch_bills(run: JobRun) -> None:
    """Import each month whose manifest is a new one. A month that fails does not stop the others.

    Raises AwsError (the bucket cannot be listed), Invalid (several exports), after allocating anew.
    """
    said: list[str] = []
    failed: list[str] = []
    unlisted: AwsError | Invalid | None = None
    if settings.BILL_BUCKET:
        bucket = S3(current_session())
        try:
            newest = _newest(bucket)
        except (AwsError, Invalid) as error:
            newest, unlisted = {}, error
        for month, manifest in sorted(newest.items(), reverse=True):
            with _failing(month, failed):
                said += _fetch(bucket, month, manifest)
            if not run.extend():
                break
    said += _allocate_anew(run, failed)
    run.say("; ".join(said) or ("nothing new" if settings.BILL_BUCKET else "BILL_BUCKET is not set"))
    if failed:
        run.fall_short(f"{'; '.join(failed)} What was there before is as it was.")
    if unlisted is not None:
        raise unlisted


@contextmanager
def _failing(month: str, failed: list[str]) -> Iterator[None]:
    """What keeps this month from being imported or allocated goes into `failed`, and no further."""
    try:
        yield
    except (Invalid, AwsError) as error:
        failed.append(f"{month}: {error}")
    except (NotConserved, OSError, NoRoom) as error:
        log.exception("The bill of %s", month)
        failed.append(f"{month}: {error}")


def _newest(bucket: S3) -> dict[str, ObjectInfo]:
    """By month: its newest manifest. Raises Invalid if there are several exports."""
    found: dict[str, ObjectInfo] = {}
    exports = set()
    prefix = settings.BILL_PREFIX.strip("/")
    for item in bucket.list_objects(settings.BILL_BUCKET, f"{prefix}/" if prefix else ""):
        match = _MANIFEST.fullmatch(item.key)
        if match is None:
            continue
        exports.add(match["export"])
        before = found.get(match["month"])
        if before is None or before.last_modified < item.last_modified:
            found[match["month"]] = item
    if len(exports) > 1:
        names = ", ".join(sorted(exports))
        raise Invalid(
            {
                "BILL_PREFIX": _("There are several exports (%(names)s). Name one, with its folder.")
                % {"names": names}
            }
        )
    return found


def _fetch(bucket: S3, month: str, item: ObjectInfo) -> list[str]:
    mark = f"{item.last_modified:%Y-%m-%dT%H:%M:%SZ} {item.size_bytes}"
    known = BillVersion.objects.filter(month=f"{month}-01", current=True, manifest=mark)
    if known.exists():
        return []
    with tempfile.TemporaryDirectory(prefix="bill-") as folder:
        manifest = bucket.download(settings.BILL_BUCKET, item.key, Path(folder, "manifest.json"))
        keys = data_files(manifest.read_text(), settings.BILL_BUCKET)
        files = [
            bucket.download(settings.BILL_BUCKET, key, Path(folder, f"{n}-{Path(key).name}"))
            for n, key in enumerate(keys)
        ]
        source = f"s3://{settings.BILL_BUCKET}/{item.key}"
        return [bill_import(files, source=source, manifest=mark, month=month, who=WHO).said]


def data_files(manifest: str, bucket: str) -> list[str]:
    """The keys that a manifest names. Raises Invalid if it names none, or some of another bucket."""
    try:
        listed = json.loads(manifest)["dataFiles"]
        keys = [_key(each, bucket) for each in listed]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Invalid(
            {"file": _("The manifest is not one of AWS's Data Exports: it has no list dataFiles of objects.")}
        ) from error
    if not keys:
        raise Invalid({"file": _("The manifest names no data file.")})
    return keys


def _key(named: Any, bucket: str) -> str:
    name = str(named["key"] if isinstance(named, dict) else named)
    if not name.startswith("s3://"):
        return name
    where, _slash, key = name.removeprefix("s3://").partition("/")
    if where != bucket:
        raise Invalid(
            {"file": _("The manifest names a file of another bucket, %(where)s.") % {"where": where}}
        )
    return key


def _allocate_anew(run: JobRun, failed: list[str]) -> list[str]:
    """Allocate again what may have changed: shows that ended, bytes that came late."""
    now = database_now()
    due = BillVersion.objects.filter(
        current=True, month__gte=(now - ALLOCATED_FOR).date(), allocated_at__lt=now - ALLOCATED_EVERY
    )
    done = []
    for pk, day in due.values_list("pk", "month"):
        with _failing(f"{day:%Y-%m}", failed), transaction.atomic():
            jobs.FETCH_BILLS.lock()
            # An import meanwhile has replaced it, and allocated what it brought.
            if (row := due.filter(pk=pk).first()) is not None:
                bill_allocate(row)
                done.append(f"{day:%Y-%m}: allocated anew")
        if not run.extend():
            break
    return done
