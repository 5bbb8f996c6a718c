"""`manage.py usage_statement 2026-11`: the month's usage as CSV on stdout, with an estimate of its price."""

from __future__ import annotations

import csv
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.prices import estimate_usd
from billing.statement import month_bounds, statement_lines
from streamhub.csv_cells import cells

HEADER = (
    "breakout",
    "name",
    "channel",
    "aws_distribution_id",
    "bytes_downloaded",
    "requests",
    "status",
    "estimate_usd",
)


class Command(BaseCommand):
    help = "Print what CloudFront delivered in a month, by breakout, as CSV. Prices are ESTIMATES."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", help="the month in UTC, such as 2026-11")

    def handle(self, *args: Any, month: str, **options: Any) -> None:
        try:
            start, end = month_bounds(month)
        except ValueError as error:
            raise CommandError(f"{month!r} is not a month. Write it like 2026-11.") from error
        out = csv.writer(self.stdout)
        out.writerow(HEADER)
        for line in statement_lines(start, end):
            price = estimate_usd(line.bytes_downloaded, line.requests)
            out.writerow(
                cells(
                    (
                        line.breakout,
                        line.name,
                        line.channel,
                        line.aws_distribution_id,
                        line.bytes_downloaded,
                        line.requests,
                        line.status,
                        price,
                    )
                )
            )
