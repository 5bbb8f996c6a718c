"""What AWS throttled is over with the step that it takes: it does not stay shown beside another matter."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from channels_app import services
from channels_app.models import Channel
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios import console_inputs as console
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
ATTEMPTS_OF_A_CALL = 2


def throttle(world: WorldUnderTest, operation: str) -> None:
    """AWS throttles one call of the product, which botocore repeats once."""
    world.control.fault(operation, "throttle", times=ATTEMPTS_OF_A_CALL)


def step() -> str:
    """One step of the channel; the code of the error that it shows then."""
    row = scene.channel()
    Channel.objects.filter(pk=row.pk).update(not_before=Now())
    reconcile("channels_app.channel", row.pk)
    return scene.channel().error_code


def test_tags_that_were_throttled_are_shown_until_they_are_changed(world: WorldUnderTest) -> None:
    scene.with_channel(world)
    services.channel_tags_change(scene.channel(), {"team": "x"}, who=TESTER)
    throttle(world, "mediapackage:TagResource")
    assert step() == "TooManyRequestsException"
    assert step() == ""


def test_a_throttled_restoring_says_again_what_was_changed_and_then_nothing(world: WorldUnderTest) -> None:
    scene.with_channel(world)
    console.move_to_another_group(world)
    throttle(world, "medialive:UpdateInput")
    world.observe()
    assert step() == "TooManyRequestsException"
    assert step() == "input_changed"
    assert step() == ""
