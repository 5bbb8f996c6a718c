"""Audit, users, tokens, limits and bulk verbs in Chromium: pages fit, axe-core reports nothing severe."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from channels_app.models import Breakout
from streamhub.access.models import ApiToken, AuditEntry
from streamhub.access.services import DailyLimits, token_issue
from streamhub.clock import database_now
from tests.browser.clicking import follow
from tests.browser.gallery import SCHEMES, Gallery, Shoot, assert_nothing_wrong
from tests.browser.staff import Open
from tests.scenarios import rows
from tests.scenarios.world import WorldUnderTest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def shows() -> list[Breakout]:
    found = []
    for number, name in enumerate(("Opening keynote", "Panel: what viewers want", "Closing")):
        row = rows.breakout("running", rows.channel("running"), name=name)
        start = database_now() - timedelta(minutes=12 + 30 * number)
        planned = {"starts_at": start, "duration_minutes": 60} if number else {}
        Breakout.objects.filter(pk=row.pk).update(session_started_at=start, **planned)
        found.append(row)
    return found


def choose_all(page: Page, verb: str) -> None:
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").first.select_option(f"verb_{verb}")
    follow(page, page.get_by_role("button", name="Run").first)


@SCHEMES
def test_every_new_page(
    log_in: Open, world: WorldUnderTest, shoot: Shoot, scheme: str, settings: Any
) -> None:
    settings.MAX_RUNNING_CHANNELS, settings.MAX_CHANNELS = 3, 3
    shows()
    page = log_in("superuser", scheme=scheme)
    anna = User.objects.create_user("anna", first_name="Anna", last_name="Keller", is_staff=True)
    token, _ = token_issue("event-site", ["channels:read"], owner=anna, limits=DailyLimits(5, 20))
    gallery = Gallery(page, shoot, scheme)
    later = rows.breakout("idle", rows.channel("idle"), name="Too many")
    gallery.visit("limit-dashboard", "")
    gallery.visit("limit-breakout", f"channels_app/breakout/{later.pk}/change/")
    gallery.visit("limit-channel-add", "channels_app/channel/add/")
    gallery.visit("user", f"auth/user/{anna.pk}/change/")
    gallery.visit("user-deactivate", f"auth/user/{anna.pk}/do/deactivate/")
    gallery.visit("users", "auth/user/")
    gallery.visit("token", f"access/apitoken/{token.pk}/change/")
    gallery.visit("token-rotate", f"access/apitoken/{token.pk}/do/rotate/")
    gallery.visit("token-add", "access/apitoken/add/")
    gallery.visit("bulk-stop", "channels_app/breakout/?view=live", lambda page: choose_all(page, "stop"))
    page.get_by_label("Type stop 3 to confirm").fill("stop 3")
    page.get_by_role("button", name="Yes, stop 3 of 3").click()
    expect(page.get_by_text("3 done, 0 refused").first).to_be_visible()
    gallery.visit("audit", "access/auditentry/")
    gallery.visit(
        "audit-filters",
        "access/auditentry/?who=superuser",
        lambda page: page.get_by_text("Filters").first.click(),
    )
    assert_nothing_wrong(gallery)


def test_a_filter_is_typed_and_the_export_is_a_file(log_in: Open, world: WorldUnderTest) -> None:
    page = log_in("superuser")
    User.objects.create_user("anna")
    page.goto("/admin/access/auditentry/")
    page.get_by_text("Filters").first.click()
    page.get_by_label("By verb").fill("login")
    page.get_by_role("button", name="Apply filters").click()
    expect(page.get_by_role("cell", name="add user")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename == "audit.csv"
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + AuditEntry.objects.filter(verb="login").count()


def test_a_new_token_is_shown_and_a_reload_makes_no_other(log_in: Open, world: WorldUnderTest) -> None:
    page = log_in("engineer")
    page.goto("/admin/access/apitoken/add/")
    page.get_by_label("Service", exact=False).first.fill("event-site")
    page.get_by_label("channels:read", exact=False).check()
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#token")).to_be_visible()
    page.reload()
    expect(page.get_by_text("The token was shown once")).to_be_visible()
    expect(page.locator("#token")).to_have_count(0)
    assert ApiToken.objects.count() == 1
