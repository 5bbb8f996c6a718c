"""Alias domains: which domain of the house leads to which distribution, as long as the channel lives."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models.functions import Now

from channels_app import playback, services
from channels_app.models import Breakout, Channel
from channels_app.readiness import readiness
from channels_app.services.aliases import slug
from distributions import services as distributions
from distributions.driver import naming
from distributions.models import Distribution
from streamhub.aws.route53 import Route53
from streamhub.errors import Conflict
from streamhub.lifecycle.reconcile import reconcile
from tests.scenarios import alias, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.handing_over import give_back, hand_over
from tests.scenarios.prepared import begin_with
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
ALIAS = alias.ALIAS
MARK = '"heritage=streamhub,streamhub:environment=local"'


@pytest.fixture
def house(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """An idle channel with alias and record."""
    alias.want(settings)
    begin_with(world, alias.with_alias)
    return world


def url() -> str:
    return playback.url(stage.channel()) or ""


def check(name: str) -> Any:
    row = Breakout.objects.first() or services.breakout_create(stage.channel(), "keynote", who=TESTER)
    return next((each for each in readiness(row).checks if each.name == name), None)


def end(world: WorldUnderTest) -> None:
    """Until everything is gone."""
    for _ in range(20):
        world.settle()
        if stage.nothing():
            return
        world.reap()
    raise AssertionError(f"left: {world.left()}")


# --- the life of a channel -------------------------------------------------------------------


def test_a_new_channel_gets_its_alias_and_the_records_that_lead_there(house: WorldUnderTest) -> None:
    row = stage.distribution()
    assert alias.on_cloudfront(house) == {row.aws_distribution_id: [ALIAS]}
    assert alias.records(house) == {"A": row.domain_name, "AAAA": row.domain_name, "TXT": MARK}
    assert url().startswith(f"https://{ALIAS}/")
    assert house.illegal() == []


def test_it_is_created_without_its_alias_and_plays_by_its_own_domain_until_then(
    world: WorldUnderTest, settings: Any
) -> None:
    alias.want(settings)
    alias.make(world)
    stage.create()
    seen = []
    world.settle(until=lambda: bool(seen.append(url())) or alias.serves())
    domain = stage.distribution().domain_name
    hosts = [each.split("/")[2] for each in dict.fromkeys(seen) if each]
    assert hosts == [domain] or hosts == [domain, ALIAS]
    (created,) = world.control.calls(operation="cloudfront:CreateDistributionWithTags")
    config = created["params"]["DistributionConfigWithTags"]["DistributionConfig"]
    assert config["Aliases"]["Quantity"] == 0


def test_a_viewer_comes_by_the_alias_and_no_other_name_leads_anywhere(house: WorldUnderTest) -> None:
    services.breakout_create(stage.channel(), "keynote", who=TESTER)
    stage.start(house)
    house.settle(until=lambda: stage.state_is("running"))
    assert house.control.play(url())[0] == 200
    assert house.control.play(url().replace("stage.", "other."))[0] == 403


def test_the_alias_is_gone_with_the_channel_and_so_is_its_record(house: WorldUnderTest) -> None:
    stage.delete(house)
    end(house)
    assert alias.records(house) == {}
    assert house.illegal() == []


# --- moving ----------------------------------------------------------------------------------


def replaced(world: WorldUnderTest) -> tuple[Distribution, Distribution]:
    """The distribution is detached and another one attached; both rows, once the new one serves."""
    old = stage.distribution()
    stage.replace(world)
    world.settle(until=lambda: alias.serves() and stage.channel().distribution != old)
    new = stage.channel().distribution
    assert new is not None
    old.refresh_from_db()
    return old, new


def test_a_replacement_takes_the_alias_in_one_call_and_then_the_records(house: WorldUnderTest) -> None:
    old, new = replaced(house)
    assert alias.on_cloudfront(house) == {old.aws_distribution_id: [], new.aws_distribution_id: [ALIAS]}
    assert alias.records(house) == {"A": new.domain_name, "AAAA": new.domain_name, "TXT": MARK}
    names = [call["name"] for call in house.control.calls()]
    assert names.count("cloudfront:UpdateDomainAssociation") == 1
    moved = names.index("cloudfront:UpdateDomainAssociation")
    assert "route53:ChangeResourceRecordSets" in names[moved:]
    assert house.illegal() == []


def test_the_move_is_no_edit_from_outside(house: WorldUnderTest) -> None:
    old, _new = replaced(house)
    for _ in range(3):
        house.settle()
    rows = Distribution.objects.all()
    assert [row.error_code for row in rows] == [""] * len(rows)
    old.refresh_from_db()
    assert (old.alias_leaving, old.own_etag) == (False, old.etag)
    house.control.console("cloudfront", "edit", Id=old.aws_distribution_id, changes={"HttpVersion": "http2"})
    house.observe()
    house.settle()
    old.refresh_from_db()
    assert old.error_code == "edited_outside"


def test_failsafe_on_air_the_show_plays_on_and_the_alias_comes_back(house: WorldUnderTest) -> None:
    services.breakout_create(stage.channel(), "keynote", who=TESTER)
    stage.start(house)
    house.settle(until=lambda: stage.state_is("running"))
    services.breakout_curtain(stage.breakout(), True, who=TESTER)
    lost = stage.distribution()
    assert house.control.play(url())[0] == 200
    stage.lose(house)
    house.settle(until=lambda: stage.stands("running") and stage.channel().distribution_id != lost.pk)
    row = stage.channel().distribution
    assert row is not None
    assert not row.alias_serves
    assert url().startswith(f"https://{row.domain_name}/")  # its own domain, at once
    assert house.control.play(url())[0] == 200
    house.settle(until=alias.serves)
    assert url().startswith(f"https://{ALIAS}/")
    assert house.control.play(url())[0] == 200
    assert alias.records(house)["A"] == row.domain_name
    assert house.illegal() == []


def test_a_re_attached_distribution_takes_its_alias_back(house: WorldUnderTest) -> None:
    old, new = replaced(house)
    distributions.distribution_detach(new, who=TESTER)
    house.settle(until=lambda: Distribution.objects.get(pk=new.pk).state == "disabled")
    services.distribution_reattach(stage.channel(), Distribution.objects.get(pk=old.pk), who=TESTER)
    house.settle(until=alias.serves)
    assert alias.on_cloudfront(house)[old.aws_distribution_id] == [ALIAS]
    assert alias.records(house)["A"] == old.domain_name


def test_the_record_of_a_channel_that_is_made_again_leads_to_no_deleted_distribution(
    house: WorldUnderTest,
) -> None:
    stage.delete(house)
    house.settle()
    old = stage.distribution()
    stage.create()
    house.settle(until=lambda: stage.channel().distribution is not None)
    house.reap()
    while old.aws_distribution_id in alias.on_cloudfront(house):
        Distribution.objects.filter(pk=old.pk).update(not_before=Now(), observe_requested=True)
        reconcile("distributions.distribution", old.pk)
    assert alias.records(house) == {}
    house.settle(until=alias.serves)
    assert alias.records(house)["A"] == alias.distribution_of().domain_name
    assert house.illegal() == []


# --- what is not ours ------------------------------------------------------------------------


def test_a_name_that_a_stranger_has_is_left_there_and_the_channel_plays_by_its_own_domain(
    world: WorldUnderTest, settings: Any
) -> None:
    alias.want(settings)
    alias.make(world)
    stranger = world.control.console(
        "cloudfront", "create_foreign", aliases=[ALIAS], certificate=alias.CERTIFICATE
    )["Id"]
    stage.create()
    world.settle()
    row = stage.distribution()
    assert alias.on_cloudfront(world) == {stranger: [ALIAS], row.aws_distribution_id: []}
    assert (row.state, row.error_code) == ("deployed", "alias_refused")
    assert "has this alias" in row.error_hint
    assert url().startswith(f"https://{row.domain_name}/")
    assert alias.records(world) == {}
    world.control.console("cloudfront", "disable", Id=stranger)
    world.control.console("cloudfront", "delete", Id=stranger, force=True)
    distributions.distribution_retry(stage.distribution(), who=TESTER)
    world.settle(until=alias.serves)
    assert stage.distribution().error_code == ""


def test_a_name_on_a_distribution_that_was_handed_over_is_told_and_taken_when_it_comes_back(
    house: WorldUnderTest,
) -> None:
    old = stage.distribution()
    held = hand_over(house, "distribution")
    stage.replace(house)
    house.settle(until=lambda: alias.distribution_of().error_code != "")
    row = alias.distribution_of()
    assert row != old
    assert (row.state, row.error_code) == ("deployed", "alias_refused")
    assert "has this alias" in row.error_hint
    assert alias.on_cloudfront(house) == {old.aws_distribution_id: [ALIAS], row.aws_distribution_id: []}
    give_back(house, held)
    distributions.distribution_retry(row, who=TESTER)
    house.settle(until=alias.serves)
    assert alias.distribution_of().error_code == ""
    assert {call["error"] for call in house.illegal()} == {"CNAMEAlreadyExists"}


def test_a_record_that_is_not_ours_is_never_changed(world: WorldUnderTest, settings: Any) -> None:
    alias.want(settings)
    alias.make(world)
    alias.set_record(world, "A", "dstranger.cloudfront.net")
    stage.create()
    world.settle()
    row = stage.distribution()
    assert alias.records(world) == {"A": "dstranger.cloudfront.net"}
    assert (row.state, row.error_code) == ("deployed", "record_refused")
    assert not row.alias_serves
    assert (check("alias_record").ok, check("alias").ok) == (False, True)
    stage.delete(world)
    end(world)
    assert alias.records(world) == {"A": "dstranger.cloudfront.net"}


def test_a_record_that_changed_meanwhile_is_not_overwritten(house: WorldUnderTest) -> None:
    route53 = Route53(house.session)
    found = route53.records(alias.ZONE, ALIAS)
    alias.set_record(house, "A", "dother.cloudfront.net")
    with pytest.raises(Conflict):
        route53.point(alias.ZONE, found, "dnew.cloudfront.net", naming.mark())
    assert alias.records(house)["A"] == "dother.cloudfront.net"


def test_a_record_that_a_person_points_there_serves_and_stays_theirs(
    world: WorldUnderTest, settings: Any
) -> None:
    alias.want(settings)
    alias.make(world)
    stage.create()
    world.settle(until=lambda: bool(Distribution.objects.exclude(domain_name="").exists()))
    for kind in ("A", "AAAA"):
        alias.set_record(world, kind, stage.distribution().domain_name)
    world.settle(until=alias.serves)
    assert set(alias.records(world)) == {"A", "AAAA"}
    stage.delete(world)
    end(world)
    assert set(alias.records(world)) == {"A", "AAAA"}


def test_a_certificate_that_does_not_cover_the_name_is_told_before_cloudfront_is_asked(
    world: WorldUnderTest, settings: Any
) -> None:
    alias.want(settings)
    alias.make(world)
    settings.CLOUDFRONT_ALIAS_DOMAIN = "shows.example.com"
    stage.create()
    world.settle()
    row = stage.distribution()
    assert (row.state, row.error_code) == ("deployed", "alias_refused")
    assert "covers *.live.example.com, and not stage.shows.example.com" in row.error_message
    assert "cloudfront:UpdateDistribution" not in world.counts()
    assert check("alias").ok is False


# --- without a zone --------------------------------------------------------------------------


def test_without_a_zone_the_record_to_make_is_shown(
    world: WorldUnderTest, settings: Any, operator: Any
) -> None:
    alias.want(settings, zone=False)
    alias.with_alias(world)
    row = stage.distribution()
    assert not [name for name in world.counts() if name.startswith("route53")]
    assert url().startswith(f"https://{ALIAS}/")
    page = operator.get(f"/admin/distributions/distribution/{row.pk}/change/").content.decode()
    assert f"{ALIAS} CNAME {row.domain_name}" in page
    assert f"{ALIAS} CNAME {row.domain_name}" in check("alias").detail
    assert check("alias_record") is None


# --- settings --------------------------------------------------------------------------------


def test_apply_settings_gives_an_old_channel_its_alias_and_takes_it_off_again(
    world: WorldUnderTest, settings: Any
) -> None:
    alias.make(world)
    stage.create()
    world.settle()
    row = stage.distribution()
    assert alias.on_cloudfront(world) == {row.aws_distribution_id: []}
    alias.want(settings)
    assert {"alias domain", "certificate"} <= set(services.settings_differing(stage.channel()))
    services.channel_apply_settings(stage.channel(), who=TESTER)
    world.settle(until=alias.serves)
    assert services.settings_differing(stage.channel()) == []
    settings.CLOUDFRONT_ALIAS_DOMAIN = settings.CLOUDFRONT_CERTIFICATE_ARN = ""
    services.channel_apply_settings(stage.channel(), who=TESTER)
    world.settle()
    assert alias.on_cloudfront(world) == {row.aws_distribution_id: []}
    assert alias.records(world) == {}
    assert services.settings_differing(stage.channel()) == []
    assert url().startswith(f"https://{row.domain_name}/")


# --- labels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Main Stage", "main-stage"),
        ("Große Bühne №2", "grosse-buhne-no2"),
        ("講堂", "channel"),
        ("--", "channel"),
        ("x" * 64, "x" * 63),
    ],
    ids=["words", "accents", "no_ascii", "dashes", "long"],
)
def test_a_label_is_a_slug_of_the_name(name: str, label: str) -> None:
    assert slug(name) == label


def test_a_label_is_unique_and_stays_when_the_channel_is_renamed(settings: Any) -> None:
    alias.want(settings)
    stage.create()
    row = stage.channel()
    services.channel_edit(row, who=TESTER, name="hall")
    row.refresh_from_db()
    assert services.alias_of(row) == ALIAS
    again = services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    assert services.alias_of(again) == "stage-2.live.example.com"
    third = services.channel_create("STAGE!", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    assert third.alias_label == "stage-3"
    assert Channel.objects.count() == 3
    services.channel_delete(again, who=TESTER)
    assert (
        services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"]).alias_label
        == "stage-2"
    )
