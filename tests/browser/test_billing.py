"""Billing in Chromium: a month by day, customers, and a statement from its draft to paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from billing.monthly_usage import month_bounds
from billing.statement_rows import Statement
from billing.statements import services
from channels_app.models import Breakout
from tests.browser.gallery import SCHEMES, Gallery, assert_nothing_wrong
from tests.browser.staff import Open
from tests.scenarios import rows
from tests.scenarios.actors import TESTER
from tests.scenarios.billed_month import PERIOD, BilledMonth
from tests.scenarios.measured import FakeMetrics, collect, phase

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]
LONG = "Initech Broadcasting and Events, Frankfurt"
CUSTOMERS = ("acme", "globex", "", LONG, "hooli", "umbrella", "stark", "wayne")


def encoder_ran() -> None:
    """A channel whose encoder ran, of which CloudWatch knows a part."""
    channel = rows.channel("idle", name="A stage with a long name, in Frankfurt")
    start = month_bounds(PERIOD)[0] + timedelta(days=3)
    phase(channel, start, start + timedelta(hours=3))
    metrics = FakeMetrics()
    metrics.put("IngressBytes", "package-1", start, 3 * 2**30)
    collect(start + timedelta(days=2), metrics)


@SCHEMES
def test_the_pages_fit_and_are_accessible(log_in: Open, shoot: Shoot, scheme: str) -> None:
    month = BilledMonth(count=120, customers=CUSTOMERS, distributions=5, every=timedelta(hours=14))
    month.outside(20_000_000_000)
    issued = services.statement_issue(services.statement_draft(PERIOD, "acme", who=TESTER), who=TESTER)
    last = Breakout.objects.filter(pk__in=[row.pk for row in month.breakouts[-12:]])
    last.update(usage_status="provisional", usage_complete=False)
    gallery = Gallery(log_in("superuser", scheme=scheme), shoot, scheme)
    gallery.visit("billing", f"billing/by-day/?month={PERIOD}")
    encoder_ran()
    gallery.visit("usage", f"billing/usage/?month={PERIOD}")
    gallery.visit("customer", f"billing/customer/?name=acme&month={PERIOD}")
    gallery.visit("statement-issued", f"billing/statement/{issued.pk}/change/")
    gallery.visit("statement-print", f"billing/statement/{issued.pk}/print/")
    assert_nothing_wrong(gallery)


def test_an_engineer_drafts_issues_and_downloads_a_statement(log_in: Open, shoot: Shoot) -> None:
    BilledMonth()
    page = log_in("engineer")
    page.goto(f"/admin/billing/customer/?name=acme&month={PERIOD}")
    page.get_by_role("link", name="New draft of this month").click()
    expect(page.locator("#id_period")).to_have_value(PERIOD)
    expect(page.locator("#id_customer")).to_have_value("acme")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Everything that it covers is complete")).to_be_visible()
    page.get_by_role("link", name="Issue").click()
    page.get_by_role("button", name="Issue").click()
    expect(page.get_by_text("It never changes").first).to_be_visible()
    with page.expect_download() as csv:
        page.get_by_role("button", name="CSV").click()
    assert csv.value.suggested_filename == "statement-1.csv"
    row = Statement.objects.get()
    assert f",{row.total}," in csv.value.path().read_text().splitlines()[-1]
    with page.expect_download() as xlsx:
        page.get_by_role("button", name="XLSX").click()
    assert xlsx.value.path().read_bytes()[:2] == b"PK"
