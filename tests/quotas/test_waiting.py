"""A creation for which there is no room waits, sends nothing in vain, and goes on by itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from channels_app.models import Channel, SecurityGroup
from channels_app.services import channel_create, channel_delete, distribution_create_and_attach
from distributions import services
from distributions.models import Distribution
from streamhub.errors import NotSent, QuotaExceeded, QuotaFull, Retryable
from streamhub.lifecycle.models import Listing
from streamhub.quotas import places
from streamhub.quotas.alarms import current
from streamhub.quotas.catalogue import DISTRIBUTIONS, MP_CHANNELS, PUSH_INPUTS
from streamhub.quotas.models import Level, Place, Quota
from streamhub.quotas.standing import standing_of
from streamhub.quotas.tasks import read_quotas
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.racing import at_once
from tests.scenarios.world import WorldUnderTest

WHO = TESTER
CREATE = "cloudfront:CreateDistributionWithTags"


def rounds(world: WorldUnderTest, count: int = 8) -> None:
    """Let StreamHub work for a while: something may wait for longer."""
    world.settle(until=lambda: False, rounds=count, strict=False)


def limit_distributions(world: WorldUnderTest, most: int) -> None:
    """The account may have so many, and StreamHub has read it."""
    world.control.console("cloudfront", "set_quota", distributions=most)
    Quota.objects.update(tried_at=None)
    read_quotas()


@pytest.fixture
def full(world: WorldUnderTest) -> Distribution:
    """The account has its one distribution, counted, and a second one is wanted."""
    scene.with_channel(world)
    limit_distributions(world, 1)
    world.observe()
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    world.control.clear_calls()
    return row


def fresh(row: Distribution) -> Distribution:
    return Distribution.objects.get(pk=row.pk)


def other(row: Distribution) -> Distribution:
    return Distribution.objects.exclude(pk=row.pk).get()


def test_on_a_full_quota_nothing_is_sent_and_the_row_stays_pending(
    world: WorldUnderTest, full: Distribution
) -> None:
    rounds(world)
    row = fresh(full)
    assert CREATE not in world.counts()
    assert (row.state, row.error_code, row.attempts) == ("pending", "quota_full", 0)
    assert row.error_message == "The account's quota of CloudFront distributions is full: 1 of 1."
    assert not row.error_needs_person


def test_its_error_says_what_would_free_a_place_and_when(world: WorldUnderTest, full: Distribution) -> None:
    world.step_all()
    assert "Nothing of StreamHub's is being deleted now" in fresh(full).error_hint
    going = other(full)
    services.distribution_detach(going, who=WHO)
    world.step_all()
    hint = fresh(full).error_hint
    assert f"{going.aws_distribution_id} is being deleted and frees a place" in hint


def test_it_goes_on_by_itself_when_the_reaper_has_made_room(
    world: WorldUnderTest, full: Distribution
) -> None:
    rounds(world, 3)
    services.distribution_detach(other(full), who=WHO)
    world.settle(until=lambda: Distribution.objects.filter(state="disabled").exists())
    assert fresh(full).state == "pending"
    world.reap()
    world.settle(until=lambda: fresh(full).state == "deployed")
    assert world.counts()[CREATE] == 1
    assert fresh(full).error_code == ""
    assert not Place.objects.filter(taken_at=None).exists()
    assert world.illegal() == []


def test_a_list_with_room_wakes_who_waits(world: WorldUnderTest, full: Distribution) -> None:
    world.step_all()
    Distribution.objects.filter(pk=full.pk).update(not_before=Now() + timedelta(hours=1))
    limit_distributions(world, 2)
    assert fresh(full).not_before < Distribution.objects.annotate(now=Now()).get(pk=full.pk).now


def test_no_more_are_woken_than_there_is_room_for(world: WorldUnderTest, full: Distribution) -> None:
    more = [
        services.distribution_create(f"https://origin.example/{n}", owner_label="more", who=WHO)
        for n in "abc"
    ]
    world.step_all()
    assert standing_of(DISTRIBUTIONS).waiting == 4
    Distribution.objects.filter(state="pending").update(not_before=Now() + timedelta(hours=1))
    limit_distributions(world, 3)
    later = Now() + timedelta(minutes=1)
    assert Distribution.objects.filter(state="pending", not_before__gt=later).count() == 2
    assert len(more) == 3


def test_the_last_place_goes_to_one_of_two(world: WorldUnderTest) -> None:
    limit_distributions(world, 1)
    rows = [services.distribution_create(f"https://o.example/{n}", owner_label=n, who=WHO) for n in "ab"]
    rounds(world)
    assert world.counts()[CREATE] == 1
    assert sorted(fresh(row).state for row in rows) == ["deployed", "pending"]


@pytest.mark.django_db(transaction=True)
def test_the_last_place_goes_to_one_of_many_at_the_same_moment(live_world: WorldUnderTest) -> None:
    limit_distributions(live_world, 3)
    rows = [
        services.distribution_create(f"https://o.example/{n}", owner_label=str(n), who=WHO) for n in range(8)
    ]

    def take(row: Distribution) -> bool:
        with places.place(DISTRIBUTIONS, row):
            return True

    ends = at_once(*[lambda row=row: take(row) for row in rows])
    assert sum(end is True for end in ends) == 3
    assert sum(isinstance(end, QuotaFull) for end in ends) == 5


def test_the_count_may_be_old_so_one_is_tried_at_growing_intervals(
    world: WorldUnderTest, full: Distribution
) -> None:
    another = services.distribution_create("https://origin.example/3", owner_label="third", who=WHO)
    for n, minutes in enumerate((10, 20, 40), start=1):
        world.step_all()
        Quota.objects.filter(key=DISTRIBUTIONS.key).update(next_try_at=Now() - timedelta(seconds=1))
        world.step_all()
        world.step_all()
        quota = Quota.objects.get(key=DISTRIBUTIONS.key)
        assert world.counts()[CREATE] == n  # one of the two rows
        wait = quota.next_try_at - quota.refused_at  # type: ignore[operator]
        assert wait == pytest.approx(timedelta(minutes=minutes), abs=timedelta(seconds=5))
    assert fresh(another).state == "pending"


def test_a_try_that_succeeds_ends_the_waiting(world: WorldUnderTest, full: Distribution) -> None:
    world.step_all()
    world.control.console("cloudfront", "set_quota", distributions=5)
    Quota.objects.filter(key=DISTRIBUTIONS.key).update(next_try_at=Now() - timedelta(seconds=1))
    world.settle(until=lambda: fresh(full).state == "deployed")
    quota = Quota.objects.get(key=DISTRIBUTIONS.key)
    assert (quota.tries, quota.next_try_at, quota.refused_at) == (0, None, None)


def test_aws_has_the_last_word_when_its_limit_is_not_known(world: WorldUnderTest) -> None:
    """An older account: Service Quotas may not be asked, and AWS allows less than its default."""
    world.control.fault("service-quotas:*", "access_denied", times=None)
    limit_distributions(world, 1)
    scene.create()
    world.settle()
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    rounds(world)
    assert world.counts()[CREATE] == 2  # one was refused, and no other sent in vain
    assert (fresh(row).state, fresh(row).error_code) == ("pending", "quota_full")
    found = standing_of(DISTRIBUTIONS)
    assert (found.limit, found.headroom, found.full) == (500, 0, True)
    services.distribution_detach(other(row), who=WHO)
    world.settle(until=lambda: Distribution.objects.filter(state="disabled").exists())
    world.reap()
    world.settle(until=lambda: fresh(row).state == "deployed")
    assert world.counts()[CREATE] == 3


def test_no_creation_waits_for_a_default_that_aws_may_have_raised(world: WorldUnderTest) -> None:
    world.control.fault("service-quotas:*", "access_denied", times=None)
    world.control.console("cloudfront", "set_quota", distributions=10**4)
    world.control.console("cloudfront", "create_foreign", count=500)
    read_quotas()
    assert standing_of(DISTRIBUTIONS).headroom == 0
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    world.step_all()
    assert world.counts()[CREATE] == 1
    world.settle(until=lambda: fresh(row).state == "deployed")


def test_after_a_refusal_the_limit_is_read_again(
    world: WorldUnderTest, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        "streamhub.lifecycle.wake.send", lambda task, args, queue, countdown=0: sent.append(task)
    )
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    refused = QuotaExceeded("TooManyDistributions")
    executing = django_capture_on_commit_callbacks(execute=True)
    with executing, suppress(QuotaExceeded), places.place(DISTRIBUTIONS, row):
        raise refused
    assert "quotas.read_quotas" in sent
    assert standing_of(DISTRIBUTIONS).full
    # The count is not known, and yet nothing is sent.
    with pytest.raises(QuotaFull), places.place(DISTRIBUTIONS, row):
        pytest.fail("sent")


def test_a_raised_limit_ends_a_refusal(world: WorldUnderTest) -> None:
    limit_distributions(world, 3)
    world.control.console("cloudfront", "set_quota", distributions=0)
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    world.step_all()
    Quota.objects.filter(key=DISTRIBUTIONS.key).update(next_try_at=Now() + timedelta(hours=1))
    limit_distributions(world, 4)
    world.settle(until=lambda: fresh(row).state == "deployed")


def test_while_a_creation_waits_the_limit_is_read_every_few_minutes(
    world: WorldUnderTest, full: Distribution
) -> None:
    world.step_all()
    Quota.objects.update(tried_at=Now() - timedelta(minutes=5))
    world.control.clear_calls()
    read_quotas()
    assert world.counts() == {"service-quotas:ListServiceQuotas": 1}  # CloudFront's only


def test_a_stale_count_at_the_refusal_does_not_hold_for_ever(world: WorldUnderTest) -> None:
    """AWS refused while the list showed nothing yet; a list shows what exists, and one less is room."""
    world.control.console("cloudfront", "set_quota", distributions=2)
    read_quotas()
    Quota.objects.update(limit=500)
    ids = world.control.console("cloudfront", "create_foreign", count=2, Enabled=False)["Ids"]
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    world.step_all()
    assert (fresh(row).state, standing_of(DISTRIBUTIONS).refused_count) == ("pending", 0)
    world.observe()
    assert standing_of(DISTRIBUTIONS).refused_count == 2
    world.control.console("cloudfront", "delete", Id=ids[0])
    world.settle(until=lambda: fresh(row).state == "deployed")


@pytest.mark.parametrize(
    ("error", "keeps"),
    [
        (Retryable("timeout", effect_unknown=True), True),
        (Retryable("never connected"), False),
        (NotSent("cloudfront:CreateDistributionWithTags", 1.0), False),
    ],
)
def test_a_place_is_kept_only_if_the_create_may_have_taken_effect(
    world: WorldUnderTest, error: Exception, keeps: bool
) -> None:
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    with pytest.raises(type(error)), places.place(DISTRIBUTIONS, row):
        raise error
    assert Place.objects.filter(taken_at__isnull=False).exists() is keeps


def test_a_create_in_doubt_needs_no_other_place(world: WorldUnderTest) -> None:
    """It may exist already and fill the quota itself: the retry finds out."""
    limit_distributions(world, 1)
    world.control.fault(CREATE, "cut_after", times=2)
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    world.step_all()
    assert fresh(row).create_sent_at is not None
    Place.objects.all().delete()
    Listing.objects.filter(key="distribution").update(counts={DISTRIBUTIONS.key: 1})
    assert standing_of(DISTRIBUTIONS).full
    world.step_all()
    assert fresh(row).error_code != "quota_full"
    world.settle(until=lambda: fresh(row).state == "deployed")
    assert world.left()["cloudfront distributions"] == 1


def test_a_place_counts_until_a_list_shows_what_was_created(stage: Channel, world: WorldUnderTest) -> None:
    world.observe()
    assert (standing_of(DISTRIBUTIONS).listed, standing_of(DISTRIBUTIONS).taken) == (1, 0)
    distribution = Distribution.objects.get()
    services.distribution_detach(distribution, who=WHO)
    distribution_create_and_attach(Channel.objects.get(), who=WHO)
    world.step_all()
    assert (standing_of(DISTRIBUTIONS).listed, standing_of(DISTRIBUTIONS).taken) == (1, 1)
    world.observe()
    assert (standing_of(DISTRIBUTIONS).listed, standing_of(DISTRIBUTIONS).taken) == (2, 0)
    assert not Place.objects.exists()


def test_a_killed_worker_keeps_no_place_for_ever(world: WorldUnderTest) -> None:
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    Place.objects.create(
        quota=DISTRIBUTIONS.key, model=row._meta.label_lower, object_id=row.pk, taken_at=Now()
    )
    read_quotas()
    assert standing_of(DISTRIBUTIONS).taken == 1
    Place.objects.update(taken_at=Now() - timedelta(seconds=90))
    places.look_again(DISTRIBUTIONS)
    assert standing_of(DISTRIBUTIONS).taken == 0


def test_who_is_gone_waits_no_more(world: WorldUnderTest, full: Distribution) -> None:
    world.step_all()
    full.delete()
    limit_distributions(world, 5)
    assert not Place.objects.exists()


@pytest.mark.parametrize(
    ("service", "quota", "call"),
    [
        ("mediapackage", "channels", "mediapackage:CreateChannel"),
        ("medialive", "push_inputs", "medialive:CreateInput"),
        ("medialive", "channels", "medialive:CreateChannel"),
    ],
)
def test_each_part_of_a_channel_waits_for_its_own_quota(
    world: WorldUnderTest, service: str, quota: str, call: str
) -> None:
    scene.with_channel(world)
    world.control.console(service, "set_quota", **{quota: 1})
    read_quotas()
    world.observe()
    before = world.counts().get(call, 0)
    row = channel_create("second", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    rounds(world)
    row = Channel.objects.get(pk=row.pk)
    assert world.counts().get(call, 0) == before
    assert row.error_code == "quota_full"
    assert row.state in ("pending", "provisioning")
    assert "ask AWS for a higher quota" in row.error_hint
    world.control.console(service, "set_quota", **{quota: 2})
    Quota.objects.update(tried_at=None)
    read_quotas()
    world.settle(until=lambda: Channel.objects.get(pk=row.pk).state == "idle")
    assert world.illegal() == []


def test_a_security_group_waits_too(world: WorldUnderTest) -> None:
    world.control.console("medialive", "set_quota", input_security_groups=0)
    read_quotas()
    channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    rounds(world)
    assert SecurityGroup.objects.get().error_code == "quota_full"
    assert "medialive:CreateInputSecurityGroup" not in world.counts()
    world.control.console("medialive", "set_quota", input_security_groups=5)
    Quota.objects.update(tried_at=None)
    read_quotas()
    world.settle(until=scene.ready)


def test_a_channel_that_is_not_wanted_any_more_does_not_wait(world: WorldUnderTest) -> None:
    world.control.console("mediapackage", "set_quota", channels=0)
    read_quotas()
    row = channel_create("stage", who=WHO, allowed_cidrs=["203.0.113.7/32"])
    world.step_all()
    assert standing_of(MP_CHANNELS).waiting == 1
    channel_delete(row, who=WHO)
    world.settle(until=scene.nothing)
    world.control.console("mediapackage", "set_quota", channels=5)
    Quota.objects.update(tried_at=None)
    read_quotas()
    assert not Place.objects.filter(quota=MP_CHANNELS.key).exists()


def test_a_full_quota_is_an_alarm_and_so_is_little_room(world: WorldUnderTest, full: Distribution) -> None:
    world.step_all()
    (condition,) = [each for each in current() if each.object_id == DISTRIBUTIONS.key]
    assert (condition.rule, condition.severity) == ("quota_full", "critical")
    assert condition.sentence.endswith("is full: 1 of 1. One creation waits for a place.")
    world.control.console("medialive", "set_quota", push_inputs=2)
    Quota.objects.update(tried_at=None)
    read_quotas()
    (little,) = [each for each in current() if each.object_id == PUSH_INPUTS.key]
    assert (little.rule, little.severity) == ("quota_little", "warning")
    assert little.sentence == "1 of 2 MediaLive push inputs left."


def test_the_level_says_since_when(world: WorldUnderTest, full: Distribution) -> None:
    quota = Quota.objects.get(key=DISTRIBUTIONS.key)
    assert quota.level == Level.FULL
    world.observe()
    assert Quota.objects.get(key=DISTRIBUTIONS.key).level_since == quota.level_since
    limit_distributions(world, 50)
    assert Quota.objects.get(key=DISTRIBUTIONS.key).level == Level.ENOUGH


SHARED = [
    ("TooManyDistributionsAssociatedToKeyGroup", "Distributions associated with a single key group"),
    (
        "TooManyDistributionsAssociatedToResponseHeadersPolicy",
        "Distributions associated with the same response headers policy",
    ),
]


@pytest.mark.parametrize(("code", "name"), SHARED)
def test_a_full_quota_of_what_distributions_share_is_not_that_of_distributions(
    world: WorldUnderTest, code: str, name: str
) -> None:
    """100 distributions may share a key group: a person must not ask AWS for more than 500 distributions."""
    limit_distributions(world, 500)
    world.observe()
    refuse = {"code": code, "message": "No more with this one.", "status": 400}
    world.control.fault(CREATE, "refuse", times=None, error=refuse)
    row = services.distribution_create("https://origin.example/2", owner_label="second", who=WHO)
    world.step_all()
    found = fresh(row)
    assert (found.state, found.error_code) == ("pending", code)
    assert f"Service Quotas: {name}" in found.error_hint
    standing = standing_of(DISTRIBUTIONS)
    assert (standing.full, standing.waiting, standing.taken, standing.refused_at) == (False, 0, 0, None)
    assert current() == []
    world.control.clear_faults()
    world.settle(until=lambda: fresh(row).state == "deployed")
