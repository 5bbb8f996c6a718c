"""What AWS does not know yet is no refusal for two minutes; then it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from channels_app import services
from channels_app.models import Channel
from streamhub.lifecycle.settling import SETTLING
from tests.scenarios.stage import STACK, WHO, channel, create, ready
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db


def lag(name: str) -> Callable[[WorldUnderTest], object]:
    """A new resource stays unknown to others for 100 seconds, which only pass if the test says so."""

    def begin(world: WorldUnderTest) -> None:
        world.control.scale(1)
        world.control.durations(**{name: 100})

    return begin


def console(action: str, **params: Any) -> Callable[[WorldUnderTest], object]:
    return lambda world: world.control.console("medialive", action, **params)


def create_pull(world: WorldUnderTest) -> Channel:
    urls = ["https://a.example.com/live.m3u8"]
    return services.channel_create("stage", who=WHO, input_type="URL_PULL", source_urls=urls)


CASES = [
    pytest.param(
        lag("mediapackage_channel_unknown_to_medialive"),
        create,
        "medialive:CreateChannel",
        "MediaPackage channel ID is invalid",
        id="MediaPackage channel in MediaLive",
    ),
    pytest.param(
        lag("mediapackage_channel_unknown_to_endpoints"),
        create,
        "mediapackage:CreateOriginEndpoint",
        "not found",
        id="MediaPackage channel for its endpoint",
    ),
    pytest.param(
        lag("medialive_input_unknown_to_channels"),
        create,
        "medialive:CreateChannel",
        "was not found",
        id="input",
    ),
    pytest.param(
        lag("medialive_group_unknown_to_inputs"),
        create,
        "medialive:CreateInput",
        "not found",
        id="security group",
    ),
    pytest.param(
        console("role_not_propagated", calls=1000),
        create,
        "medialive:CreateChannel",
        "Please make sure the role exists",
        id="role of the channel",
    ),
    pytest.param(
        console("role_not_propagated", calls=1000),
        create_pull,
        "medialive:CreateInput",
        "Please make sure the role exists",
        id="role of the input",
    ),
    pytest.param(
        console("deny_pass_role"),
        create,
        "medialive:CreateChannel",
        "iam:PassRole",
        id="permission to pass the role",
    ),
]
every_case = pytest.mark.parametrize(("begin", "make", "operation", "words"), CASES)


def refused(world: WorldUnderTest) -> Channel:
    world.settle(until=lambda: channel().not_known_since is not None, rounds=30)
    return channel()


def wait(by: timedelta) -> None:
    Channel.objects.update(not_known_since=Now() - by)


@every_case
def test_it_is_tried_for_two_minutes_with_the_words_of_aws_and_then_refused_with_them(
    world: WorldUnderTest, begin: Any, make: Any, operation: str, words: str
) -> None:
    begin(world)
    make(world)
    row = refused(world)
    assert (row.error_operation, row.state in ("pending", "provisioning")) == (operation, True)
    assert words in row.error_message
    since = row.not_known_since
    world.step_all()
    assert channel().not_known_since == since
    wait(SETTLING - timedelta(seconds=5))
    world.step_all()
    assert channel().state != "failed"
    wait(SETTLING)
    world.step_all()
    row = channel()
    assert (row.state, row.error_needs_person, row.not_known_since) == ("failed", True, None)
    assert words in row.error_message
    assert row.error_operation == operation


@every_case
def test_it_goes_on_by_itself_once_aws_knows(
    world: WorldUnderTest, begin: Any, make: Any, operation: str, words: str
) -> None:
    begin(world)
    make(world)
    refused(world)
    world.control.console("medialive", "role_not_propagated", calls=0)
    world.control.console("medialive", "deny_pass_role", denied=False)
    world.control.advance(1000)
    world.control.scale(0)
    world.settle(until=ready)
    row = channel()
    assert (row.error_code, row.not_known_since) == ("", None)
    assert world.left()["medialive channels"] == STACK["medialive channels"]
    assert world.illegal() == []
