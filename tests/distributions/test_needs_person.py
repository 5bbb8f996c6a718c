"""What AWS refuses until a person has acted: said in words, counted, tried once a day or on Retry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from distributions import services
from distributions.admin import _trouble
from distributions.alarms import ALARMS
from distributions.models import Distribution
from distributions.stale import stale
from streamhub.errors import NotPossible
from streamhub.lifecycle.claim import PERSON_SECONDS
from streamhub.lifecycle.models import Transition
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios.stage import WHO, channel, create, detach, disabled, distribution, ready, with_stale
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db

DELETE = "cloudfront:DeleteDistribution"
CREATE = "cloudfront:CreateDistributionWithTags"


def console(world: WorldUnderTest, action: str, **params: Any) -> None:
    world.control.console("cloudfront", action, **params)


def take_due_steps(row: Distribution, *, after: timedelta = timedelta(0)) -> None:
    """Let the row's next step happen as if `after` had passed, if it is due then."""
    Distribution.objects.filter(pk=row.pk, not_before__lte=Now() + after).update(not_before=Now())
    reconcile("distributions.distribution", row.pk)


def needs_person() -> list[Any]:
    return [alarm for source in ALARMS for alarm in source.current() if alarm.rule == "needs_person"]


def refuse_pricing_plan(world: WorldUnderTest) -> Distribution:
    """A deletion that waits because somebody subscribed the distribution to a pricing plan."""
    with_stale(world)
    console(world, "set_pricing_plan", Id=distribution().aws_distribution_id, plan="Pro")
    world.reap()
    world.step_all()
    return distribution()


def test_a_pricing_plan_is_said_with_what_to_do_counted_and_off_the_queue(world: WorldUnderTest) -> None:
    row = refuse_pricing_plan(world)
    assert (row.error_code, row.error_operation, row.error_needs_person) == (
        "PreconditionFailed",
        DELETE,
        True,
    )
    assert "subscribed to a pricing plan" in row.error_message
    assert "cancel its pricing plan" in row.error_hint
    assert "once a day, and at once after Retry" in row.error_hint
    assert row.not_before is not None
    wait = (row.not_before - timezone.now()).total_seconds()
    assert PERSON_SECONDS - 60 < wait <= PERSON_SECONDS
    assert not stale().exists()
    (alarm,) = needs_person()
    assert (alarm.since, alarm.hint, alarm.action) == (row.person_needed_at, row.error_hint, "Retry")
    assert "1 of them only after somebody has acted in AWS" in _trouble().detail


def test_it_is_tried_once_a_day(world: WorldUnderTest) -> None:
    row = refuse_pricing_plan(world)
    world.control.clear_calls()
    for hours in (1, 23):
        world.reap()
        take_due_steps(row, after=timedelta(hours=hours))
    assert world.counts().get(DELETE, 0) == 0
    take_due_steps(row, after=timedelta(hours=24))
    assert world.counts()[DELETE] == 1
    again = distribution()
    assert again.person_needed_at == row.person_needed_at
    assert Transition.objects.filter(why__contains="until a person has acted").count() == 1


def test_after_the_person_has_acted_retry_deletes_it_at_once(world: WorldUnderTest) -> None:
    row = refuse_pricing_plan(world)
    console(world, "set_pricing_plan", Id=row.aws_distribution_id)
    services.distribution_retry(row, who=WHO)
    take_due_steps(row)
    world.settle(until=lambda: not Distribution.objects.exists())
    assert needs_person() == []


def test_its_deletion_can_be_cancelled(world: WorldUnderTest) -> None:
    row = refuse_pricing_plan(world)
    services.distribution_keep(row, who=WHO)
    world.settle()
    row = distribution()
    assert (row.state, row.desired, row.error_code, row.person_needed_at) == (
        "disabled",
        "disabled",
        "",
        None,
    )


def test_it_cannot_be_cancelled_while_a_step_is_being_taken(world: WorldUnderTest) -> None:
    row = refuse_pricing_plan(world)
    Distribution.objects.update(claim_token="a")
    with pytest.raises(NotPossible):
        services.distribution_keep(row, who=WHO)


def test_a_staging_distribution_is_said_with_what_to_do(world: WorldUnderTest) -> None:
    create()
    world.settle(until=ready)
    console(world, "set_staging", Id=distribution().aws_distribution_id, in_use=True)
    detach(world)
    world.settle(until=lambda: distribution().person_needed_at is not None)
    row = distribution()
    assert row.error_code == "StagingDistributionInUse"
    assert "continuous deployment policy" in row.error_hint
    console(world, "set_staging", Id=row.aws_distribution_id, in_use=False)
    services.distribution_retry(row, who=WHO)
    world.settle(until=disabled)
    assert distribution().error_code == ""


def test_an_account_to_verify_is_said_and_the_rest_of_the_channel_is_created(world: WorldUnderTest) -> None:
    console(world, "set_verified", verified=False)
    create()
    world.settle(until=lambda: channel().state == "idle" and distribution().person_needed_at is not None)
    row = distribution()
    assert (row.state, row.error_code) == ("pending", "AccessDenied")
    assert "AWS Support" in row.error_hint
    assert len(needs_person()) == 1
    console(world, "set_verified", verified=True)
    services.distribution_retry(row, who=WHO)
    world.settle(until=ready)


def test_an_alias_that_another_distribution_has_is_said_with_what_to_do(world: WorldUnderTest) -> None:
    error = {"code": "CNAMEAlreadyExists", "message": "One or more of the CNAMEs are taken.", "status": 409}
    world.control.fault(CREATE, "refuse", times=None, error=error)
    create()
    world.settle(until=lambda: channel().state == "idle" and distribution().person_needed_at is not None)
    assert "remove the alias there" in distribution().error_hint


def test_one_that_waits_does_not_hold_back_the_others(world: WorldUnderTest) -> None:
    with_stale(world)
    first = distribution()
    others = [
        services.distribution_create("https://origin.example.com/out/a/index.m3u8", owner_label="a", who=WHO)
        for _ in range(2)
    ]
    world.settle(until=lambda: Distribution.objects.filter(state="deployed").count() == 2)
    for row in others:
        services.distribution_detach(row, who=WHO)
    world.settle(until=lambda: stale().count() == 3)
    console(world, "set_pricing_plan", Id=first.aws_distribution_id, plan="Pro")
    world.reap()
    world.settle(until=lambda: Distribution.objects.count() == 1)
    assert distribution().pk == first.pk
    assert distribution().person_needed_at is not None
