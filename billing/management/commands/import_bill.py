"""`manage.py import_bill FILE …`: import a version of AWS's own bill, and allocate it to breakouts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from billing.bills.reading import NoRoom
from billing.bills.services import bill_import
from streamhub.access import audit
from streamhub.access.actors import system_actor
from streamhub.commands import DatabaseCommand
from streamhub.errors import VerbError

WHO = system_actor("manage.py import_bill")


class Command(DatabaseCommand):
    help = (
        "Import a month of AWS's bill: all files of one version of an export (CUR 2.0 or FOCUS 1.x; Parquet,"
        " CSV or CSV with gzip). It replaces the month's version before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--month", default="", help="refuse files about another month, such as 2026-11")

    def handle(self, *args: Any, files: list[Path], month: str, **options: Any) -> None:
        names = ", ".join(file.name for file in files)
        try:
            said = bill_import(files, source=names, month=month, who=WHO).said
        except (VerbError, NoRoom) as error:
            raise CommandError(str(error)) from error
        audit.record("import_bill", audit.Subject("bill", None, names[:128]), who=WHO, detail=said)
        self.stdout.write(said)
