"""The page *Conservation*: every byte of a distribution and day stands once, and why if it is nobody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from billing.attribution import Amount, Why
from billing.conservation import Balance, balances
from billing.models import DailySeries, FinalFigure
from tests.scenarios.collecting import HOUR, Collector, FakeCloudWatch, make_breakout, minutes

DAY = timedelta(days=1)
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def balance(now: datetime, aws_id: str = "E1") -> Balance:
    (found,) = balances([aws_id], [FIRST.date()], now)
    return found


@pytest.fixture
def shows(collecting: Collector, cloudwatch: FakeCloudWatch) -> datetime:
    """Two shows back to back and final, a byte in each minute of the day, another one late. Until when."""
    first = make_breakout(("E1", FIRST + 12 * HOUR, FIRST + 12.508 * HOUR))
    make_breakout(("E1", FIRST + 12.508 * HOUR, FIRST + 13 * HOUR))
    for number in range(24 * 60):
        cloudwatch.put("E1", FIRST + minutes(number), 100, 10)
    now = collecting.until_final(first, FIRST + 14 * HOUR)
    cloudwatch.put("E1", FIRST + 12 * HOUR, 150, 10)
    cloudwatch.put("E1", FIRST + 12.75 * HOUR, 70, 10)
    collecting.days(FIRST + DAY + HOUR)
    return max(now, FIRST + DAY + HOUR)


def test_every_byte_of_a_day_stands_once(shows: datetime) -> None:
    found = balance(shows)
    assert found.ledger.bytes_downloaded == 24 * 60 * 100 + 20
    assert found.on_breakouts.bytes_downloaded == 62 * 100
    assert (found.late.bytes_downloaded, found.late.requests) == (20, 0)
    assert {why: amount.bytes_downloaded for why, amount in found.unattributed.items()} == {
        Why.REHEARSAL: 60 * 100,
        Why.TAIL: 15 * 100,
        Why.NOBODY: (24 * 60 - 62 - 75) * 100,
    }
    assert found.difference == 0


def test_a_byte_that_is_nowhere_is_seen(shows: datetime) -> None:
    """A final figure that was changed by hand moves between on breakouts and late, but a sum that is not the
    ledger's shows as a difference."""
    FinalFigure.objects.update(bytes_downloaded=5)
    assert balance(shows).difference == 0
    found = balance(shows)
    found.late += Amount(1, 0, 0)
    assert found.difference == -1


def test_a_day_says_what_is_missing_until_it_is_complete(shows: datetime, collecting: Collector) -> None:
    assert balance(shows).missing == "It is read again from 2026-11-03 01:00 UTC on."
    collecting.days(FIRST + 2 * DAY + HOUR)
    assert balance(shows).missing == "It is read again from 2026-11-05 01:00 UTC on."
    collecting.days(FIRST + 4 * DAY + HOUR)
    assert balance(shows).missing == ""
    DailySeries.objects.all().delete()
    assert balance(shows).missing == "This distribution's days have not been read yet."


def test_the_page_shows_the_balances_and_needs_a_permission(shows: datetime, superuser: Client) -> None:
    url = reverse("admin:conservation")
    page = superuser.get(url, {"day": "2026-11-01"}).content.decode()
    assert "6,200 bytes" in page
    assert "rehearsal" in page
    assert "It is read again from" in page
    days = superuser.get(url, {"day": "2026-11-01", "distribution": "E1"}).content.decode()
    assert days.count("no data") == 13
    assert "not zero bytes" in superuser.get(url, {"day": "2026-10-01"}).content.decode()
    assert superuser.post(url).status_code == 405
    assert Client().get(url).status_code == 302
