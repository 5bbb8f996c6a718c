"""A protected show in Chromium: its picture moves for who has a signature, and for nobody else."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect

from distributions.tasks import observe_viewer_keys
from streamhub.access.models import AuditEntry
from tests.browser.accessibility import severe_violations
from tests.browser.clicking import follow
from tests.browser.gallery import SCHEMES
from tests.browser.staff import PHONE, Open
from tests.browser.watching import PLAYS, Shoot, page_of, play, seen
from tests.scenarios import signed
from tests.scenarios.world import WorldUnderTest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # they watch in real time


def test_the_picture_of_a_protected_show_moves(
    log_in: Open, world: WorldUnderTest, settings: Any, shoot: Shoot
) -> None:
    row = signed.signed_show(world, settings)
    page = log_in("operator")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page_of(page, row)
    play(page)
    frames = seen(page, seconds=16)
    assert all(later["time"] > before["time"] for before, later in pairwise(frames))
    assert len({frame["digest"] for frame in frames}) == len(frames)
    streamed = [url for url in asked if "/_players/" in url]
    assert any(".ts" in url for url in streamed)
    assert all("Policy=" in url and "Key-Pair-Id=" in url for url in streamed)
    shoot(page, "signed-picture")


def test_without_its_signature_the_same_player_is_refused(
    log_in: Open, world: WorldUnderTest, settings: Any
) -> None:
    row = signed.signed_show(world, settings)
    page = log_in("operator")
    page_of(page, row)
    page.route("**/sign/", lambda route: route.fulfill(json={"query": "", "expires_at": None}))
    page.get_by_role("button", name="Play", exact=True).click()
    note = page.locator("[data-sh-preview-note]")
    expect(note).to_contain_text("does not take the signature", timeout=PLAYS)


def test_the_player_gets_a_new_signature_before_the_old_one_ends(
    log_in: Open, world: WorldUnderTest, settings: Any
) -> None:
    settings.PLAYBACK_SECONDS = 40  # a new one after ten
    row = signed.signed_show(world, settings)
    page = log_in("operator")
    page_of(page, row)
    play(page)
    frames = seen(page, seconds=60)
    assert frames[-1]["time"] - frames[0]["time"] > 50
    assert AuditEntry.objects.filter(verb="playback_breakout", outcome="done").count() >= 3


def test_who_cannot_get_a_signature_is_told_why(
    log_in: Open, world: WorldUnderTest, settings: Any, shoot: Shoot
) -> None:
    row = signed.signed_show(world, settings)
    signed.key_group(world, signed.key_in_cloudfront(world, 1), id=signed.GROUP)
    observe_viewer_keys()
    page = log_in("operator")
    page_of(page, row)
    page.get_by_role("button", name="Play", exact=True).click()
    note = page.locator("[data-sh-preview-note]")
    expect(note).to_contain_text("lacks the public key", timeout=PLAYS)
    shoot(page, "signed-refused")


@SCHEMES
def test_an_operator_gets_the_link(
    log_in: Open, world: WorldUnderTest, settings: Any, shoot: Shoot, scheme: str
) -> None:
    row = signed.signed_show(world, settings)
    page = log_in("operator", scheme=scheme)
    page_of(page, row)
    follow(page, page.get_by_role("link", name="Playback link"))
    shoot(page, f"signed-ask-{scheme}")
    page.get_by_role("button", name="Yes, playback link").click()
    expect(page.locator("#link")).to_contain_text("Key-Pair-Id=")
    assert severe_violations(page) == []
    shoot(page, f"signed-link-{scheme}")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    shoot(page, f"signed-link-{scheme}")
