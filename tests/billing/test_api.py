"""`GET breakouts/{id}/usage`, the function that writes the columns, prices, and the statement as CSV."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client

from billing.monthly_usage import month_bounds
from billing.pricing.services import rates_seed
from channels_app.services.usage import Usage, breakout_usage_record
from streamhub.access import audit
from streamhub.access.models import AuditEntry
from streamhub.access.services import token_issue
from tests.scenarios.collecting import HOUR, NOW, Collector, FakeCloudWatch, make_breakout, minutes, usage


def get(path: str, *scopes: str) -> Any:
    _, plain = token_issue("statistics", scopes or ("usage:read",))
    return Client().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {plain}"})


def test_the_api_reports_totals_distributions_and_minutes(
    collecting: Collector, cloudwatch: FakeCloudWatch
) -> None:
    row = make_breakout(("E1", NOW - minutes(10), None), state="running")
    cloudwatch.put("E1", NOW - minutes(9), 1000, 10)
    collecting.run(NOW)
    response = get(f"breakouts/{row.pk}/usage")
    assert response.status_code == 200
    assert response.json() == {
        "breakout": str(row.pk),
        "status": "provisional",
        "bytes_downloaded": 1000,
        "requests": 10,
        "late_bytes": 0,
        "late_requests": 0,
        "approximate": False,
        "suspect": False,
        "complete": False,
        "data": "delivered",
        "complete_until": None,
        "distributions": [
            {
                "aws_distribution_id": "E1",
                "bytes_downloaded": 1000,
                "requests": 10,
                "attached": [{"from": "2026-11-22T19:50:00Z", "to": None}],
            }
        ],
        "minutes": [
            {
                "minute": "2026-11-22T19:51:00Z",
                "period_seconds": 60,
                "aws_distribution_id": "E1",
                "bytes_downloaded": 1000,
                "requests": 10,
                "provisional": True,
                "approximate": False,
            }
        ],
        "open": ["The breakout is running: its figures still grow."],
    }


def test_a_breakout_without_figures_has_null_and_says_what_is_missing(collecting: Collector) -> None:
    running = make_breakout(("E1", NOW - minutes(10), None), state="running")
    body = get(f"breakouts/{running.pk}/usage").json()
    assert (body["status"], body["bytes_downloaded"], body["requests"]) == ("pending", None, None)
    assert "CloudWatch has not been read for this breakout yet." in body["open"]
    idle = make_breakout(state="idle")
    assert get(f"breakouts/{idle.pk}/usage").json()["open"] == ["The breakout has not been started."]


def test_final_usage_has_nothing_open(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR))
    cloudwatch.put("E1", NOW - 2.5 * HOUR, 0, 0)
    collecting.until_final(row, NOW)
    body = get(f"breakouts/{row.pk}/usage").json()
    assert (body["status"], body["bytes_downloaded"], body["open"]) == ("final", 0, [])


def test_usage_needs_its_own_scope(collecting: Collector) -> None:
    row = make_breakout(state="idle")
    assert get(f"breakouts/{row.pk}/usage", "breakouts:read").status_code == 403
    assert Client().get(f"/api/v1/breakouts/{row.pk}/usage").status_code == 401


@pytest.mark.parametrize("id", ["0", "999999", "x", "99999999999999999999"])
def test_an_unknown_breakout_is_404(collecting: Collector, id: str) -> None:
    assert get(f"breakouts/{id}/usage").status_code == 404


# --- the columns -----------------------------------------------------------------------------


def record(row: Any, status: str, downloaded: int | None, requests: int | None = 1, **more: Any) -> bool:
    return breakout_usage_record(row.pk, Usage(status, downloaded, requests, NOW, **more))


@pytest.mark.django_db
def test_usage_is_written_only_when_it_changed() -> None:
    row = make_breakout()
    assert record(row, "provisional", 10)
    assert not record(row, "provisional", 10)
    assert record(row, "provisional", 9)


@pytest.mark.django_db
def test_final_figures_never_change_and_late_ones_stand_beside_them() -> None:
    row = make_breakout()
    assert record(row, "final", 10)
    assert not record(row, "provisional", 20)
    assert not record(row, "final", 9)
    assert not record(row, "final", 11)
    assert not record(row, "final", 10, suspect=True)
    assert record(row, "final", 10, late_bytes=-3, approximate=True, complete=True)
    assert usage(row) == ("final", 10, 1)
    assert (row.usage_late_bytes, row.usage_approximate, row.usage_complete) == (-3, True, True)


@pytest.mark.django_db
def test_a_final_figure_must_be_a_number() -> None:
    with pytest.raises(ValueError, match="write zero where CloudFront reported nothing"):
        record(make_breakout(), "final", None)


@pytest.mark.django_db
def test_usage_of_a_deleted_breakout_is_not_written() -> None:
    row = make_breakout()
    pk = row.pk
    row.delete()
    row.pk = pk
    assert not record(row, "provisional", 1)


# --- prices and statements -------------------------------------------------------------------


def test_the_statement_of_a_month_as_csv(collecting: Collector, cloudwatch: FakeCloudWatch) -> None:
    row = make_breakout(("E1", NOW - 3 * HOUR, NOW - 2 * HOUR), name="opening, day 1")
    cloudwatch.put("E1", NOW - 2 * HOUR, 10**12, 10)
    cloudwatch.put("E1", NOW - 10 * HOUR, 5, 1)
    collecting.run(NOW)
    collecting.days(NOW + timedelta(days=2))
    out = StringIO()
    with pytest.raises(CommandError, match="no rate of CloudFront"):
        call_command("usage_statement", "2026-11", stdout=out)
    assert out.getvalue() == ""
    rates_seed()
    call_command("usage_statement", "2026-11", stdout=out)
    lines = list(csv.reader(out.getvalue().splitlines()))
    assert [line[:8] for line in lines[1:4]] == [
        [str(row.pk), "opening, day 1", "main stage", "E1", str(10**12), "10", "provisional", "79.16"],
        ["unattributed", "", "", "E1", "5", "1", "", "0.00"],
        ["sum", "", "", "", str(10**12 + 5), "11", "incomplete", "79.16"],
    ]
    assert {line[0] for line in lines[4:]} == {"incomplete"}
    assert any("opening, day 1" in line[1] for line in lines[4:])
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.verb, entry.object_name) == ("command line", "export_usage", "2026-11")


@pytest.mark.django_db
def test_nobody_gets_a_statement_without_its_entry(monkeypatch: Any) -> None:
    def no_entry(*_: Any, **__: Any) -> None:
        raise OperationalError("no space left")

    rates_seed()
    monkeypatch.setattr(audit, "record", no_entry)
    out = StringIO()
    with pytest.raises(CommandError, match="no space left"):
        call_command("usage_statement", "2026-11", stdout=out)
    assert out.getvalue() == ""


def test_a_value_that_is_not_a_month_is_refused() -> None:
    with pytest.raises(CommandError, match="2026-11"):
        call_command("usage_statement", "November")


def test_december_ends_with_the_year() -> None:
    start, end = month_bounds("2026-12")
    assert (start.isoformat(), end.isoformat()) == ("2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")
