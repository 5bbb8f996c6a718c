"""`manage.py heartbeat worker|beat`: exit 0 if its last heartbeat is less than 30 s old, else 1."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from streamhub.clock import database_now
from streamhub.commands import DatabaseCommand
from streamhub.lifecycle.heartbeat import is_silent
from streamhub.lifecycle.models import Heartbeat
from streamhub.lifecycle.silence import cause_of_silence


class Command(DatabaseCommand):
    help = "Check that worker or beat had a heartbeat within the last 30 s (for container healthchecks)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=["worker", "beat"])

    def handle(self, *args: Any, **options: Any) -> None:
        last = Heartbeat.objects.filter(name=options["name"]).values_list("beat_at", flat=True).first()
        if last is None:
            raise CommandError(
                f"There is no heartbeat of {options['name']} yet. {cause_of_silence(options['name'])}"
            )
        now = database_now()
        age = round((now - last).total_seconds())
        if is_silent(last, now):
            raise CommandError(
                f"The last heartbeat of {options['name']} is {age} s old. {cause_of_silence(options['name'])}"
            )
        self.stdout.write(f"{options['name']} was alive {age} s ago")
