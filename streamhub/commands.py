"""What all commands of the product have in common."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from streamhub.postgresql.outages import cannot_write, unavailable


class DatabaseCommand(BaseCommand):
    """A command that ends with one sentence, not with a traceback, when the database cannot be used."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except Error as error:
            if not unavailable(error):
                raise
            raise CommandError(_sentence(error)) from error


def _sentence(error: Error) -> str:
    said = str(error).strip().partition("\n")[0]
    if cannot_write(error):
        return (
            f"The database can only be read: {said}. "
            "DATABASE_URL leads to a standby: run this again once it leads to the writer."
        )
    return f"The database cannot be used: {said}. Run this again once it answers."
