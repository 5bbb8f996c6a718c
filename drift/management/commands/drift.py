"""`manage.py drift`: compare database and AWS. Exit code 1 if they differ, 2 if AWS could not be read."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from drift import services as drift
from drift.services import Finding, Report, Resolution, ResourceKind
from streamhub.access.actors import system_actor
from streamhub.commands import DatabaseCommand
from streamhub.errors import AwsError, NotPossible, StreamHubError

WHO = system_actor("manage.py drift")


class Command(DatabaseCommand):
    help = "Print what differs between the database and AWS; delete orphans with --delete-orphans --yes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--delete-orphans",
            action="store_true",
            help="print what would be deleted: surplus resources first seen more than an hour ago",
        )
        parser.add_argument(
            "--yes", action="store_true", help="delete them, one step each; run again to continue"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = drift.report()
        except StreamHubError as error:
            raise CommandError(str(error)) from error
        self._print(report)
        if options["delete_orphans"]:
            self._tear_down(report, dry_run=not options["yes"])
        if report.unread:
            sys.exit(2)
        if report.findings:
            sys.exit(1)

    def _print(self, report: Report) -> None:
        for finding in report.findings:
            self.stdout.write(self._line(finding))
        for kind, unread in report.unread.items():
            self.stdout.write(f"could not read {ResourceKind(kind).label}s: {unread}")
        foreign = ", ".join(f"{count} {kind}" for kind, count in sorted(report.foreign.items())) or "none"
        self.stdout.write(f"{report.summary}; not ours: {foreign}")

    @staticmethod
    def _line(finding: Finding) -> str:
        options = ", ".join(finding.resolutions) or finding.wait_reason
        columns = f"{finding.difference:<10} {finding.kind:<15} {finding.aws_id:<44}"
        return f"{columns} {finding.detail} [{options}]"

    def _tear_down(self, report: Report, *, dry_run: bool) -> None:
        surplus = [finding for finding in report.findings if Resolution.DELETE in finding.resolutions]
        for finding in surplus:
            self.stdout.write(f"{finding.kind} {finding.aws_id}: {self._step(finding, dry_run=dry_run)}")
        if surplus and dry_run:
            self.stdout.write("Nothing was deleted. Add --yes to delete.")

    @staticmethod
    def _step(finding: Finding, *, dry_run: bool) -> str:
        try:
            if dry_run:
                return drift.preview(finding, Resolution.DELETE)
            return drift.resolve(finding, Resolution.DELETE, WHO)
        except (NotPossible, AwsError) as refusal:
            return str(refusal)
