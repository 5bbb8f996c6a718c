"""`manage.py reset_second_factor NAME`: for somebody who lost their device. The password stays."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from streamhub.access import login_events
from streamhub.commands import DatabaseCommand


class Command(DatabaseCommand):
    help = "Remove the app, the passkeys and the recovery codes of a user. The password stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The user name.")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no user {name!r}.")
        rows = list(Authenticator.objects.filter(user=user))
        for row in rows:
            row.delete()
            login_events.record("second_factor_removed", name, None, kind=row.type, by="command")
        self.stdout.write(f"{name}: {len(rows)} removed.")
