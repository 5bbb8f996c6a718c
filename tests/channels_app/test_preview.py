"""What the preview shows of a breakout, or why it shows nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from channels_app import playback, preview
from channels_app.models import Breakout
from channels_app.models.breakout import State
from streamhub.aws.session import AwsSession, use_session
from streamhub.aws.target import LIVE, Target
from tests.scenarios import rows
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
LIVE_TARGET = Target(LIVE, None, "eu-central-1", "production")


def running(**fields: Any) -> Breakout:
    """A running breakout on a channel with a distribution."""
    on = rows.channel("running", distribution=rows.distribution())
    return rows.breakout("running", on=on, **{"curtain_raised": True, **fields})


def test_in_embedded_mode_a_browser_gets_the_stream_from_the_embedded_aws(world: WorldUnderTest) -> None:
    row = running()
    url = playback.of_breakout(row)
    assert url is not None
    assert preview.of_breakout(row).url == f"{world.control.url}/_players/{url.removeprefix('https://')}"


def test_in_live_mode_a_browser_gets_the_stream_from_cloudfront() -> None:
    row = running()
    with use_session(AwsSession(LIVE_TARGET)):
        assert preview.of_breakout(row) == preview.Preview(playback.of_breakout(row))


def test_without_the_embedded_aws_the_preview_says_so() -> None:
    shown = preview.of_breakout(running())
    assert shown.url is None
    assert "embedded AWS" in shown.reason


@pytest.mark.parametrize("state", ["idle", "starting", "stopping", "failed"])
def test_what_does_not_run_has_no_picture(state: str) -> None:
    shown = preview.of_breakout(rows.breakout(state, curtain_raised=True))
    assert (shown.url, shown.reason) == (None, preview.NOT_RUNNING[State(state)])


def test_a_lowered_curtain_hides_the_picture() -> None:
    assert preview.of_breakout(running(curtain_raised=False)) == preview.Preview(None, preview.LOWERED)


def test_without_a_distribution_or_a_channel_there_is_no_url() -> None:
    row = rows.breakout("running", on=rows.channel("running"), curtain_raised=True)
    assert preview.of_breakout(row) == preview.Preview(None, preview.NO_URL)
    row.channel = None
    assert preview.of_breakout(row) == preview.Preview(None, preview.NO_CHANNEL)


@pytest.mark.parametrize(
    ("state", "shown"),
    [("idle", True), ("running", True), ("stopping", True), ("completed", False), ("cancelled", False)],
)
def test_the_page_has_a_preview_until_the_breakout_is_over(viewer: Client, state: str, shown: bool) -> None:
    row = rows.breakout(state)
    page = viewer.get(f"/admin/channels_app/breakout/{row.pk}/change/").content.decode()
    assert ("Preview</h3>" in page) is shown


def test_the_page_loads_no_player_and_no_stream_by_itself(world: WorldUnderTest, viewer: Client) -> None:
    row = running()
    page = viewer.get(f"/admin/channels_app/breakout/{row.pk}/change/").content.decode()
    assert f'data-sh-preview-url="{preview.of_breakout(row).url}"' in page
    assert "<video" not in page
    assert 'src="/static/console/vendor' not in page
