"""`manage.py heartbeat worker|beat [--here]`: exit 0 if its last heartbeat is less than 30 s old, else 1."""

from __future__ import annotations

import socket
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from streamhub.clock import database_now
from streamhub.commands import DatabaseCommand
from streamhub.lifecycle.heartbeat import is_silent, replaced
from streamhub.lifecycle.models import Heartbeat
from streamhub.lifecycle.silence import cause_of_silence


class Command(DatabaseCommand):
    help = "Check that worker or beat had a heartbeat within the last 30 s (for container healthchecks)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=["worker", "beat"])
        parser.add_argument(
            "--here",
            action="store_true",
            help="the workers of this host, or container, whichever queues they serve; not others",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        here = options["here"] and options["name"] == "worker"
        rows = list(_of_this_host() if here else Heartbeat.objects.filter(name=options["name"]))
        if not rows:
            where = f" on {socket.gethostname()}" if here else ""
            raise CommandError(
                f"There is no heartbeat of {options['name']}{where} yet. {cause_of_silence(options['name'])}"
            )
        now = database_now()
        gone = replaced(rows, now)
        for row in rows:
            if row.name in gone:
                continue
            age = round((now - row.beat_at).total_seconds())
            if is_silent(row.beat_at, now):
                raise CommandError(
                    f"The last heartbeat of {row.name} is {age} s old. {cause_of_silence(row.name)}"
                )
            self.stdout.write(f"{row.name} was alive {age} s ago")


def _of_this_host() -> QuerySet[Heartbeat]:
    return Heartbeat.objects.filter(name__endswith=f"@{socket.gethostname()}").order_by("name")
