"""A start that AWS refuses is shown at once: on both pages, in lists, on the dashboard, in the API."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.urls import reverse

from channels_app import services
from channels_app.api.breakouts import BreakoutOut
from channels_app.models import Breakout, Channel
from channels_app.readiness import readiness
from streamhub.alerts import evaluation
from streamhub.alerts.models import Alarm
from tests.scenarios.actors import TESTER
from tests.scenarios.well import all_well
from tests.scenarios.world import WorldUnderTest


@pytest.fixture
def refused(world: WorldUnderTest, stage: Channel) -> Breakout:
    """A breakout whose channel AWS does not let us start."""
    all_well()
    breakout = services.breakout_create(stage, "keynote", who=TESTER)
    world.control.fault("medialive:StartChannel", "access_denied", times=None)
    services.breakout_start(breakout, who=TESTER)
    world.step_all()
    world.step_all()
    breakout.refresh_from_db()
    assert (breakout.state, breakout.error_code) == ("starting", "")
    assert breakout.shown_error.error_code == "AccessDeniedException"
    assert Channel.objects.get().error_operation == "medialive:StartChannel"
    return breakout


def page(client: Client, name: str, *args: object) -> str:
    return html.unescape(client.get(reverse(name, args=args)).content.decode())


def test_the_api_shows_the_channels_error_as_the_breakouts(refused: Breakout) -> None:
    error = BreakoutOut.resolve_error(refused)
    assert error == Channel.objects.get().error
    assert error is not None


def test_a_breakout_that_is_over_does_not_show_what_its_channel_has_now(refused: Breakout) -> None:
    Breakout.objects.update(state="completed")
    refused.refresh_from_db()
    assert BreakoutOut.resolve_error(refused) is None


def test_it_is_an_alarm_with_the_cause(refused: Breakout) -> None:
    evaluation.evaluate()
    alarm = Alarm.objects.get(rule="channel_error")
    assert alarm.severity == "critical"
    assert "on which keynote is starting, has an error" in alarm.detail
    assert alarm.aws_error.startswith("AccessDenied")


def test_every_page_is_red_and_none_is_calm(refused: Breakout, superuser: Client) -> None:
    message = Channel.objects.get().error_message
    for name, args in [
        ("admin:index", ()),
        ("admin:channels_app_breakout_change", (refused.pk,)),
        ("admin:channels_app_channel_change", (refused.channel_id,)),
    ]:
        said = page(superuser, name, *args)
        assert message in said, name
        assert "No alarms" not in said
    for name in ("admin:channels_app_breakout_changelist", "admin:channels_app_channel_changelist"):
        said = page(superuser, name)
        assert "sh-tone-bad" in said, name
        assert "error: AccessDenied" in said, name
    for name in ("breakout", "channel"):
        listed = superuser.get(reverse(f"admin:channels_app_{name}_rows")).content.decode()
        assert "sh-tone-bad" in listed


def test_readiness_says_that_the_start_was_refused_not_that_aws_could_not_be_read(refused: Breakout) -> None:
    Channel.objects.update(state="idle")
    refused.refresh_from_db()
    details = {check.name: check for check in readiness(refused).checks}
    assert details["channel"].ok is False
    assert details["channel"].detail.startswith("AWS did not carry out StartChannel:")


def test_readiness_still_says_what_could_not_be_read(refused: Breakout) -> None:
    Channel.objects.update(state="idle", error_operation="medialive:DescribeChannel")
    refused.refresh_from_db()
    check = readiness(refused).checks[0]
    assert check.ok is None
    assert check.detail.startswith("AWS could not be read:")
