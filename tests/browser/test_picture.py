"""The preview on a breakout's page, in Chromium: a person sees the picture move, and why there is none."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from playwright.sync_api import expect

from channels_app import services
from channels_app.models import Breakout
from tests.browser.accessibility import severe_violations
from tests.browser.staff import PHONE, Open
from tests.browser.watching import FRAME, PLAYS, Shoot, page_of, play, seen
from tests.scenarios import rows, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # they watch in real time


def on_air(world: WorldUnderTest, *, curtain_raised: bool = True) -> Breakout:
    """A running breakout on a channel whose encoder pushes."""
    stage.with_show(world)
    services.breakout_curtain(stage.breakout(), curtain_raised, who=TESTER)
    return stage.breakout()


def key_group_on_everything(world: WorldUnderTest) -> None:
    """Somebody lets the distribution serve signed requests only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    console, distribution = world.control.console, stage.distribution()
    key_id = console("cloudfront", "create_public_key", EncodedKey=pem)["Id"]
    group_id = console("cloudfront", "create_key_group", Items=[key_id])["Id"]
    trusted = {"Enabled": True, "Quantity": 1, "Items": [group_id]}
    answer, _ = world.session.call("cloudfront", "GetDistributionConfig", Id=distribution.aws_distribution_id)
    behaviour = {**answer["DistributionConfig"]["DefaultCacheBehavior"], "TrustedKeyGroups": trusted}
    console(
        "cloudfront",
        "edit",
        Id=distribution.aws_distribution_id,
        changes={"DefaultCacheBehavior": behaviour},
    )


def input_id(world: WorldUnderTest) -> str:
    (made,) = world.control.inventory()["medialive"]["inputs"]
    return str(made["id"])


# Light, across the end of a loop, which is 24 s long, and of what the first playlist holds.
@pytest.mark.parametrize(("scheme", "seconds"), [("light", 40), ("dark", 4)])
def test_a_person_sees_the_picture_move(
    log_in: Open, world: WorldUnderTest, shoot: Shoot, scheme: str, seconds: int
) -> None:
    row = on_air(world)
    page = log_in("operator", scheme=scheme)
    page_of(page, row)
    assert page.locator("script[src*='hls.light']").count() == 0  # loaded on click only
    video = play(page)
    assert video.evaluate("video => video.muted")
    frames = seen(page, seconds)
    assert all(later["time"] > before["time"] for before, later in pairwise(frames))
    assert frames[-1]["time"] - frames[0]["time"] > seconds * 0.75
    assert frames[-1]["frames"] - frames[0]["frames"] > seconds * 25 / 2
    assert len({frame["digest"] for frame in frames}) == len(frames)
    assert severe_violations(page) == []
    shoot(page, f"picture-{scheme}")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    shoot(page, f"picture-{scheme}")


def test_the_picture_is_black_without_an_encoder_and_comes_back(log_in: Open, world: WorldUnderTest) -> None:
    row = on_air(world)
    world.control.console("medialive", "unplug", id=input_id(world))
    page = log_in("operator")
    page_of(page, row)
    page.wait_for_timeout(25_000)  # the playlist has nothing but black by then, as far as players look
    play(page)
    dark = seen(page, seconds=4)
    assert max(frame["light"] for frame in dark) < 5
    assert dark[-1]["time"] > dark[0]["time"]
    world.control.console("medialive", "plug", id=input_id(world))
    page.wait_for_function(
        f"(({FRAME})(document.querySelector('#preview video'))).light > 20", timeout=60_000
    )


def test_what_the_player_gets_is_counted(log_in: Open, world: WorldUnderTest) -> None:
    row = on_air(world)
    page = log_in("operator")
    page_of(page, row)
    before = world.control.truth(stage.distribution().aws_distribution_id)
    play(page)
    after = world.control.truth(stage.distribution().aws_distribution_id)
    assert after["bytes"] - before["bytes"] > 100_000
    assert after["requests"] - before["requests"] >= 3


def test_it_stops_when_the_page_is_hidden_and_when_somebody_stops_it(
    log_in: Open, world: WorldUnderTest
) -> None:
    page = log_in("operator")
    page_of(page, on_air(world))
    play(page)
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { value: true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    expect(page.locator("[data-sh-preview-note]")).to_have_text("Stopped, because the page was hidden.")
    expect(page.locator("#preview video")).to_have_count(0)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: false, configurable: true })")
    play(page)
    page.get_by_role("button", name="Stop playing").click()
    expect(page.locator("#preview video")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4_000)
    assert [url for url in asked if "/_players/" in url] == []


def test_it_goes_on_while_the_page_refreshes_itself(log_in: Open, world: WorldUnderTest) -> None:
    row = on_air(world)
    page = log_in("operator")
    page_of(page, row)
    play(page)
    page.locator("#preview video").evaluate("video => { window.first = video; }")
    Breakout.objects.filter(pk=row.pk).update(usage_requests=4321)
    page.evaluate("htmx.trigger(document.getElementById('live'), 'sh-now')")
    expect(page.locator("#live")).to_contain_text("4,321")
    assert page.evaluate("document.querySelector('#preview video') === window.first")
    frames = seen(page, seconds=4)
    assert frames[-1]["frames"] > frames[0]["frames"]


def test_it_ends_with_the_show_and_says_why(log_in: Open, world: WorldUnderTest, shoot: Shoot) -> None:
    row = on_air(world)
    page = log_in("operator")
    page_of(page, row)
    play(page)
    services.breakout_curtain(stage.breakout(), False, who=TESTER)
    page.evaluate("htmx.trigger(document.getElementById('live'), 'sh-now')")
    expect(page.locator("#live")).to_contain_text("The curtain is lowered, so there is no playback URL.")
    expect(page.locator("video")).to_have_count(0)
    shoot(page, "picture-lowered")


def test_a_refusal_is_said_in_words(log_in: Open, world: WorldUnderTest, shoot: Shoot) -> None:
    row = on_air(world)
    page = log_in("operator")
    page_of(page, row)
    note = page.locator("[data-sh-preview-note]")
    key_group_on_everything(world)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(note).to_contain_text("viewers need a signature", timeout=PLAYS)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    shoot(page, "picture-refused")
    world.control.console("cloudfront", "disable", Id=stage.distribution().aws_distribution_id)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(note).to_contain_text("the distribution is disabled or deleted", timeout=PLAYS)


def test_what_is_not_on_air_says_so(log_in: Open) -> None:
    page = log_in("viewer")
    page_of(page, rows.breakout("idle"))
    expect(page.locator("#live")).to_contain_text("the breakout has not been started")
    expect(page.locator("[data-sh-play]")).to_have_count(0)
