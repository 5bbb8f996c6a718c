"""`manage.py embedded`: one process with the embedded AWS and a broker, for trying out and for tests."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from devstack.broker import BrokerFailed
from devstack.process import AlreadyServed, BrokerDied, Options, serve
from streamhub.lifecycle.driver import all_drivers

DEFAULT_SCALE = 0.02


def _mediamanager() -> tuple[str, str, str] | None:
    """The configured MediaManager distribution and its two buckets, if all three are configured."""
    values = (settings.MEDIAMANAGER_DISTRIBUTION_ID, settings.RECORDING_BUCKET, settings.MEDIA_BUCKET)
    return values if all(values) else None


class Command(BaseCommand):
    help = "Run the embedded AWS and broker. They keep nothing when this process ends."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale",
            type=float,
            default=DEFAULT_SCALE,
            help="real seconds per AWS second: 1 is AWS's own pace, 0.02 (default) is fifty times as fast",
        )
        parser.add_argument(
            "--aws-port", type=int, default=0, help="default: a free port, the same each time"
        )
        parser.add_argument("--broker-port", type=int, default=0, help="likewise")
        parser.add_argument("--parent", type=int, help="id of the parent process; end when it ends")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["scale"] < 0:
            raise CommandError("--scale must be a number of seconds, 0 or more.")
        self._warn_about_rows()
        options = Options(
            addresses=settings.EMBEDDED_ADDRESSES,
            scale=given["scale"],
            aws_port=given["aws_port"],
            broker_port=given["broker_port"],
            region=settings.AWS_REGION,
            buckets=tuple(filter(None, (settings.RECORDING_BUCKET, settings.MEDIA_BUCKET))),
            parent=given["parent"],
            mediamanager=_mediamanager(),
        )
        try:
            serve(options, self._say_ready)
        except (AlreadyServed, BrokerDied, BrokerFailed) as error:
            raise CommandError(str(error)) from error

    def _say_ready(self, addresses: dict[str, Any]) -> None:
        self.stdout.write(
            f"The embedded AWS answers at {addresses['aws_endpoint']}, the broker ({addresses['broker']}) "
            f"at {addresses['broker_url']}. Press Ctrl-C to stop both."
        )
        self.stdout.flush()

    def _warn_about_rows(self) -> None:
        """Warn if rows exist: this AWS begins empty, so StreamHub will find their resources missing."""
        counts = []
        for driver in all_drivers():
            try:
                count = driver.model._default_manager.count()
            except DatabaseError:
                continue
            if count:
                counts.append(f"{driver.model.KIND}: {count}")
        if counts:
            self.stdout.write(
                f"Note: this AWS begins empty, but the database has rows ({', '.join(counts)}). "
                "StreamHub will find their resources missing. To start over, delete the database and run "
                "`manage.py bootstrap`."
            )
