"""A create that AWS answers with a conflict: the same token until proof, shown, backed off, never a twin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from channels_app.models import Channel
from distributions.models import Distribution
from streamhub.lifecycle.claim import MAX_BACKOFF_SECONDS
from tests.scenarios.rows import error_of
from tests.scenarios.stage import STACK, channel, create, distribution, ready
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db

CREATE_CHANNEL, CREATE_INPUT = "medialive:CreateChannel", "medialive:CreateInput"
CREATE_DISTRIBUTION = "cloudfront:CreateDistributionWithTags"
ISSUE = {
    "code": "ConflictException",
    "message": "The channel could not be created due to an issue with channel resources.",
    "status": 409,
}
TAKEN = {
    "code": "DistributionAlreadyExists",
    "message": "The caller reference is associated with another distribution.",
    "status": 409,
}


def tokens(world: WorldUnderTest, operation: str) -> list[str]:
    """The tokens of all creates so far, in order."""
    calls = [call["params"] for call in world.control.calls(operation=operation)]
    if operation == CREATE_DISTRIBUTION:
        configs = [call["DistributionConfigWithTags"]["DistributionConfig"] for call in calls]
        return [config["CallerReference"] for config in configs]
    return [call["RequestId"] for call in calls]


def rounds(world: WorldUnderTest, number: int) -> None:
    for _ in range(number):
        world.step_all()


def waits() -> float:
    """The seconds until the channel's next step."""
    row = channel()
    assert row.not_before is not None
    return (row.not_before - timezone.now()).total_seconds()


def refused_until_shown(world: WorldUnderTest, settings: Any, min_age: int) -> None:
    """A channel whose MediaLive channel AWS refuses for ever; the row shows it."""
    settings.MISSING_MIN_AGE_SECONDS = min_age
    world.control.fault(CREATE_CHANNEL, "refuse", times=None, error=ISSUE)
    create()
    world.settle(until=lambda: channel().error_code != "", rounds=30)


def assert_ready_without_twin(world: WorldUnderTest) -> None:
    create()
    world.settle(until=ready)
    assert world.left() == STACK


def test_a_conflict_is_shown_with_the_words_of_aws_and_backed_off(
    world: WorldUnderTest, settings: object
) -> None:
    refused_until_shown(world, settings, min_age=3600)
    waited = []
    for _ in range(12):
        rounds(world, 1)
        waited.append(waits())
    row = channel()
    assert error_of(row) == ("ConflictException", ISSUE["message"], CREATE_CHANNEL)
    assert "MediaLive's console" in row.error_hint
    assert waited[-1] > MAX_BACKOFF_SECONDS * 0.7 > waited[0]
    sent = tokens(world, CREATE_CHANNEL)
    assert len(sent) >= 12
    assert len(set(sent)) == 1
    assert row.state == "provisioning"


def test_the_channel_is_created_with_the_same_token_once_the_conflict_is_over(world: WorldUnderTest) -> None:
    world.control.fault(CREATE_CHANNEL, "refuse", times=3, error=ISSUE)
    assert_ready_without_twin(world)
    assert channel().error_code == ""


@pytest.mark.parametrize("operation", [CREATE_CHANNEL, CREATE_INPUT, CREATE_DISTRIBUTION])
def test_what_was_created_despite_the_conflict_is_adopted(world: WorldUnderTest, operation: str) -> None:
    world.control.fault(operation, "conflict_after", times=1)
    assert_ready_without_twin(world)
    assert len(set(tokens(world, operation))) == 1


@pytest.mark.parametrize("operation", [CREATE_CHANNEL, CREATE_DISTRIBUTION])
def test_a_conflict_with_an_effect_that_no_list_shows_yet_gets_no_twin(
    world: WorldUnderTest, settings: object, operation: str
) -> None:
    settings.MISSING_MIN_AGE_SECONDS = 3600  # type: ignore[attr-defined]
    kind = "Channels" if operation == CREATE_CHANNEL else "Distributions"
    world.control.fault(f"*:List{kind}", "stale_read", times=2)
    world.control.fault(operation, "conflict_after", times=4)
    assert_ready_without_twin(world)


def test_a_new_token_needs_the_proof_that_nothing_was_created_with_the_old_one(
    world: WorldUnderTest, settings: object
) -> None:
    refused_until_shown(world, settings, min_age=60)
    rounds(world, 3)
    Channel.objects.update(ml_channel_sent_at=F("ml_channel_sent_at") - timedelta(seconds=61))
    rounds(world, 1)
    sent = tokens(world, CREATE_CHANNEL)
    assert len(set(sent[:-1])) == 1
    assert sent[-1] != sent[0]


@pytest.mark.parametrize(
    ("operation", "column"),
    [(CREATE_CHANNEL, "ml_channel_serial"), (CREATE_INPUT, "ml_input_serial")],
)
def test_a_token_has_room_for_more_serials_than_a_small_integer(
    world: WorldUnderTest, operation: str, column: str
) -> None:
    create()
    Channel.objects.update(**{column: 32_767})
    world.control.fault(operation, "conflict", times=5)
    world.settle(until=ready)
    assert getattr(channel(), column) >= 32_767
    assert channel()._meta.get_field(column).get_internal_type() == "PositiveIntegerField"


def test_a_used_caller_reference_is_shown_and_backed_off(world: WorldUnderTest) -> None:
    world.control.fault(CREATE_DISTRIBUTION, "refuse", times=None, error=TAKEN)
    create()
    for _ in range(14):
        world.step_all()
        world.observe()
    row = distribution()
    assert error_of(row) == ("DistributionAlreadyExists", TAKEN["message"], CREATE_DISTRIBUTION)
    assert row.not_before is not None
    assert (row.not_before - timezone.now()).total_seconds() > MAX_BACKOFF_SECONDS * 0.7


def test_the_same_caller_reference_is_sent_until_its_distribution_is_proven_to_be_missing(
    world: WorldUnderTest, settings: object
) -> None:
    settings.MISSING_MIN_AGE_SECONDS = 60  # type: ignore[attr-defined]
    world.control.fault(CREATE_DISTRIBUTION, "refuse", times=None, error=TAKEN)
    create()
    world.settle(until=lambda: Distribution.objects.exclude(error_code="").exists(), rounds=30)
    rounds(world, 3)
    Distribution.objects.update(error_at=F("error_at") - timedelta(seconds=61))
    rounds(world, 2)
    sent = tokens(world, CREATE_DISTRIBUTION)
    assert len(set(sent[:-1])) == 1
    assert sent[-1] != sent[0]
