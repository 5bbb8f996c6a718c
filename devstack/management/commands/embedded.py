"""`manage.py embedded`: one separate process that is AWS and broker, for trying out and for tests."""

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
    named = (settings.MEDIAMANAGER_DISTRIBUTION_ID, settings.RECORDING_BUCKET, settings.MEDIA_BUCKET)
    return named if all(named) else None


class Command(BaseCommand):
    help = "Run the embedded AWS and broker. Everything in them is forgotten when this process ends."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale",
            type=float,
            default=DEFAULT_SCALE,
            help="real seconds per AWS second: 1 is AWS's own pace, 0.02 fifty times as fast (default)",
        )
        parser.add_argument("--aws-port", type=int, default=0, help="default: one that fits, always the same")
        parser.add_argument("--broker-port", type=int, default=0, help="likewise")
        parser.add_argument("--parent", type=int, help="end when this process, the parent, ends")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["scale"] < 0:
            raise CommandError("--scale is a number of seconds, 0 or more.")
        self._mention_rows()
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
            f"at {addresses['broker_url']}. Ctrl-C ends both."
        )
        self.stdout.flush()

    def _mention_rows(self) -> None:
        """This AWS begins empty. Rows that stand for something in an earlier one will be found missing."""
        rows = []
        for driver in all_drivers():
            try:
                count = driver.model._default_manager.count()
            except DatabaseError:
                continue
            if count:
                rows.append(f"{count} x {driver.model.KIND}")
        if rows:
            self.stdout.write(
                f"Note: this AWS begins empty, and the database has {', '.join(rows)}. To StreamHub that is "
                "an account which lost everything. To begin anew, delete the database and run "
                "`manage.py bootstrap`."
            )
