"""A month for one customer, and what its items are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet

from billing.ledger import counts_after
from billing.pricing.catalogue import ORIGINATION, Usage
from billing.statement_rows import StatementLine
from billing.usage_rows import ServiceUsage

ROWS_AT_ONCE = 500
Span = tuple[datetime, datetime]


class Key(NamedTuple):
    """What an item is, the same in every statement. `subject`: the uid of a breakout or channel, or ""."""

    month: date
    kind: str
    subject: str
    aws_distribution_id: str


class Used(NamedTuple):
    """A quantity of one kind of usage, to be priced by the rates in force at `when`."""

    usage: Usage
    quantity: Decimal
    when: datetime


@dataclass(frozen=True)
class Item:
    """What an item has now. `customer` "": the house. `quantity`: in the unit of its kind (`UNITS`)."""

    key: Key
    customer: str
    name: str = ""
    channel_name: str = ""
    bytes_downloaded: int = 0
    requests: int = 0
    seconds: int = 0
    quantity: int = 0
    used: tuple[Used, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Some items of a month, and the condition under which a line is about one of them or was.

    `size`: of how many distributions, breakouts or channels they are.
    """

    lines: Q
    items: Sequence[Item]
    size: int


@dataclass(frozen=True)
class Month:
    """A month for one customer, from `start` to `end` (exclusive). `now`: the database's time."""

    customer: str
    start: datetime
    end: datetime
    now: datetime

    @property
    def first_day(self) -> date:
        return self.start.date()

    @property
    def takes_the_rest(self) -> bool:
        """Whether what no breakout explains is this customer's."""
        return self.customer == settings.UNATTRIBUTED_CUSTOMER

    @cached_property
    def origination_measured(self) -> bool:
        """Whether MediaPackage's egress was measured in this month, of any channel."""
        rows = ServiceUsage.objects.filter(usage_type=ORIGINATION.usage_type, quantity__isnull=False)
        return rows.filter(start__gte=self.start, start__lt=self.end).exists()

    def key(self, kind: str, subject: str = "", aws_distribution_id: str = "") -> Key:
        return Key(self.first_day, kind, subject, aws_distribution_id)

    def breakouts(self) -> Q:
        """Those that were on air or delivered in this month."""
        return counts_after(self.start, "attachments__") & Q(attachments__started_at__lt=self.end)

    def within(self, span: Span) -> Span:
        """The part of the span that is in this month; it may be empty, with its end before its start."""
        return max(span[0], self.start), min(span[1], self.end)


def lined(month: Month, column: str, *kinds: str) -> QuerySet[StatementLine, str]:
    """What the customer's lines of these kinds were about."""
    rows = StatementLine.objects.filter(
        month=month.first_day, kind__in=kinds, statement__customer=month.customer
    ).exclude(statement__number=None)
    return rows.order_by().values_list(column, flat=True).distinct()


def some_of(uids: Sequence[str]) -> Iterator[Sequence[str]]:
    for n in range(0, len(uids), ROWS_AT_ONCE):
        yield uids[n : n + ROWS_AT_ONCE]
