"""MediaPackage and recordings on statements: whose they are, what is assumed, and what is corrected later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from billing.models import EncoderPhase, LedgerMinute
from billing.pricing.catalogue import GB, HOURS_A_MONTH, INGEST, ORIGINATION, STORAGE, Usage
from billing.statement_rows import Statement, StatementLine
from billing.statements import services
from billing.usage_rows import ServiceUsage, UsageHour
from channels_app.models import Breakout
from recordings.models import Recording
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import MONTH, PERIOD, BilledMonth, used

pytestmark = pytest.mark.django_db
NEXT = "2026-10"
HOUR = timedelta(hours=1)


def drafted(period: str = PERIOD, customer: str = "acme") -> Statement:
    return services.statement_draft(period, customer, who=TESTER)


def issued(period: str = PERIOD, customer: str = "acme") -> Statement:
    return services.statement_issue(drafted(period, customer), who=TESTER)


def quantities(row: Statement, subject: str | None = None) -> dict[tuple[str, bool], int]:
    """By kind, and whether it is of a distribution: the quantities, in sum."""
    lines = StatementLine.objects.filter(statement=row).exclude(quantity=0)
    found: dict[tuple[str, bool], int] = {}
    for line in lines if subject is None else lines.filter(subject=subject):
        key = line.kind, bool(line.aws_distribution_id)
        found[key] = found.get(key, 0) + line.quantity
    return found


def test_what_was_measured_takes_the_place_of_what_is_assumed() -> None:
    month = BilledMonth(count=1)
    row = month.breakouts[0]
    assumed = quantities(drafted())
    assert set(assumed) == {("ingest", False), ("origination", True)}
    used(row, INGEST, 3, MONTH + 2 * HOUR)
    used(row, ORIGINATION, 2, MONTH + 2 * HOUR)
    draft = services.statement_recompute(Statement.objects.get(), who=TESTER)
    assert quantities(draft) == {("ingest", False): 3 * int(GB), ("origination", False): 2 * int(GB)}
    rates = StatementLine.objects.filter(statement=draft, kind="origination").values_list("rates", flat=True)
    assert all(rates)


def test_what_is_measured_after_it_was_issued_is_a_correction() -> None:
    month = BilledMonth(count=1)
    row = month.breakouts[0]
    assumed = quantities(issued())
    used(row, INGEST, 3, MONTH + 2 * HOUR)
    used(row, ORIGINATION, 2, MONTH + 2 * HOUR)
    following = issued(NEXT)
    assert quantities(following) == {
        ("ingest", False): 3 * int(GB) - assumed["ingest", False],
        ("origination", True): -assumed["origination", True],
        ("origination", False): 2 * int(GB),
    }
    assert following.bytes_downloaded == 0
    assert set(StatementLine.objects.filter(statement=following).values_list("correction", flat=True)) == {
        True
    }


def test_an_hour_without_a_measurement_is_assumed_in_its_part() -> None:
    """The show of ten minutes is on both sides of an hour's end, and half of it was measured."""
    month = BilledMonth(count=1)
    row = month.breakouts[0]
    later = timedelta(minutes=55)
    for rows in (row.attachments.all(), EncoderPhase.objects.all()):
        rows.update(started_at=F("started_at") + later, ended_at=F("ended_at") + later)
    LedgerMinute.objects.update(minute=F("minute") + later)
    whole = quantities(drafted())
    used(row, INGEST, 1, MONTH + 2 * HOUR)
    used(row, ORIGINATION, 1, MONTH + 3 * HOUR)
    half = quantities(services.statement_recompute(Statement.objects.get(), who=TESTER))
    assert half["ingest", False] == pytest.approx(int(GB) + whole["ingest", False] / 2, abs=1)
    assert half["origination", True] == pytest.approx(whole["origination", True] / 2, abs=1)
    assert half["origination", False] == int(GB)


def test_recordings_are_the_customers_in_each_month_in_which_they_are_kept() -> None:
    month = BilledMonth()
    mine, others = month.breakouts[0], month.breakouts[1]
    used(mine, STORAGE, 1, MONTH)
    used(mine, STORAGE, 2, MONTH + timedelta(days=1))
    used(others, STORAGE, 4, MONTH)
    october = datetime(2026, 10, 1, tzinfo=MONTH.tzinfo)
    used(mine, STORAGE, 8, october)
    a_month = int(GB * HOURS_A_MONTH)
    first = issued()
    assert quantities(first, mine.uid)["storage", False] == 3 * a_month
    assert not quantities(first, others.uid)
    line = StatementLine.objects.get(statement=issued(NEXT))
    assert (line.kind, line.quantity, line.correction) == ("storage", 8 * a_month, False)
    assert (line.name, line.amount, line.unit) == ("talk 0", line.amount, "byte-hours")
    assert line.other_usage == "8.0000 GB months"
    # The recordings of the first month now are the other's, and go with their breakout.
    Breakout.objects.filter(pk=mine.pk).update(customer="globex")
    back = drafted("2026-11")
    assert quantities(back, mine.uid)["storage", False] == -11 * a_month


def test_what_is_outside_of_breakouts_is_whose_the_rest_is(settings: Any) -> None:
    month = BilledMonth()
    month.outside()
    channel = month.breakouts[0].channel_uid
    assert set(quantities(drafted(customer=""))) == {("origin_outside", True)}
    used(None, INGEST, 5, MONTH + 2 * HOUR, channel=channel)
    used(None, ORIGINATION, 6, MONTH + 2 * HOUR, channel=channel)
    house = services.statement_recompute(Statement.objects.get(), who=TESTER)
    wanted = {("ingest_outside", False): 5 * int(GB), ("origin_outside", False): 6 * int(GB)}
    assert quantities(house) == wanted
    assert services.statement_issue(house, who=TESTER).number == 1
    settings.UNATTRIBUTED_CUSTOMER = "globex"
    assert quantities(drafted(NEXT, "")) == {key: -value for key, value in wanted.items()}


@pytest.mark.parametrize("usage", [INGEST, STORAGE], ids=["MediaPackage", "S3"])
def test_what_is_counted_again_holds_it_up_for_a_month(usage: Usage, monkeypatch: pytest.MonkeyPatch) -> None:
    month = BilledMonth()
    used(month.breakouts[0], usage, 1, MONTH + 2 * HOUR, final=False)
    used(month.breakouts[0], usage, 1, MONTH + 3 * HOUR)
    now = MONTH + timedelta(days=31)
    monkeypatch.setattr(services, "database_now", lambda: now)
    row = drafted()
    assert row.missing == ["Hours of MediaPackage and days of recordings that are counted again: 1."]
    with pytest.raises(services.Incomplete, match="counted again: 1"):
        services.statement_issue(row, who=TESTER)
    assert drafted(customer="globex").complete
    now += timedelta(days=2)
    assert services.statement_recompute(row, who=TESTER).complete


def test_days_after_recordings_are_gone_hold_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    month = BilledMonth()
    mine, days = month.breakouts[0], timedelta(days=1)
    monkeypatch.setattr(services, "database_now", lambda: MONTH + 35 * days)
    EncoderPhase.objects.update(ended_at=MONTH, started_at=MONTH - HOUR)
    for first, last in [(20, 21.5), (25, 26)]:
        file = {"key": f"{first}", "modified_at": MONTH + first * days, "gone_at": MONTH + last * days}
        Recording.objects.create(breakout=mine, size_bytes=1, **file)
    row = drafted()
    wanted = "Hours of MediaPackage and days of recordings that collect_usage has to read: 3."
    assert row.missing == [wanted]
    for day in (20, 21, 25):
        used(mine, STORAGE, 1, MONTH + day * days)
    assert services.statement_recompute(row, who=TESTER).complete


def test_what_was_never_collected_holds_it_up_for_a_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the job does not run there is no row that could be open."""
    month = BilledMonth(count=4)
    mine, kept = month.breakouts[0], MONTH + timedelta(days=27, hours=5)
    now = MONTH + timedelta(days=36)
    monkeypatch.setattr(services, "database_now", lambda: now)
    others = EncoderPhase.objects.filter(channel_uid=month.breakouts[1].channel_uid)
    others.update(started_at=kept, ended_at=None)
    row = drafted()
    assert row.complete
    EncoderPhase.objects.filter(channel_uid=mine.channel_uid).update(
        started_at=kept, ended_at=kept + timedelta(minutes=90)
    )
    Recording.objects.create(breakout=mine, size_bytes=1, modified_at=kept)
    wanted = "Hours of MediaPackage and days of recordings that collect_usage has to read: {}."

    def lacks() -> list[str]:
        return services.statement_recompute(row, who=TESTER).missing

    assert lacks() == [wanted.format(2 + 3)]  # 05:00 and 06:00; three days until the month's end
    read_at = kept + timedelta(days=2)
    first = UsageHour.objects.create(hour=kept, read_at=kept + HOUR)
    UsageHour.objects.create(hour=kept + HOUR, read_at=read_at)
    used(mine, STORAGE, 1, MONTH + timedelta(days=27))
    assert lacks() == [wanted.format(1 + 2)]
    UsageHour.objects.filter(pk=first.pk).update(read_at=read_at)
    used(mine, STORAGE, 1, MONTH + timedelta(days=28))
    used(mine, STORAGE, 1, MONTH + timedelta(days=29), final=False)
    assert lacks() == ["Hours of MediaPackage and days of recordings that are counted again: 1."]
    house = drafted(customer="")  # of everybody's encoders
    assert house.missing[-1] == wanted.format(3 * 24 - 5 - 2)
    UsageHour.objects.all().delete()
    ServiceUsage.objects.all().delete()
    now += timedelta(days=25)
    assert not lacks()


def test_hours_are_whole_ones_at_whatever_minute_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that runs all the time, and was read in each hour: nothing is lacking."""
    month = BilledMonth(count=1)
    EncoderPhase.objects.update(started_at=MONTH, ended_at=None)
    hours = [MONTH + n * HOUR for n in range(30 * 24)]
    UsageHour.objects.all().delete()
    UsageHour.objects.bulk_create(UsageHour(hour=hour, read_at=hour + timedelta(days=2)) for hour in hours)
    now = MONTH + timedelta(days=33, hours=20, minutes=30, seconds=7, microseconds=5)
    monkeypatch.setattr(services, "database_now", lambda: now)
    row = drafted()
    assert row.complete
    # Of the hour in which the 31 days begin only a part is not over; the one after it is whole.
    UsageHour.objects.filter(hour__lte=MONTH + timedelta(days=2, hours=21)).delete()
    wanted = "Hours of MediaPackage and days of recordings that collect_usage has to read: 1."
    assert services.statement_recompute(row, who=TESTER).missing == [wanted]
    used(month.breakouts[0], INGEST, 1, MONTH + timedelta(days=2, hours=21), final=False)
    wanted = "Hours of MediaPackage and days of recordings that are counted again: 1."
    assert services.statement_recompute(row, who=TESTER).missing == [wanted]
