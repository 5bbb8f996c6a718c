"""CloudFront accepts an alias or a certificate and shows others: it is sent once, then told."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from distributions import services as distributions
from distributions.models import Distribution
from emulator.cloudfront.distributions import Distributions
from tests.scenarios import alias, stage
from tests.scenarios.actors import TESTER
from tests.scenarios.prepared import begin_with
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db
UPDATE = "cloudfront:UpdateDistribution"


@pytest.fixture
def not_taken(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The fields that CloudFront leaves as they are, although it accepts every update."""
    fields: set[str] = set()
    whole = Distributions.update_distribution

    def update(self: Any, params: dict[str, Any]) -> Any:
        now = self._find_version(params).config
        config = {**params["DistributionConfig"], **{name: now[name] for name in fields}}
        return whole(self, {**params, "DistributionConfig": config})

    monkeypatch.setattr(Distributions, "update_distribution", update)
    return fields


def rounds(world: WorldUnderTest, count: int = 12) -> None:
    for _ in range(count):
        world.step_all()
        world.observe()


def assert_told(row: Distribution, what: str) -> None:
    assert (row.state, row.error_code, row.error_needs_person) == ("deployed", "alias_refused", True)
    assert f"AWS accepted the {what}" in row.error_message
    assert "shows another value" in row.error_message
    assert not row.alias_serves


def test_a_certificate_that_is_not_shown_is_sent_once_and_told(
    not_taken: set[str], world: WorldUnderTest, settings: Any
) -> None:
    alias.want(settings)
    alias.with_alias(world)  # no prepared one, whose CloudFront has its methods already
    stage.replace(world)
    world.control.clear_calls()
    not_taken.add("ViewerCertificate")
    rounds(world)
    disable_and_certificate = 2
    assert world.counts()[UPDATE] == disable_and_certificate
    new = stage.channel().distribution
    assert new is not None
    assert_told(new, f"certificate {alias.CERTIFICATE}")
    distributions.distribution_retry(new, who=TESTER)
    rounds(world)
    assert world.counts()[UPDATE] == disable_and_certificate + 1
    not_taken.clear()
    distributions.distribution_retry(new, who=TESTER)
    world.settle(until=alias.serves)
    rounds(world, 2)
    new.refresh_from_db()
    assert (new.error_code, new.alias_not_taken) == ("", "")


def test_an_alias_that_is_not_shown_is_sent_once_and_told(
    not_taken: set[str], world: WorldUnderTest, settings: Any
) -> None:
    alias.want(settings)
    alias.make(world)
    not_taken.add("Aliases")
    stage.create()
    rounds(world, 16)
    assert world.counts()[UPDATE] == 1
    row = stage.distribution()
    assert_told(row, f"alias {alias.ALIAS}")
    not_taken.clear()
    distributions.distribution_retry(row, who=TESTER)
    world.settle(until=alias.serves)
    assert alias.records(world)["A"] == row.domain_name


def test_another_alias_domain_gets_its_record_although_the_former_had_one(
    world: WorldUnderTest, settings: Any
) -> None:
    alias.want(settings)
    begin_with(world, alias.with_alias)
    other = "shows.example.com"
    settings.CLOUDFRONT_ALIAS_DOMAIN = other
    world.control.console("cloudfront", "import_certificate", names=[f"*.{other}"], Arn=alias.CERTIFICATE)
    services.channel_apply_settings(stage.channel(), who=TESTER)
    rounds(world, 16)
    row = stage.distribution()
    assert alias.on_cloudfront(world)[row.aws_distribution_id or ""] == [f"stage.{other}"]
    assert alias.records(world) == {}
    assert alias.records(world, f"stage.{other}")["A"] == row.domain_name
