"""A secret that StreamHub may not read delays the header of closed origins, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import services
from distributions import services as distributions
from distributions.models import Distribution
from tests.scenarios import alias
from tests.scenarios import closed_origin as closed
from tests.scenarios import stage as scene
from tests.scenarios.actors import TESTER
from tests.scenarios.world import WorldUnderTest

pytestmark = pytest.mark.django_db

SECRET = "secretsmanager:GetSecretValue"
UPDATE = "cloudfront:UpdateDistribution"
POLICY = "5cc3b908-e619-4b99-88e5-2cf7f45965bd"


def rounds(world: WorldUnderTest, count: int = 8) -> None:
    for _ in range(count):
        world.step_all()
        world.observe()


def apply(world: WorldUnderTest) -> None:
    services.channel_apply_settings(scene.channel(), who=TESTER)
    rounds(world)


def deny(world: WorldUnderTest, operation: str = SECRET) -> None:
    world.control.fault(operation, "access_denied", times=None)


@pytest.fixture
def denied(world: WorldUnderTest, settings: Any) -> WorldUnderTest:
    """An endpoint that was closed, whose header may not be read."""
    scene.with_channel(world)
    closed.want_closed(world, settings)
    deny(world)
    apply(world)
    return world


def assert_header_is_told(row: Distribution) -> None:
    assert (row.state, row.error_code, row.error_needs_person) == ("deployed", "settings_refused", True)
    assert "not authorized to perform: secretsmanager:GetSecretValue" in row.error_message
    assert "manage.py iam_policy" in row.error_hint
    assert row.settings_pending


def test_a_denied_secret_is_told_and_read_once_it_is_allowed(denied: WorldUnderTest, settings: Any) -> None:
    assert_header_is_told(scene.distribution())
    row = scene.distribution()
    assert row.not_before is not None
    assert row.error_at is not None
    again = (row.not_before - row.error_at).total_seconds()
    assert again == pytest.approx(settings.FULL_OBSERVE_SECONDS, abs=5), "it is not asked again at once"
    denied.control.clear_faults()
    distributions.distribution_retry(scene.distribution(), who=TESTER)
    rounds(denied)
    row = scene.distribution()
    assert (row.origin_header_secret, row.settings_pending, row.error_code) == (row.origin_secret, False, "")
    assert closed.through_cloudfront(denied) in (200, 404)


def test_a_denied_secret_holds_up_neither_tags_nor_price_class(denied: WorldUnderTest) -> None:
    distributions.distribution_tags_change(scene.distribution(), {"team": "x"}, who=TESTER)
    distributions.distribution_price_class_change(scene.distribution(), "PriceClass_200", who=TESTER)
    rounds(denied)
    row = scene.distribution()
    assert (row.tags_pending, row.price_class_seen) == (False, "PriceClass_200")
    assert_header_is_told(row)


def test_a_denied_secret_holds_up_no_alias(world: WorldUnderTest, settings: Any) -> None:
    scene.with_channel(world)
    closed.want_closed(world, settings)
    alias.want(settings)
    alias.make(world)
    deny(world)
    services.channel_apply_settings(scene.channel(), who=TESTER)
    rounds(world, 14)
    assert alias.serves()
    assert alias.records(world)["A"] == scene.distribution().domain_name
    assert_header_is_told(scene.distribution())


def test_a_denied_secret_holds_up_no_other_setting(denied: WorldUnderTest, settings: Any) -> None:
    """They are sent without the header, once: what CloudFront sends the origin stays as it is."""
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    denied.control.clear_calls()
    apply(denied)
    row = scene.distribution()
    assert "response headers policy" not in services.settings_differing(scene.channel())
    assert denied.counts()[UPDATE] == 1
    assert_header_is_told(row)


def test_a_secret_of_no_use_holds_up_nothing_else(
    world: WorldUnderTest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.noticed_at_once(monkeypatch)
    scene.with_channel(world)
    arn = closed.want_closed(world, settings)
    services.channel_apply_settings(scene.channel(), who=TESTER)
    world.settle(until=lambda: bool(scene.channel().authorization_seen))
    world.control.console("secretsmanager", "put_secret", text="no json", arn=arn)
    distributions.distribution_tags_change(scene.distribution(), {"team": "x"}, who=TESTER)
    rounds(world)
    row = scene.distribution()
    assert (row.tags_pending, row.error_code, row.error_needs_person) == (False, "settings_refused", True)
    assert "has no usable MediaPackageCDNIdentifier" in row.error_message
    assert "MEDIAPACKAGE_CDN_SECRET_ARN" in row.error_hint


def test_settings_that_may_not_be_sent_hold_up_no_tags(world: WorldUnderTest, settings: Any) -> None:
    scene.with_channel(world)
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    deny(world, UPDATE)
    services.channel_apply_settings(scene.channel(), who=TESTER)
    distributions.distribution_tags_change(scene.distribution(), {"team": "x"}, who=TESTER)
    rounds(world)
    row = scene.distribution()
    assert (row.tags_pending, row.error_code, row.settings_pending) == (False, "settings_refused", True)
    assert "not authorized to perform: cloudfront:UpdateDistribution" in row.error_message


def test_a_record_that_may_not_be_removed_holds_up_no_tags(world: WorldUnderTest, settings: Any) -> None:
    """The alias stays until the record is gone, which would else lead to where nothing answers to it."""
    alias.want(settings)
    alias.with_alias(world)
    settings.CLOUDFRONT_ALIAS_DOMAIN = "shows.example.com"
    deny(world, "route53:*")
    services.channel_apply_settings(scene.channel(), who=TESTER)
    distributions.distribution_tags_change(scene.distribution(), {"team": "x"}, who=TESTER)
    rounds(world)
    row = scene.distribution()
    assert (row.tags_pending, row.error_code, row.error_needs_person) == (False, "record_left", True)
    assert alias.on_cloudfront(world)[row.aws_distribution_id or ""] == [alias.ALIAS]
    world.control.clear_faults()
    distributions.distribution_retry(row, who=TESTER)
    rounds(world)
    assert alias.records(world) == {}
