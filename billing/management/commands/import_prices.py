"""`manage.py import_prices index.json …`: import AWS's price list of one or more services, or read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from billing.jobs import READ_PRICE_LIST
from billing.price_list_reader import read_price_list
from billing.pricing.offer_file import MOST_BYTES
from billing.pricing.services import rates_import
from streamhub.access import audit
from streamhub.access.actors import system_actor
from streamhub.commands import DatabaseCommand
from streamhub.errors import VerbError

WHO = system_actor("manage.py import_prices")


class Command(DatabaseCommand):
    help = (
        "Import rates from AWS's offer files (index.json of a service) or its API. What the book has stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="index.json")
        parser.add_argument(
            "--from-aws", action="store_true", help="read the Price List API instead of files"
        )

    def handle(self, *args: Any, files: list[Path], from_aws: bool, **options: Any) -> None:
        if bool(files) == from_aws:
            raise CommandError("Name the files, index.json of a service, or write --from-aws.")
        if from_aws:
            self._read()
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

    def _read(self) -> None:
        """Run the job here and now. Its outcome is on the page *Jobs* too."""
        with READ_PRICE_LIST.single() as run:
            if run is None:
                raise CommandError("The price list is being read already. See the page Jobs.")
            read_price_list(run)
        self.stdout.write(run.outcome)
        if run.error:
            raise CommandError(run.error)
