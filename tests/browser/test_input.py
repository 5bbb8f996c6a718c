"""The panel of a show's input in Chromium: thumbnails by input, an unplugged encoder, a switch by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from channels_app.models import Channel, InputFacts
from channels_app.tasks import watch_inputs
from tests.browser.accessibility import severe_violations
from tests.browser.gallery import SCHEMES
from tests.browser.staff import PHONE, Open
from tests.browser.watching import Shoot
from tests.matrix.failover import with_show_on_two
from tests.scenarios.world import WorldUnderTest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def looked(world: WorldUnderTest) -> None:
    """AWS has had time to raise its alerts and to fail over, and the job has run."""
    world.control.advance(30)
    InputFacts.objects.update(still_asked_at=None)
    watch_inputs()


def picture_of(page: Page) -> str:
    """The address of the thumbnail, once Chromium has decoded it."""
    image = page.locator(".sh-thumbs img").first
    expect(image).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
    return str(image.get_attribute("src"))


@SCHEMES
def test_a_person_sees_failover_and_loss(
    log_in: Open, world: WorldUnderTest, shoot: Shoot, scheme: str
) -> None:
    with_show_on_two(world)
    row = Channel.objects.get()
    looked(world)
    page = log_in("operator", scheme=scheme)
    page.goto(page.url.partition("/admin/")[0] + f"/admin/channels_app/channel/{row.pk}/change/")
    before = picture_of(page)
    shoot(page, f"input-main-{scheme}")
    world.control.console("medialive", "unplug", id=row.ml_input_id)
    looked(world)
    page.reload()
    assert picture_of(page) != before
    expect(page.get_by_text("shows that one")).to_be_visible()
    shoot(page, f"input-second-{scheme}")
    world.control.console("medialive", "unplug", id=row.ml_second_id)
    looked(world)
    page.reload()
    expect(page.locator(".sh-checks").get_by_text("Nothing arrives at the first URL")).to_be_visible()
    assert severe_violations(page) == []
    shoot(page, f"input-lost-{scheme}")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    shoot(page, f"input-lost-{scheme}")
