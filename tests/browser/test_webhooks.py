"""Webhooks in Chromium: an endpoint is added and tried; each page, light and dark, wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from streamhub.webhooks.models import Delivery, Endpoint
from streamhub.webhooks.tasks import send_to_endpoint
from tests.browser.gallery import SCHEMES, Gallery, Shoot, assert_nothing_wrong
from tests.browser.staff import Open
from tests.scenarios import rows, webhook_rows
from tests.scenarios.webhook_receiver import receiving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_an_endpoint_is_added_tried_and_looked_at(log_in: Open, shoot: Shoot, settings: Any) -> None:
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1"]
    gallery = Gallery(log_in("superuser", scheme="light"), shoot, "light")
    page = gallery.page
    with receiving() as receiver:
        page.goto("/admin/webhooks/endpoint/add/")
        page.fill("#id_name", "Event site")
        page.fill("#id_url", "https://10.0.0.1/hooks")
        page.check("input[value='channel.state_changed']")
        page.get_by_role("button", name="Create").click()
        expect(page.locator("#id_url_error")).to_contain_text("in a private or reserved network")
        gallery.capture("webhook-add")
        page.fill("#id_url", receiver.url)
        page.get_by_role("button", name="Create").click()
        expect(page.locator("#secret")).to_contain_text("whsec_")
        gallery.capture("webhook-secret")
        page.get_by_role("link", name="I have copied it").click()
        page.get_by_role("link", name="Send test event").first.click()
        page.get_by_role("button", name="Send test event").click()
        row = Endpoint.objects.get()
        send_to_endpoint(row.pk)
        assert len(receiver.requests) == 1
        # The page shows it without a reload.
        expect(page.get_by_role("link", name=f"test endpoint/{row.pk}")).to_be_visible()
        expect(page.locator(".sh-line-state").get_by_text("delivered")).to_be_visible(timeout=20_000)
        assert_nothing_wrong(gallery)


@SCHEMES
def test_pages_of_webhooks_fit_and_are_accessible(log_in: Open, shoot: Shoot, scheme: str) -> None:
    gallery = Gallery(log_in("superuser", scheme=scheme), shoot, scheme)
    channel = rows.channel("running", name="Grand hall, second floor: keynotes, panels and the show")
    shop = webhook_rows.endpoint(
        "Ticket shop",
        format="standard",
        url="https://hooks.tickets.example.com/incoming/streamhub?team=events",
        failures=7,
        failing_since=channel.created_at,
        last_error="503: closed for repairs",
    )
    webhook_rows.endpoint("Stripe", format="stripe", active=False, kinds=["usage.final", "usage.corrected"])
    for state, status, answer in (
        ("delivered", 200, "ok"),
        ("failed", None, "The connection was refused: nothing listens there."),
        ("waiting", 503, "closed for repairs"),
    ):
        webhook_rows.delivery(shop, channel, state, status, answer)
    failed = Delivery.objects.get(state="failed")
    gallery.visit("webhooks", "webhooks/endpoint/")
    gallery.visit("webhook", f"webhooks/endpoint/{shop.pk}/change/")
    gallery.visit("webhook-replay", f"webhooks/endpoint/{shop.pk}/do/replay/")
    gallery.visit("webhook-delivery", f"webhooks/delivery/{failed.pk}/change/")
    assert_nothing_wrong(gallery)
