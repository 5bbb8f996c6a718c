"""The DNS records of a surplus distribution: ours go before it does, those of others stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drift import services as drift
from drift.models import DriftSighting
from drift.services import Finding, ResourceKind
from streamhub.aws.route53 import Route53
from streamhub.errors import AccessDenied, NotPossible
from tests.scenarios import alias, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.prepared import begin_with
from tests.scenarios.rows import delete_rows
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
MARK = '"heritage=streamhub,streamhub:environment=local"'


@pytest.fixture
def orphan(world: WorldUnderTest, settings: Any) -> Finding:
    """A distribution with its alias and its record, whose rows are lost, seen an hour ago."""
    alias.want(settings)
    begin_with(world, alias.with_alias)
    delete_rows()
    drift.report()
    DriftSighting.objects.update(first_seen_at=timezone.now() - timedelta(minutes=61))
    (found,) = (each for each in drift.report().findings if each.kind is ResourceKind.DISTRIBUTION)
    world.control.clear_calls()
    return found


def tear_down(world: WorldUnderTest, finding: Finding) -> list[str]:
    """What each step says, until the distribution is gone."""
    said: list[str] = []
    while world.left().get("cloudfront distributions"):
        assert len(said) < 10, said
        said.append(drift.resolve(finding, "delete", TESTER))
        world.control.advance(3600)
    return said


def until_its_record_is_next(world: WorldUnderTest, finding: Finding) -> str:
    """Disable it; what the step says that would be taken then."""
    drift.resolve(finding, "delete", TESTER)
    world.control.advance(3600)
    return drift.preview(finding, "delete")


def changes(world: WorldUnderTest) -> list[str]:
    """The changes in their order, each once."""
    names = [call["name"] for call in world.control.calls()]
    writes = ("route53:ChangeResourceRecordSets", "cloudfront:DeleteDistribution")
    return [name for name in names if name in writes]


def test_its_record_goes_before_it_does(world: WorldUnderTest, orphan: Finding) -> None:
    said = tear_down(world, orphan)
    assert any(alias.ALIAS in sentence for sentence in said)
    assert alias.records(world) == {}
    assert changes(world) == ["route53:ChangeResourceRecordSets", "cloudfront:DeleteDistribution"]


def test_a_dry_run_says_which_record_goes_and_changes_nothing(world: WorldUnderTest, orphan: Finding) -> None:
    before = alias.records(world)
    assert alias.ALIAS in until_its_record_is_next(world, orphan)
    assert alias.records(world) == before


def test_a_record_without_our_mark_stays(world: WorldUnderTest, orphan: Finding) -> None:
    theirs = [{"Value": '"made by hand"'}]
    record = {"Name": alias.ALIAS, "Type": "TXT", "TTL": 300, "ResourceRecords": theirs}
    world.control.console("route53", "set_record", Id=alias.ZONE, record=record)
    before = alias.records(world)
    tear_down(world, orphan)
    assert alias.records(world) == before


def test_a_record_of_ours_that_leads_to_another_distribution_stays(
    world: WorldUnderTest, orphan: Finding
) -> None:
    for kind in ("A", "AAAA"):
        alias.set_record(world, kind, "d111111abcdef8.cloudfront.net")
    before = alias.records(world)
    tear_down(world, orphan)
    assert alias.records(world) == before


def test_a_record_of_which_one_half_still_leads_there_goes(world: WorldUnderTest, orphan: Finding) -> None:
    alias.set_record(world, "AAAA", "d111111abcdef8.cloudfront.net")
    tear_down(world, orphan)
    assert alias.records(world) == {}


def test_a_record_that_somebody_moves_meanwhile_stays(
    world: WorldUnderTest, orphan: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the plan and the step it is read once more."""
    assert alias.ALIAS in until_its_record_is_next(world, orphan)
    reads = iter(range(9))
    whole = Route53.records

    def records(self: Route53, zone_id: str, name: str) -> Any:
        if next(reads) == 1:
            for kind in ("A", "AAAA"):
                alias.set_record(world, kind, "d111111abcdef8.cloudfront.net")
        return whole(self, zone_id, name)

    monkeypatch.setattr(Route53, "records", records)
    world.control.clear_calls()
    drift.resolve(orphan, "delete", TESTER)
    assert alias.records(world)["A"] == "d111111abcdef8.cloudfront.net"
    assert "route53:ChangeResourceRecordSets" not in world.counts()


def test_while_the_record_cannot_be_read_the_distribution_stays(
    world: WorldUnderTest, orphan: Finding
) -> None:
    drift.resolve(orphan, "delete", TESTER)
    world.control.advance(3600)
    world.control.fault("route53:ListResourceRecordSets", "access_denied", times=None)
    with pytest.raises(AccessDenied):
        drift.resolve(orphan, "delete", TESTER)
    assert world.left()["cloudfront distributions"] == 1


def test_a_record_that_changes_during_the_step_is_no_defect(world: WorldUnderTest, orphan: Finding) -> None:
    assert alias.ALIAS in until_its_record_is_next(world, orphan)
    world.control.fault("route53:ChangeResourceRecordSets", "conflict")
    with pytest.raises(NotPossible, match="AWS refuses this now"):
        drift.resolve(orphan, "delete", TESTER)
    assert alias.records(world) != {}


def test_without_a_zone_route_53_is_not_asked(world: WorldUnderTest, orphan: Finding, settings: Any) -> None:
    settings.ROUTE53_ZONE_ID = ""
    tear_down(world, orphan)
    assert not any(name.startswith("route53:") for name in world.counts())
    assert stage.nothing()
