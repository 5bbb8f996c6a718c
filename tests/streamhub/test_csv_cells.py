"""Exports are safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from billing.models import LedgerMinute
from billing.monthly_usage import month_bounds
from billing.pricing.services import rates_seed
from streamhub.csv_cells import cells
from tests.scenarios import rows


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", '=HYPERLINK("http://x")', "\uff1d1+1"],
)
def test_what_begins_like_a_formula_becomes_text(text: str) -> None:
    assert cells([text]) == ["'" + text]


@pytest.mark.parametrize("value", [0, -5, 12, pytest.param(Decimal("-0.25"), id="decimal"), 1.5, None, True])
def test_numbers_stay_numbers(value: Any) -> None:
    assert cells([value]) == [value]


@pytest.mark.parametrize("text", ["", "Keynote", "a=b", "1-2", "'quoted", " ", "12"])
def test_other_text_stays(text: str) -> None:
    assert cells([text]) == [text]


@pytest.mark.django_db
def test_the_statement_runs_no_formula() -> None:
    start, _ = month_bounds("2026-10")
    breakout = rows.breakout("completed", name='=HYPERLINK("http://evil.example","Keynote")')
    attachment = breakout.attachments.create(
        aws_distribution_id="E1", started_at=start, ended_at=start.replace(hour=1)
    )
    LedgerMinute.objects.create(
        aws_distribution_id=attachment.aws_distribution_id,
        minute=start.replace(minute=10),
        bytes_downloaded=1000,
        requests=3,
        first_seen_at=start,
        changed_at=start,
    )
    rates_seed()
    out = io.StringIO()
    call_command("usage_statement", "2026-10", stdout=out)
    lines = list(csv.reader(io.StringIO(out.getvalue())))
    names = [line[1] for line in lines]
    assert "'" + breakout.name in names
    figures = [line[4] for line in lines[1:] if line[0] != "incomplete"]
    assert all(figure.isdigit() for figure in figures)
