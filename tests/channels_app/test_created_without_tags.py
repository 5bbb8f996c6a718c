"""AWS answers a create without the tags, which are there: nothing is created twice."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from django.db.models import F

from channels_app import services
from channels_app.driver import parts
from channels_app.models import Channel
from emulator.medialive.channels import Channels
from emulator.medialive.groups import SecurityGroups
from emulator.medialive.inputs import Inputs
from emulator.mediapackage.service import MediaPackage
from streamhub.lifecycle import settling
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db

CREATES = {
    "mediapackage:CreateChannel": (MediaPackage, "create_channel"),
    "mediapackage:CreateOriginEndpoint": (MediaPackage, "create_origin_endpoint"),
    "medialive:CreateInput": (Inputs, "create_input"),
    "medialive:CreateInputSecurityGroup": (SecurityGroups, "create_input_security_group"),
    "medialive:CreateChannel": (Channels, "create_channel"),
}


def without_tags(answer: Any) -> Any:
    """The answer without the tags in it, however deep."""
    if isinstance(answer, dict):
        return {key: without_tags(value) for key, value in answer.items() if key != "Tags"}
    return answer


def answers_without_tags(monkeypatch: pytest.MonkeyPatch, service: type, operation: str) -> None:
    whole = getattr(service, operation)
    monkeypatch.setattr(service, operation, lambda self, params: without_tags(whole(self, params)))


@pytest.mark.parametrize("operation", CREATES)
def test_what_was_created_is_ours_although_its_answer_has_no_tags(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    answers_without_tags(monkeypatch, *CREATES[operation])
    scene.create()
    world.settle(until=scene.ready, rounds=30)
    assert world.counts()[operation] == 1
    assert world.left() == scene.STACK
    assert scene.channel().error_code == ""


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """MediaLive shows inputs without their tags, also when they are read, while this is not empty."""
    hidden = {"tags"}
    for operation in ("create_input", "describe_input"):
        whole = getattr(Inputs, operation)

        def answer(self: Any, params: dict[str, Any], whole: Any = whole) -> Any:
            return without_tags(whole(self, params)) if hidden else whole(self, params)

        monkeypatch.setattr(Inputs, operation, answer)
    return hidden


@pytest.fixture
def untagged(world: WorldUnderTest, hidden: set[str]) -> WorldUnderTest:
    scene.create()
    for _ in range(8):
        world.step_all()
        world.observe()
    return world


def test_one_that_is_shown_without_tags_is_not_created_again(untagged: WorldUnderTest) -> None:
    assert untagged.left()["medialive inputs"] == 1
    row = scene.channel()
    assert (row.ml_input_id, row.error_code) == ("", "created_without_tags")
    [known] = untagged.control.inventory()["medialive"]["inputs"]
    assert known["id"] in row.error_message


def test_it_is_adopted_as_soon_as_its_tags_are_shown(untagged: WorldUnderTest, hidden: set[str]) -> None:
    hidden.clear()
    untagged.settle(until=scene.ready, rounds=30)
    assert untagged.left() == scene.STACK


def test_after_two_minutes_a_person_is_asked(untagged: WorldUnderTest, hidden: set[str]) -> None:
    Channel.objects.update(not_known_since=F("not_known_since") - settling.SETTLING)
    untagged.step_all()
    row = scene.channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("failed", "created_without_tags", True)
    assert untagged.left()["medialive inputs"] == 1
    hidden.clear()
    services.channel_retry(row, who=TESTER)
    untagged.settle(until=scene.ready, rounds=30)
    assert untagged.left() == scene.STACK


def test_one_with_the_mark_of_others_is_left_to_them(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its token is spent. The next one makes an input of our own."""
    whole = Inputs.create_input

    calls = count(1)

    def given_away(self: Any, params: dict[str, Any]) -> Any:
        answer = whole(self, params)
        if next(calls) > 1:
            return answer
        record = self._known(self._inputs, "Input", answer["Input"]["Id"])
        record.tags = {**record.tags, "streamhub:environment": "production"}
        return {"Input": record.describe()}

    monkeypatch.setattr(Inputs, "create_input", given_away)
    scene.create()
    world.settle(until=scene.ready, rounds=30)
    assert world.counts()["medialive:CreateInput"] == 2
    assert parts.INPUT.of(scene.channel()).aws_id
