"""`manage.py issue_token NAME --scope S [--scope S …] [--expires 90d|never]`: prints only the token."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from streamhub.access.scopes import SCOPES
from streamhub.access.services import token_issue
from streamhub.commands import DatabaseCommand
from streamhub.errors import Invalid

NEVER = "never"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_EXPIRES = re.compile(r"([1-9][0-9]{0,4})([mhd])")


class Command(DatabaseCommand):
    help = "Issue an API token for a service. The token is shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the service that will use the token")
        parser.add_argument(
            "--scope", action="append", default=[], metavar="S", help=f"one of: {', '.join(SCOPES)}"
        )
        parser.add_argument(
            "--expires",
            default="365d",
            help="how long the token is valid: 30m, 12h, 90d, or never (default: 365d)",
        )
        parser.add_argument(
            "--owner", metavar="USER", help="who answers for it: it ends when they are deactivated"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        expires_in = None if options["expires"] == NEVER else parse_duration(options["expires"])
        owner = _user(options["owner"]) if options["owner"] else None
        try:
            _, plain = token_issue(options["name"], options["scope"], expires_in, owner=owner)
        except Invalid as error:
            raise CommandError(_as_arguments(error)) from error
        self.stdout.write(plain)


def _user(name: str) -> User:
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"--owner {name!r}: there is no active user of that name.")
    return user


def parse_duration(text: str) -> timedelta:
    """The duration of `30m`, `12h` or `90d`. Raises CommandError."""
    match = _EXPIRES.fullmatch(text)
    if match is None:
        raise CommandError(f"--expires {text!r} is not a duration: write 30m, 12h, 90d or never.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _as_arguments(error: Invalid) -> str:
    """The errors, with the command line's names of the fields."""
    names = {"name": "NAME", "scopes": "--scope", "expires_in": "--expires"}
    return "\n".join(f"{names.get(field, field)}: {what}" for field, what in error.errors.items())
