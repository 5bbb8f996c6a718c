"""`manage.py import_prices index.json …`: import AWS's price list of one or more services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from billing.pricing.offer_file import MOST_BYTES
from billing.pricing.services import rates_import
from streamhub.access import audit
from streamhub.access.actors import system_actor
from streamhub.commands import DatabaseCommand
from streamhub.errors import VerbError

WHO = system_actor("manage.py import_prices")


class Command(DatabaseCommand):
    help = "Import rates from AWS's offer files (index.json of a service). What the book has stays."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="index.json")

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        for file in files:
            try:
                with file.open("rb") as opened:
                    text = opened.read(MOST_BYTES + 1)
                said = rates_import(text, who=WHO)
            except OSError as error:
                raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
            except VerbError as error:
                raise CommandError(f"{file}: {error}") from error
            audit.record("import_rates", audit.Subject("price list", None, file.name), who=WHO, detail=said)
            self.stdout.write(said)
