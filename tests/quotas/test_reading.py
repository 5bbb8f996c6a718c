"""The limits from Service Quotas, the setting or AWS's default; the count from whole lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models.functions import Now

from channels_app.models import Channel
from streamhub.lifecycle.models import Listing
from streamhub.lifecycle.reading import _most_of_a_group
from streamhub.quotas.catalogue import (
    DISTRIBUTIONS,
    ENDPOINTS,
    ML_CHANNELS,
    MP_CHANNELS,
    PULL_INPUTS,
    PUSH_INPUTS,
)
from streamhub.quotas.jobs import READ_QUOTAS
from streamhub.quotas.models import Quota
from streamhub.quotas.standing import Source, standing_of, standings
from streamhub.quotas.tasks import read_quotas
from tests.scenarios import stage as scene
from tests.scenarios.world import WorldUnderTest

LISTS = ("service-quotas:ListServiceQuotas", "service-quotas:ListAWSDefaultServiceQuotas")


def asked(world: WorldUnderTest) -> int:
    """How often Service Quotas was called."""
    return sum(world.counts().get(call, 0) for call in LISTS)


def test_limits_come_from_service_quotas(world: WorldUnderTest) -> None:
    world.control.console("cloudfront", "set_quota", distributions=200)
    read_quotas()
    found = standing_of(DISTRIBUTIONS)
    assert (found.limit, found.source, found.read_error) == (200, Source.SERVICE_QUOTAS, "")
    # What was never raised, AWS tells only as a default.
    assert (standing_of(MP_CHANNELS).limit, standing_of(MP_CHANNELS).source) == (30, Source.SERVICE_QUOTAS)
    assert {standing.source for standing in standings()} == {Source.SERVICE_QUOTAS}


def test_without_permission_the_setting_or_the_default_stands_in(
    world: WorldUnderTest, settings: Any
) -> None:
    settings.AWS_QUOTAS = "medialive:channels=17"
    world.control.fault("service-quotas:*", "access_denied", times=None)
    read_quotas()
    channels, distributions = standing_of(ML_CHANNELS), standing_of(DISTRIBUTIONS)
    assert (channels.limit, channels.source) == (17, Source.SETTING)
    assert (distributions.limit, distributions.source) == (500, Source.DEFAULT)
    assert "AccessDenied" in distributions.read_error
    job = READ_QUOTAS.row()
    assert job is not None
    assert (job.error, job.outcome) == ("", "limits read: 0, lists read: 6")


def test_what_was_read_once_stays_while_it_cannot_be_read(world: WorldUnderTest) -> None:
    world.control.console("cloudfront", "set_quota", distributions=200)
    read_quotas()
    Quota.objects.update(tried_at=Now() - timedelta(days=1))
    world.control.fault("service-quotas:*", "error500", times=None)
    read_quotas()
    found = standing_of(DISTRIBUTIONS)
    assert (found.limit, found.source) == (200, Source.SERVICE_QUOTAS)
    assert found.read_error


def test_limits_are_read_once_a_day_and_sooner_after_a_failure(world: WorldUnderTest) -> None:
    read_quotas()
    first = asked(world)
    read_quotas()
    assert asked(world) == first
    Quota.objects.update(tried_at=Now() - timedelta(hours=2))
    read_quotas()
    assert asked(world) == first
    Quota.objects.filter(key=DISTRIBUTIONS.key).update(read_error="denied")
    read_quotas()
    assert asked(world) == first + 2
    Quota.objects.update(tried_at=Now() - timedelta(hours=24))
    read_quotas()
    assert asked(world) == 2 * first + 2


def test_whole_lists_count_everything_on_the_account(world: WorldUnderTest) -> None:
    world.control.console("cloudfront", "create_foreign")
    scene.with_channel(world)
    world.observe()
    assert standing_of(DISTRIBUTIONS).used == 2
    used = {standing.kind.key: standing.used for standing in standings()}
    assert used == {
        DISTRIBUTIONS.key: 2,
        ML_CHANNELS.key: 1,
        MP_CHANNELS.key: 1,
        PUSH_INPUTS.key: 1,
        PULL_INPUTS.key: 0,
        ENDPOINTS.key: 1,
        "medialive:input-security-groups": 1,
    }


def test_a_quota_within_a_group_counts_the_group_with_the_most() -> None:
    assert _most_of_a_group({("e", "a"): 1, ("e", "b"): 3, ("d", ""): 2}) == {"e": 3, "d": 2}


def test_counting_costs_no_list_of_its_own_while_lists_are_read(
    stage: Channel, world: WorldUnderTest
) -> None:
    world.observe()
    world.control.clear_calls()
    read_quotas()
    assert {call for call in world.counts() if not call.startswith("service-quotas")} == set()


def test_before_the_first_channel_the_job_counts_once(world: WorldUnderTest) -> None:
    assert standing_of(DISTRIBUTIONS).headroom is None
    read_quotas()
    assert standing_of(DISTRIBUTIONS).headroom == 500
    before = world.counts()["cloudfront:ListDistributions"]
    read_quotas()
    assert world.counts()["cloudfront:ListDistributions"] == before
    assert Listing.objects.get(key="distribution").counts == {}


def test_the_least_room_comes_first(world: WorldUnderTest, settings: Any) -> None:
    world.control.console("mediapackage", "set_quota", channels=2)
    scene.with_channel(world)
    world.control.console("mediapackage", "set_quota", channels=2)
    read_quotas()
    world.observe()
    first = standings()[0]
    assert (first.kind, first.sentence) == (MP_CHANNELS, "1 of 2 MediaPackage channels left")
