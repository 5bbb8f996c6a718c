"""The pages about quotas and price classes in Chromium, light and dark, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from channels_app.models import Channel
from distributions import services
from distributions.models import Distribution
from streamhub.quotas.models import Quota
from streamhub.quotas.tasks import read_quotas
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, WIDE, Open
from tests.scenarios import rows
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.browser

Shoot = Callable[[Page, str], None]


@pytest.fixture
def full(world: WorldUnderTest) -> Distribution:
    """Of two distributions one is being deleted; a third one waits. Limits of MediaPackage can't be read."""
    scene.with_channel(world)
    rows.distribution("disabled", aws_distribution_id="E2", attached=False, desired="disabled")
    world.control.console("cloudfront", "set_quota", distributions=1)
    world.control.console("medialive", "set_quota", push_inputs=2)
    denied = {"ServiceCode": "mediapackage"}
    world.control.fault("service-quotas:*", "access_denied", times=None, where=denied)
    read_quotas()
    world.observe()
    services.distribution_detach(Distribution.objects.get(attached=True), who=TESTER)
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=TESTER)
    world.step_all()
    world.step_all()
    return row


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_quotas_are_shown_wherever_they_matter(
    log_in: Open, full: Distribution, shoot: Shoot, scheme: str, size: Any
) -> None:
    page = log_in("superuser", viewport=size, scheme=scheme)
    channel = Channel.objects.get().pk
    paths = {
        "quotas": "quotas/",
        "quota-dashboard": "",
        "quota-waiting": f"distributions/distribution/{full.pk}/change/",
        "quota-channel-add": "channels_app/channel/add/",
        "quota-create": f"channels_app/channel/{channel}/do/create-distribution/",
        "price": f"distributions/distribution/{full.pk}/do/price/",
        "reaper-cards": "distributions/reaper/",
    }
    for name, path in paths.items():
        page.goto(f"/admin/{path}")
        page.wait_for_load_state("networkidle")
        assert severe_violations(page) == [], name
        shoot(page, f"{name}-{scheme}")
    page.goto("/admin/quotas/")
    expect(page.get_by_role("region", name="Quotas")).to_contain_text("CloudFront distributions")
    assert Quota.objects.exists()


def test_many_price_classes_are_changed_at_once(log_in: Open, world: WorldUnderTest, shoot: Shoot) -> None:
    for n in range(3):
        rows.distribution(owner_label=f"Stage {n}", price_class="PriceClass_100")
    page = log_in("operator")
    page.goto("/admin/distributions/distribution/")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").first.select_option("verb_price")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).first.click()
    expect(page.get_by_text("of Stage 1")).to_be_visible()
    shoot(page, "price-many")
    page.locator("select[name=price_class]").select_option("PriceClass_All")
    page.get_by_role("button", name="Yes, change price class 3 of 3").click()
    expect(page.get_by_role("heading", name="3 done, 0 refused").first).to_be_visible()
    shoot(page, "price-results")
    assert Distribution.objects.filter(price_class="PriceClass_All").count() == 3
