"""Import a version of a month's bill: all of it replaces what was there, or nothing changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from billing import jobs
from billing.bill_rows import BillLine, BillShare, BillVersion, BreakoutBill
from billing.billed_resources import our_resources
from billing.bills.allocation import NotConserved, bill_allocate
from billing.bills.reading import Bill, Head, Match, each_once, fingerprint, opened
from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.errors import Invalid

LINES_AT_ONCE = 2000


@dataclass(frozen=True)
class Imported:
    """What an import did. `new`: the version is another one than the month had."""

    version: BillVersion
    new: bool

    @property
    def said(self) -> str:
        row = self.version
        if not self.new:
            return f"{row.month:%Y-%m}: this is the version that is here already ({row.pk})."
        return (
            f"{row.month:%Y-%m}: {row.lines_count:,} lines, {row.amount:,.2f} {row.currency}, allocated;"
            f" version {row.pk}."
        )


def _imported(*args: object, **kwargs: object) -> audit.Subject:
    return audit.Subject("bill", None, "")


@audit.verb("billing.import_bill", about=_imported)
def bill_import(
    files: Sequence[Path], *, source: str, who: Actor, manifest: str = "", month: str = ""
) -> Imported:
    """Import the files of one version, and allocate it; the month's version before is replaced.

    The same files again change nothing, and one that is given twice counts once. `month`: which one they are
    to be about ("": any). Raises Forbidden, Invalid.
    """
    once = _each_once(files)
    mark = fingerprint(once)
    with opened([*once.values()]) as bill, transaction.atomic():
        jobs.FETCH_BILLS.lock()
        head = bill.head()
        if month and f"{head.month:%Y-%m}" != month:
            raise Invalid(
                {
                    "file": _("It is about %(month)s, not about %(wanted)s.")
                    % {"month": f"{head.month:%Y-%m}", "wanted": month}
                }
            )
        before = BillVersion.objects.filter(month=head.month.replace(day=1), current=True).first()
        if before is not None and before.fingerprint == mark:
            return Imported(_seen_again(before, manifest), False)
        version = _replace(before, head, source, mark, manifest, who)
        _store(version, bill)
        bill_allocate(version)
    return Imported(version, True)


def _each_once(files: Sequence[Path]) -> dict[str, Path]:
    """The files by their SHA-256. Raises Invalid for one that cannot be read."""
    if not files:
        raise Invalid({"file": _("There is no file.")})
    try:
        return each_once(files)
    except OSError as error:
        raise Invalid(
            {
                "file": _("%(filename)s cannot be read: %(strerror)s.")
                % {"filename": error.filename, "strerror": error.strerror}
            }
        ) from error


def _seen_again(version: BillVersion, manifest: str) -> BillVersion:
    if manifest and version.manifest != manifest:
        version.manifest = manifest
        version.save(update_fields=["manifest"])
    return version


def _replace(
    before: BillVersion | None, head: Head, source: str, mark: str, manifest: str, who: Actor
) -> BillVersion:
    """The row of the new version; of the one before only its row is kept."""
    if before is not None:
        for model in (BillLine, BillShare, BreakoutBill):
            model.objects.filter(version=before).delete()
        before.current = False
        before.save(update_fields=["current"])
    return BillVersion.objects.create(
        month=head.month.replace(day=1),
        source=source[:1000],
        fingerprint=mark,
        manifest=manifest,
        layout=head.layout.name,
        currency=head.currency,
        lines_count=head.lines,
        picos=head.picos,
        imported_by=str(who)[:160],
    )


def _store(version: BillVersion, bill: Bill) -> None:
    """Store the lines, some at a time, and compare their sum with the bill's."""
    total = 0
    rows = _rows(version, bill)
    while some := list(islice(rows, LINES_AT_ONCE)):
        total += sum(row.picos for row in some)
        BillLine.objects.bulk_create(some)
    if total != version.picos:
        raise NotConserved(f"{version}: its lines are {version.picos} picodollars, {total} were stored.")


def _rows(version: BillVersion, bill: Bill) -> Iterator[BillLine]:
    for row in bill.rows(Match(*each) for each in our_resources()):
        yield BillLine(
            version=version,
            kind=row.kind,
            service=row.service[:128],
            usage_type=row.usage_type[:200],
            operation=row.operation[:200],
            resource=row.resource,
            ours=row.ours,
            key=row.key,
            start=row.start,
            end=row.end,
            quantity=row.quantity,
            picos=row.picos,
        )
