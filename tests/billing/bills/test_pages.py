"""What the page *AWS's bill* and the page of a breakout say, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Max
from django.urls import reverse

from billing.bill_rows import BillShare, BillVersion, BreakoutBill, as_decimal
from billing.bills import estimates, upload_page
from billing.bills.comparison import by_channel, by_customer, by_service, on_breakouts, reasons
from billing.costs.lines import Cost
from billing.models import FinalFigure, PriceRate
from billing.pricing.book import PriceBook
from billing.pricing.catalogue import STORAGE
from channels_app.models import Breakout
from streamhub.append_only import retention
from tests.scenarios.billed_month import MONTH, BilledMonth, used
from tests.scenarios.sample_bill import SampleLine, total
from tests.scenarios.staff import As

Import = Callable[..., Any]


def reason_of(version: BillVersion, why: str) -> Decimal:
    return next(row.billed for row in reasons(version) if row.why == why)


def test_ours_stands_beside_aws(imported: Import, month: BilledMonth, lines: list[SampleLine]) -> None:
    version = imported().version
    found = {row.name: row for row in by_service(version)}
    ours = [line for line in lines if line.kind == "Usage" and "EOTHERS" not in line.resource]
    cloudfront = total(line for line in ours if line.service == "AmazonCloudFront")
    assert found["CloudFront"].billed == cloudfront
    assert found["CloudFront"].difference == pytest.approx(0, abs=0.01)
    assert found["MediaPackage"].difference is not None
    assert abs(found["MediaPackage"].difference) > 10
    for series in (by_customer(version), by_channel(version)):
        assert sum(row.billed for row in series) == on_breakouts(version)
    assert {row.name for row in by_customer(version)} == {"acme", "globex"}
    assert on_breakouts(version) + sum(row.billed for row in reasons(version)) == version.amount
    whole = upload_page._whole(version)
    assert (whole.billed, whole.partial) == (sum(row.billed for row in found.values()), False)
    assert whole.difference is not None
    BillShare.objects.filter(version=version, why="idle").update(why="shared")
    assert upload_page._whole(version).billed == whole.billed - reason_of(version, "shared")
    del version.estimate["AWSElementalMediaLive"]
    assert upload_page._whole(version).difference is None


@pytest.mark.usefixtures("month")
def test_the_page_shows_what_nobody_explains(imported: Import, as_role: As) -> None:
    imported()
    viewer = as_role("engineer")
    url = reverse("admin:aws_bill")
    page = viewer.get(url, {"month": "2026-09"}).content.decode()
    assert "resources that are not ours" in page
    assert "EUC1-Reserved" in page
    assert page.index("EUC1-Reserved") < page.index("US-DataTransfer-Out-Bytes")
    only = viewer.get(url, {"month": "2026-09", "why": "idle", "by": "channel"}).content.decode()
    assert "EUC1-Idle" in only
    assert "EUC1-Reserved" not in only
    assert "stage 1" in only
    none = viewer.get(url, {"month": "2026-08"}).content.decode()
    assert none.index("Press Import a file to upload one") < none.index("import_bill")
    assert "Press Import a file" not in as_role("viewer").get(url, {"month": "2026-08"}).content.decode()
    assert viewer.get(url).context["version"] is not None
    assert viewer.post(url).status_code == 405


def test_a_breakout_shows_what_aws_billed_of_it(imported: Import, month: BilledMonth, as_role: As) -> None:
    imported()
    url = reverse("admin:channels_app_breakout_change", args=[month.breakouts[4].pk])
    page = as_role("engineer").get(url).content.decode()
    assert "What AWS billed" in page
    assert "EMP-ingest-bytes" in page


def test_another_currency_is_not_compared(imported: Import, month: BilledMonth) -> None:
    version = imported().version
    BillVersion.objects.update(currency="EUR")
    version.refresh_from_db()
    assert all(row.difference is None for row in by_service(version))


def test_what_has_no_estimate_in_part_has_no_percentage(imported: Import, month: BilledMonth) -> None:
    version, talk = imported().version, month.breakouts[0]
    assert all(row.difference is not None for row in (*by_customer(version), *by_channel(version)))
    BreakoutBill.objects.filter(version=version, breakout=talk).update(estimate_picos=None)
    by_name = {row.name: row for row in by_customer(version)}
    assert {name for name, row in by_name.items() if row.difference is None} == {talk.customer}
    assert by_name[talk.customer].estimate
    assert [row.name for row in by_channel(version) if row.difference is None] == [talk.channel_name]


def test_a_month_that_runs_is_estimated_as_far_as_it_is_billed(
    imported: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, asked = imported().version, []

    def cost(until: datetime, _book: PriceBook) -> Cost:
        asked.append(until)
        return Cost(())

    monkeypatch.setattr(estimates, "month_cost", cost)
    latest = version.lines.aggregate(at=Max("end"))["at"]
    end = MONTH + timedelta(days=30)
    for now in (latest - timedelta(hours=1), latest + timedelta(days=1), end):
        estimates.estimates_record(version, now)
    assert asked == [latest - timedelta(hours=1), latest, end - timedelta(microseconds=1)]


def test_a_breakout_that_began_a_month_before_is_not_estimated_again(
    imported: Import, month: BilledMonth
) -> None:
    talk = month.breakouts[0]
    talk.attachments.update(started_at=MONTH - timedelta(minutes=5))
    version = imported().version
    bill = version.breakouts.get(breakout=talk)
    assert bill.estimate_picos == 0
    assert bill.picos > 0


def test_recordings_are_estimated_in_each_month_in_which_they_are_kept(
    imported: Import, month: BilledMonth
) -> None:
    """A month is allocated anew while the recordings of its breakouts are kept on."""
    talk, older = month.breakouts[0], month.breakouts[1]
    older.attachments.update(started_at=MONTH - timedelta(days=9), ended_at=MONTH - timedelta(days=8))
    FinalFigure.objects.filter(breakout=older).delete()
    without = imported().version
    before = estimate_of(without, talk)
    for start in (MONTH, MONTH + timedelta(days=29), MONTH + timedelta(days=30), MONTH + timedelta(days=61)):
        used(talk, STORAGE, 100, start)
    used(older, STORAGE, 10, MONTH - timedelta(days=1))
    used(older, STORAGE, 30, MONTH + timedelta(days=4))
    estimates.estimates_record(without, MONTH + timedelta(days=62))
    a_gb = Decimal("0.0245")
    assert estimate_of(without, talk) - before == 200 * a_gb
    assert estimate_of(without, older) == 30 * a_gb
    october = BillVersion.objects.create(
        month=(MONTH + timedelta(days=30)).date(), **{name: getattr(without, name) for name in COPIED}
    )
    estimates.estimates_record(october, MONTH + timedelta(days=62))
    assert {row.breakout: as_decimal(row.estimate_picos) for row in october.breakouts.all()} == {
        talk: 100 * a_gb
    }


def test_recordings_without_a_rate_have_no_estimate(imported: Import, month: BilledMonth) -> None:
    talk = month.breakouts[0]
    talk.attachments.update(started_at=MONTH - timedelta(minutes=5))
    used(talk, STORAGE, 100, MONTH)
    version = imported().version
    assert estimate_of(version, talk) == 100 * Decimal("0.0245")
    with retention():
        PriceRate.objects.filter(usage_type=STORAGE.usage_type).delete()
    estimates.estimates_record(version, MONTH + timedelta(days=62))
    assert version.breakouts.get(breakout=talk).estimate_picos is None


COPIED = ("source", "fingerprint", "layout", "currency", "lines_count", "picos", "imported_by")


def estimate_of(version: BillVersion, row: Breakout) -> Decimal:
    picos = version.breakouts.get(breakout=row).estimate_picos
    assert picos is not None
    return as_decimal(picos)
