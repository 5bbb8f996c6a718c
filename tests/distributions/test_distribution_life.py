"""Distributions against the embedded AWS, in process: detach, keep, re-attach, delete, uncertain answers."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from channels_app.models import Channel
from channels_app.services import (
    channel_create,
    distribution_create_and_attach,
    distribution_reattach,
)
from distributions import services
from distributions.models import Distribution
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Priority
from streamhub.quotas.models import Quota
from tests.scenarios import stage
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

WHO = TESTER


@pytest.fixture
def attached(world: WorldUnderTest) -> Distribution:
    stage.with_channel(world)
    return Distribution.objects.get()


def fresh(row: Distribution) -> Distribution:
    return Distribution.objects.get(pk=row.pk)


def test_detach_disables_it_and_the_reaper_deletes_it(world: WorldUnderTest, attached: Distribution) -> None:
    services.distribution_detach(attached, who=WHO)
    world.settle()
    assert (fresh(attached).state, fresh(attached).enabled) == ("disabled", False)
    assert Channel.objects.get().distribution is None
    world.reap()
    world.settle()
    assert not Distribution.objects.exists()
    assert world.illegal() == []


def test_detaching_twice_has_the_effect_of_once(world: WorldUnderTest, attached: Distribution) -> None:
    services.distribution_detach(attached, who=WHO)
    services.distribution_detach(attached, who=WHO)
    world.settle()
    assert world.counts()["cloudfront:UpdateDistribution"] == 1


def test_a_detached_channel_can_get_a_new_distribution(world: WorldUnderTest, attached: Distribution) -> None:
    services.distribution_detach(attached, who=WHO)
    new = distribution_create_and_attach(Channel.objects.get(), who=WHO)
    world.settle()
    assert fresh(new).state == "deployed"
    with pytest.raises(NotPossible, match="already"):
        distribution_create_and_attach(Channel.objects.get(), who=WHO)


def test_the_reaper_leaves_a_kept_distribution_disabled(
    world: WorldUnderTest, attached: Distribution
) -> None:
    services.distribution_detach(attached, who=WHO)
    world.settle()
    services.distribution_keep(attached, who=WHO)
    world.settle()
    world.reap()
    world.settle()
    assert (fresh(attached).state, fresh(attached).desired) == ("disabled", "disabled")


def test_reattaching_enables_it_again(world: WorldUnderTest, attached: Distribution) -> None:
    services.distribution_detach(attached, who=WHO)
    world.settle()
    distribution_reattach(Channel.objects.get(), attached, who=WHO)
    world.settle()
    row = fresh(attached)
    assert (row.state, row.enabled, row.attached) == ("deployed", True, True)
    assert Channel.objects.get().distribution == row


def test_reattaching_is_refused_once_the_reaper_deletes_it(
    world: WorldUnderTest, attached: Distribution
) -> None:
    services.distribution_detach(attached, who=WHO)
    world.settle()
    Distribution.objects.update(state="deleting")
    with pytest.raises(NotPossible, match="deleting"):
        distribution_reattach(Channel.objects.get(), attached, who=WHO)


def test_a_distribution_waits_for_the_disable_to_be_deployed(world: WorldUnderTest) -> None:
    world.control.scale(1.0)  # from now on AWS's clock only moves when the test advances it
    channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    for _ in range(6):
        world.step_all()
    row = Distribution.objects.get()
    assert row.state == "deploying"
    services.distribution_detach(row, who=WHO)
    world.step_all()
    world.observe()
    world.reap()
    assert fresh(row).state == "disabling"
    world.control.advance(3600)
    world.observe()
    world.step_all()
    assert fresh(row).state == "disabled"
    assert world.illegal() == []


def test_one_wrong_not_found_is_not_proof(world: WorldUnderTest, attached: Distribution) -> None:
    world.control.fault("cloudfront:GetDistribution", "not_found")
    services.distribution_sync(attached, who=WHO)
    world.step_all()
    assert fresh(attached).suspect_since is not None
    world.settle()
    assert (fresh(attached).state, fresh(attached).suspect_since) == ("deployed", None)


def test_a_failed_read_changes_nothing_and_shows_the_error(
    world: WorldUnderTest, attached: Distribution
) -> None:
    world.control.fault("cloudfront:GetDistribution", "access_denied", times=None)
    services.distribution_sync(attached, who=WHO)
    world.step_all()
    row = fresh(attached)
    assert (row.state, row.error_code) == ("deployed", "AccessDenied")
    assert row.error_request_id
    world.control.clear_faults()
    world.settle()
    assert fresh(attached).error_code == ""


def test_requesting_a_configuration_does_nothing_once_the_row_is_gone(attached: Distribution) -> None:
    Distribution.objects.filter(pk=attached.pk).delete()
    services.distribution_config_request(attached)
    assert not Distribution.objects.exists()


def test_the_configuration_is_read_on_request(world: WorldUnderTest, attached: Distribution) -> None:
    services.distribution_config_request(attached)
    world.settle()
    config = fresh(attached).config
    assert config["PriceClass"] == "PriceClass_100"


def test_verbs_and_the_database_refuse_to_change_a_protected_distribution(
    world: WorldUnderTest, attached: Distribution
) -> None:
    Distribution.objects.update(protected=True, attached=False)
    with pytest.raises(NotPossible, match="protected"):
        services.distribution_detach(attached, who=WHO)
    with pytest.raises(IntegrityError), transaction.atomic():
        Distribution.objects.update(desired="deleted", attached=False)


def test_a_create_over_the_quota_waits_in_pending_until_there_is_room(world: WorldUnderTest) -> None:
    world.control.console("cloudfront", "set_quota", distributions=0)
    channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    for _ in range(12):
        world.step_all()
        world.observe()
    row = Distribution.objects.get()
    assert (row.state, row.error_code) == ("pending", "quota_full")
    world.control.console("cloudfront", "set_quota", distributions=10)
    Quota.objects.update(next_try_at=Now())  # its next try
    world.settle()
    assert fresh(row).state == "deployed"


def test_foreign_distributions_are_left_alone(world: WorldUnderTest, attached: Distribution) -> None:
    world.control.console("cloudfront", "create_foreign", Enabled=False)
    services.distribution_detach(attached, who=WHO)
    world.settle()
    world.reap()
    world.settle()
    assert world.left()["cloudfront distributions"] == 1


def test_the_reaper_makes_one_call_per_distribution_and_no_list_of_its_own(
    world: WorldUnderTest, settings: Any
) -> None:
    """The workers delete, with the ETags of the last list; one list then proves that all are gone."""
    rows = [
        services.distribution_create(
            "https://origin.example.com/out/v1/index.m3u8", owner_label=f"stage {n}", who=WHO
        )
        for n in range(12)
    ]
    world.settle()
    for row in rows:
        services.distribution_detach(row, who=WHO)
    world.settle()
    world.control.clear_calls()
    settings.OBSERVE_SECONDS = 15  # the last list is a moment old
    world.reap()
    assert world.counts() == {}
    assert Distribution.objects.filter(state="deleting", priority=Priority.DELETE).count() == 12
    world.step_all()
    assert world.counts() == {"cloudfront:DeleteDistribution": 12}
    world.observe_waiting()
    assert world.counts() == {"cloudfront:DeleteDistribution": 12}  # deletions are collected for one list
    world.observe()
    world.step_all()
    assert world.counts() == {"cloudfront:DeleteDistribution": 12, "cloudfront:ListDistributions": 1}
    assert not Distribution.objects.exists()
