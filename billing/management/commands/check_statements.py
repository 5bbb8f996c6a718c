"""`manage.py check_statements`: whether every issued statement still has the hash that it was issued with."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from billing.statement_rows import Statement
from billing.statements.canonical import document_sha256, stored_lines
from streamhub.commands import DatabaseCommand


class Command(DatabaseCommand):
    help = "Work out the SHA-256 of every issued or void statement anew. Ends with an error if one differs."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Statement.objects.exclude(number=None).order_by("number")
        differ = [row.number for row in rows if document_sha256(row, stored_lines(row)) != row.sha256]
        if differ:
            raise CommandError(f"The hash of these statements differs: {', '.join(map(str, differ))}.")
        self.stdout.write(f"Statements: {rows.count()}. Every hash is the one that it was issued with.")
