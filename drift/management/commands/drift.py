"""`manage.py drift`: the database against AWS. Exit code 1 if they differ, 2 if AWS could not be read."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from drift import services as drift
from drift.services import Finding, Report, Resolution, ResourceKind
from streamhub.access.actors import system_actor
from streamhub.errors import AwsError, NotPossible, StreamHubError

WHO = system_actor("manage.py drift")


class Command(BaseCommand):
    help = "Print what differs between the database and AWS; take orphans down with --delete-orphans --yes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--delete-orphans",
            action="store_true",
            help="say what would be deleted: what carries our mark, has no row and is older than an hour",
        )
        parser.add_argument("--yes", action="store_true", help="do it, one step each; run again to go on")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = drift.report()
        except StreamHubError as error:
            raise CommandError(str(error)) from error
        self._print(found)
        if options["delete_orphans"]:
            self._take_down(found, really=options["yes"])
        if found.unread:
            sys.exit(2)
        if found.findings:
            sys.exit(1)

    def _print(self, found: Report) -> None:
        for each in found.findings:
            can = ", ".join(each.verbs) or each.waits
            self.stdout.write(f"{each.problem:<10} {each.kind:<15} {each.aws_id:<44} {each.detail} [{can}]")
        for kind, reason in found.unread.items():
            self.stdout.write(f"could not read {ResourceKind(kind).words}s: {reason}")
        strangers = ", ".join(f"{n} {kind}" for kind, n in sorted(found.foreign.items())) or "none"
        self.stdout.write(f"{found.summary}; not ours: {strangers}")

    def _take_down(self, found: Report, *, really: bool) -> None:
        surplus = [each for each in found.findings if Resolution.DELETE in each.verbs]
        for each in surplus:
            self.stdout.write(f"{each.kind} {each.aws_id}: {self._step(each, really=really)}")
        if surplus and not really:
            self.stdout.write("Nothing was done. Add --yes to do it.")

    @staticmethod
    def _step(each: Finding, *, really: bool) -> str:
        try:
            return (
                drift.act(each, Resolution.DELETE, WHO) if really else drift.preview(each, Resolution.DELETE)
            )
        except (NotPossible, AwsError) as refused:
            return str(refused)
