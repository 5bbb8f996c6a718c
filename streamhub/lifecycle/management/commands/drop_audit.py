"""`manage.py drop_audit --before 2026-03`: deletes transitions and entries of the audit of earlier months."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from streamhub.access.actors import system_actor
from streamhub.commands import DatabaseCommand
from streamhub.errors import Invalid
from streamhub.lifecycle.retention import audit_drop

WHO = system_actor("manage.py drop_audit")


class Command(DatabaseCommand):
    help = "Delete transitions and entries of the audit that are older than a month. This cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--before", required=True, metavar="YYYY-MM", help="the first month that is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            dropped = audit_drop(options["before"], who=WHO)
        except Invalid as error:
            raise CommandError(f"--before: {error.errors['before']}") from error
        for kind, count in dropped.items():
            self.stdout.write(f"{kind}: {count} deleted")
