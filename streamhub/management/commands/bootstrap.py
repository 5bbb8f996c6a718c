"""`manage.py bootstrap`: prepares the database. Run it at every deployment."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from streamhub import seeds
from streamhub.commands import DatabaseCommand
from streamhub.console import roles
from streamhub.lifecycle.schedule import schedule_correct


class Command(DatabaseCommand):
    help = "Migrate, seed groups and periodic jobs, create the first admin if ADMIN_PASSWORD is set."

    def handle(self, *args: Any, **options: Any) -> None:
        with seeds.exclusive():
            self._seed(options["verbosity"])

    def _seed(self, verbosity: int) -> None:
        call_command("migrate", interactive=False, verbosity=max(0, verbosity - 1))
        call_command("createcachetable", verbosity=0)
        self.stdout.write("The database is migrated.")
        self.stdout.write(f"Groups: {', '.join(roles.seed())}.")
        self.stdout.write(f"New periodic jobs: {', '.join(seeds.seed_periodics()) or 'none'}.")
        if corrected := schedule_correct():
            self.stdout.write(corrected)
        seeds.seed_apps()
        self._seed_admin(settings.ADMIN_PASSWORD)

    def _seed_admin(self, password: str) -> None:
        """The first administrator. A real AWS account takes no weak password, the embedded AWS says so."""
        weakness = seeds.weakness_for_admin(password)
        if weakness and settings.STREAMHUB_AWS == "live":
            raise CommandError(f"ADMIN_PASSWORD is too weak: {weakness} Choose another one.")
        if seeds.seed_admin(password):
            self.stdout.write(f"Created the administrator {seeds.ADMIN!r} with ADMIN_PASSWORD.")
            if weakness:
                self.stdout.write(f"ADMIN_PASSWORD is weak, and live mode would refuse it: {weakness}")
