"""The reaper's page in Chromium: what waits, a dry run, and a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from distributions.models import ReaperRun
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, Open
from tests.scenarios import rows
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]
STALE = {"attached": False, "desired": "deleted", "enabled": False, "status": "Deployed"}


def test_an_operator_looks_at_what_is_stale_and_runs_the_reaper(
    log_in: Open, world: WorldUnderTest, shoot: Shoot
) -> None:
    for n in range(40):
        rows.distribution("disabled", aws_distribution_id=f"E{n:013}", owner_label=f"Stage {n}", **STALE)
    rows.distribution(
        "failed",
        aws_distribution_id="EBROKEN",
        error_code="x",
        error_message="It is used elsewhere.",
        **STALE,
    )
    ReaperRun.objects.create(who="reaper", under_way=None, seen=12, deleted=10, calls=10, failed=2)
    page = log_in("operator")
    page.locator("a[href='/admin/distributions/reaper/']").first.click()
    expect(page.get_by_text("It is used elsewhere.")).to_be_visible()
    assert severe_violations(page) == []
    table = page.get_by_role("region", name="What waits")
    assert table.evaluate("e => e.scrollHeight > e.clientHeight")
    table.focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.sh-scroll').scrollTop > 0")
    shoot(page, "reaper")
    page.get_by_role("link", name="Dry run").click()
    expect(page.get_by_text("EBROKEN")).to_have_count(0)
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("The reaper runs")).to_be_visible()
    expect(page.get_by_role("region", name="Last runs")).to_contain_text("staff:operator")


def test_the_page_fits_a_phone(log_in: Open, world: WorldUnderTest, shoot: Shoot) -> None:
    rows.distribution("disabled", aws_distribution_id="E1", **STALE)
    page = log_in("viewer", viewport=PHONE)
    page.goto("/admin/distributions/reaper/")
    expect(page.get_by_text("E1", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run now")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, "reaper-phone")
