"""Logging in and opening the list of channels."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from channels_app.models import Channel
from tests.browser.gallery import Shoot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_staff_log_in_and_find_their_channels(page: Page, live_server: Any, shoot: Shoot) -> None:
    User.objects.create_superuser("admin", password="a-password")
    Channel.objects.create(name="Main stage", allowed_cidrs=["203.0.113.7/32"])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/admin/")
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", "a-password")
    page.click("[type=submit]")
    page.goto(f"{live_server.url}/admin/channels_app/channel/")
    expect(page.get_by_text("Main stage").first).to_be_visible()
    shoot(page, "channels")
    assert errors == []
