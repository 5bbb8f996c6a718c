"""A page of the house's site with hls.js in Chromium: it plays with cookies or the query, and not without.

The table of players in docs/api.md names these cases.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from channels_app.playback_link import Playback, breakout_playback
from streamhub.aws.players import address_for_browsers
from tests.browser.watching import FRAME, PLAYS
from tests.scenarios import alias, signed, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # they watch in real time

POLICY = "11112222-0000-4000-8000-000000000001"
HLS = "/static/console/vendor/hls-1.7.4/hls.light.min.js"
VIEWER = """<!doctype html><video muted playsinline width=320></video><p id=note></p>
<script src="%s"></script><script>
const query = %r, hls = new Hls({ xhrSetup: (xhr, address) => {
  xhr.withCredentials = %s;
  if (query) xhr.open("GET", address + "?" + query, true);
} });
hls.on(Hls.Events.ERROR, (_, told) => {
  if (told.fatal) document.querySelector("#note").textContent = `refused ${told.response?.code}`;
});
hls.loadSource(%r);
hls.attachMedia(document.querySelector("video"));
document.querySelector("video").play();
</script>"""


@pytest.fixture
def site(live_server: Any) -> str:
    """The origin of the house's site. Its host is CloudFront's here, so that the cookies are its own."""
    return str(live_server.url).replace("localhost", "127.0.0.1")


@pytest.fixture
def link(world: WorldUnderTest, settings: Any, site: str) -> Playback:
    """The link of a protected show on an alias, whose policy names the site."""
    settings.PLAYBACK_ORIGINS = [site]
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    world.control.console("cloudfront", "create_header_policy", Id=POLICY, origins=[site])
    alias.want(settings)
    alias.make(world)
    signed.trust(settings)
    signed._prepared(world)
    world.settle(until=alias.serves)
    return breakout_playback(stage.breakout(), who=TESTER)


def viewer(
    browser: Browser, site: str, link: Playback, *, cookies: bool = False, query: bool = False
) -> Page:
    """A viewer on a page of the site, which has set the cookies, or gives the query to the player."""
    context = browser.new_context(bypass_csp=True)
    at = address_for_browsers(link.url)
    if cookies:
        folder = urlsplit(at).path.rpartition("/")[0]
        given = (link.cookies or {}).items()
        host = urlsplit(at).hostname or ""
        context.add_cookies(
            [{"name": name, "value": value, "domain": host, "path": f"{folder}/"} for name, value in given]
        )
    page = context.new_page()
    body = VIEWER % (HLS, link.query if query else "", "true" if cookies else "false", at)
    page.goto(f"{site}/livez")  # whose origin the page has
    page.set_content(body)
    return page


def moves(page: Page) -> None:
    page.wait_for_function("document.querySelector('video').currentTime > 0", timeout=PLAYS)
    frames = []
    for _ in range(3):
        frames.append(page.locator("video").evaluate(FRAME))
        page.wait_for_timeout(1500)
    assert all(later["time"] > before["time"] for before, later in pairwise(frames))
    assert len({frame["digest"] for frame in frames}) == len(frames)


def test_hls_js_plays_with_cookies_or_with_the_query_and_not_without(
    browser: Browser, site: str, link: Playback
) -> None:
    for given in ({"cookies": True}, {"query": True}):
        page = viewer(browser, site, link, **given)
        moves(page)
        page.context.close()
    page = viewer(browser, site, link)
    expect(page.locator("#note")).to_have_text("refused 403", timeout=PLAYS)
    page.context.close()


def test_a_page_of_a_site_that_is_not_named_may_not_read_what_the_cookies_open(
    browser: Browser, world: WorldUnderTest, site: str, link: Playback
) -> None:
    world.control.console("cloudfront", "create_header_policy", Id=POLICY, origins=["https://other.example"])
    page = viewer(browser, site, link, cookies=True)
    expect(page.locator("#note")).to_have_text("refused 0", timeout=PLAYS)  # the browser hides the answer
    page.context.close()
