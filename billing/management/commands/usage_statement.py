"""`manage.py usage_statement 2026-11`: the month's usage as CSV on stdout, with an estimate of its price."""

from __future__ import annotations

import csv
from typing import Any

from django.core.management.base import CommandError, CommandParser

from billing.completeness import missing
from billing.monthly_usage import UsageLine, month_bounds, one_state, statement_lines
from billing.pricing.delivery import DeliveryRates, LinePrices
from billing.pricing.services import price_book
from streamhub.access import audit
from streamhub.clock import database_now
from streamhub.commands import DatabaseCommand
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
    "late_bytes",
    "late_requests",
    "approximate",
    "complete",
)


class Command(DatabaseCommand):
    help = (
        "Print what CloudFront delivered in a month, by breakout, as CSV. Prices are ESTIMATES. Lines after"
        " the sum say what is still missing. The audit keeps that it was printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", help="the month in UTC, such as 2026-11")

    def handle(self, *args: Any, month: str, **options: Any) -> None:
        try:
            start, end = month_bounds(month)
        except ValueError as error:
            raise CommandError(f"{month!r} is not a month. Write it like 2026-11.") from error
        rates = DeliveryRates.at(price_book(), start)
        if not rates.complete:
            raise CommandError("The price book has no rate of CloudFront. Run manage.py bootstrap.")
        # Before the first line: nobody has the figures without an entry.
        audit.record("export_usage", audit.Subject("usage statement", None, month))
        out = csv.writer(self.stdout)
        out.writerow(HEADER)
        prices = LinePrices(rates)
        with one_state():
            lacks = missing(start, end, database_now())
            for line in statement_lines(start, end, lacks):
                out.writerow(cells(_row(line, prices)))
        for sentence in lacks.sentences:
            out.writerow(cells(("incomplete", sentence, *[""] * (len(HEADER) - 2))))
            self.stderr.write(f"{month} is incomplete. {sentence}")


def _row(line: UsageLine, prices: LinePrices) -> tuple[object, ...]:
    price = prices.total if line.breakout == "sum" else prices.add(line.bytes_downloaded, line.requests)
    return (
        line.breakout,
        line.name,
        line.channel,
        line.aws_distribution_id,
        line.bytes_downloaded,
        line.requests,
        line.status,
        price,
        line.late_bytes,
        line.late_requests,
        "yes" if line.approximate else "",
        "yes" if line.complete else "",
    )
