"""When AWS is expected to be done, in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from channels_app.readiness import readiness
from distributions.operations import DEPLOY
from streamhub.clock import database_now
from streamhub.lifecycle.durations import record
from streamhub.lifecycle.expectation import expected, span
from tests.scenarios import rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    settings.OBSERVE_SECONDS = 15


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ((150, 400), "2 to 7 minutes"),
        ((235, 245), "about 4 minutes"),
        ((20, 45), "20 to 45 seconds"),
        ((0.2, 0.9), "about 1 second"),
    ],
)
def test_spans_are_in_the_unit_that_fits(seconds: tuple[float, float], words: str) -> None:
    assert span(*seconds) == words


def deploying(waited: float) -> Any:
    since = database_now() - timedelta(seconds=waited)
    return rows.distribution("deploying", status="InProgress", awaits=DEPLOY.key, awaits_since=since)


def test_a_row_that_waits_for_nothing_has_no_expectation(django_assert_num_queries: Any) -> None:
    row = rows.distribution("deployed")
    with django_assert_num_queries(0):
        assert expected(row) is None


def test_the_time_follows_from_what_was_seen_here() -> None:
    for _ in range(40):
        record(DEPLOY.key, 590, 610)
    found = expected(deploying(30))
    assert found is not None
    assert found.at is not None
    assert found.at - database_now() == pytest.approx(timedelta(seconds=570), abs=timedelta(seconds=20))
    assert str(found).startswith("CloudFront deploys a distribution, usually in about 10 minutes: at about ")
    assert str(found).endswith(" UTC.")


@pytest.mark.parametrize("waited", [700, 5000])
def test_what_takes_longer_promises_no_time(waited: float) -> None:
    found = expected(deploying(waited))
    assert found is not None
    assert found.at is None
    assert "It takes longer this time." in str(found)


def test_what_is_looked_at_later_is_not_called_late() -> None:
    """Nobody knows yet that it takes longer: the page changes at the next look."""
    row = deploying(700)
    row.look_at = database_now() + timedelta(seconds=60)
    found = expected(row)
    assert found is not None
    assert found.at == row.look_at
    row.awaits_seen_at = database_now() - timedelta(seconds=5)
    seen_at_work = expected(row)
    assert seen_at_work is not None
    assert seen_at_work.at is None


def test_the_expected_time_is_never_past() -> None:
    for waited in range(0, 500, 50):
        found = expected(deploying(waited))
        assert found is not None
        assert found.at is None or found.at > database_now()


def test_pages_and_readiness_say_it(superuser: Client) -> None:
    distribution = deploying(30)
    distribution.aws_distribution_id = "E1"
    distribution.save()
    channel = rows.channel("idle", distribution=distribution)
    breakout = rows.breakout("idle", channel=channel)
    sentence = str(expected(distribution))
    for page in (f"distributions/distribution/{distribution.pk}", f"channels_app/channel/{channel.pk}"):
        assert sentence in superuser.get(f"/admin/{page}/change/").text
    (check,) = [check for check in readiness(breakout).checks if check.name == "distribution_deployed"]
    assert check.detail.startswith(sentence)


def test_a_breakout_on_air_says_when_its_channel_is_expected(superuser: Client) -> None:
    since = database_now() - timedelta(seconds=5)
    channel = rows.channel("starting", awaits="medialive:StartChannel", awaits_since=since)
    breakout = rows.breakout("starting", channel=channel)
    page = superuser.get(f"/admin/channels_app/breakout/{breakout.pk}/change/").text
    assert "MediaLive starts a channel, usually in" in page


def test_the_health_page_lists_how_long_aws_takes(superuser: Client) -> None:
    record(DEPLOY.key, 590, 610)
    page = superuser.get("/admin/health/").text
    assert "How long AWS takes" in page
    assert "MediaLive deletes an input" in page
