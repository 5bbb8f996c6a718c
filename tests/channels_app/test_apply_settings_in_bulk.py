"""Many stacks are brought up to a new setting, and workers die meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels_app import services
from channels_app.models import Channel
from tests.scenarios.actors import TESTER
from tests.scenarios.closed_origin import FIRST, HEADER, want_closed
from tests.scenarios.crashing_session import MortalSession
from tests.scenarios.volume import volume
from tests.scenarios.world import WorldUnderTest

STACKS = volume(4, 20)
POLICY = "5cc3b908-e619-4b99-88e5-2cf7f45965bd"


@pytest.fixture
def mortal(db: None, settings: object) -> Iterator[WorldUnderTest]:
    yield from WorldUnderTest.running(settings, MortalSession)


def build(world: WorldUnderTest) -> None:
    most = 2 * STACKS
    console = world.control.console
    console("medialive", "set_quota", channels=most, push_inputs=most, input_security_groups=most)
    console("mediapackage", "set_quota", channels=most)
    for n in range(STACKS):
        services.channel_create(f"stage {n}", who=TESTER, allowed_cidrs=["203.0.113.7/32"])
    world.settle(rounds=2000)
    assert Channel.objects.filter(state="idle", distribution__state="deployed").count() == STACKS


def outdated() -> int:
    return Channel.objects.filter(services.settings_outdated()).count()


def on_aws(world: WorldUnderTest) -> list[tuple[str, str]]:
    """Of each distribution what it sends to its origin, and its policy."""
    client = world.session.client("cloudfront", region="us-east-1")
    found = []
    for item in world.control.inventory()["cloudfront"]["distributions"]:
        config = client.get_distribution_config(Id=item["Id"])["DistributionConfig"]
        headers = config["Origins"]["Items"][0]["CustomHeaders"].get("Items", [])
        sent = {header["HeaderName"]: header["HeaderValue"] for header in headers}.get(HEADER, "")
        found.append((sent, config["DefaultCacheBehavior"]["ResponseHeadersPolicyId"]))
    return found


@pytest.mark.timeout(1800)
def test_all_stacks_get_a_new_setting_although_workers_die(mortal: WorldUnderTest, settings: Any) -> None:
    build(mortal)
    assert outdated() == 0
    want_closed(mortal, settings)
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    assert outdated() == STACKS
    for row in Channel.objects.all():
        services.channel_apply_settings(row, who=TESTER)
    mortal.control.clear_calls()
    session = mortal.session
    assert isinstance(session, MortalSession)
    # One worker dies while the endpoints are changed, one while CloudFront is, and the next one that looks.
    for call, kind in ((STACKS // 2, "killed_after"), (STACKS, "killed_after"), (1, "killed_before")):
        session.calls, session.die_at, session.died = 0, (call, kind), False
        mortal.settle(until=lambda: session.died, rounds=2000, strict=False)
        assert session.died
        assert outdated() > 0
    session.die_at = None
    mortal.settle(rounds=2000)
    assert outdated() == 0
    assert on_aws(mortal) == [(FIRST, POLICY)] * STACKS
    assert not Channel.objects.exclude(error_code="").exists()
    assert {services.origin_closed(row) for row in Channel.objects.select_related("distribution")} == {True}
    calls = mortal.counts()
    # What a dead worker had sent is found, and not sent again; only an endpoint may be updated twice.
    assert calls["cloudfront:UpdateDistribution"] <= STACKS + 1
    assert calls["mediapackage:UpdateOriginEndpoint"] <= STACKS + 1
    assert mortal.illegal() == []
