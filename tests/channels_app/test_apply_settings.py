"""Settings reach what runs: a stack records those it was built with; *Apply settings* renews it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_app import services
from channels_app.models import Channel
from distributions import delivery
from distributions import services as distributions
from distributions.models import Distribution
from streamhub.access.services import token_issue
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Transition
from tests.scenarios import rows
from tests.scenarios import stage as scene
from tests.scenarios.stage import WHO, channel, distribution
from tests.scenarios.world import WorldUnderTest

POLICY = "5cc3b908-e619-4b99-88e5-2cf7f45965bd"  # CORS-With-Preflight


def apply(world: WorldUnderTest) -> None:
    services.channel_apply_settings(channel(), who=WHO)
    world.settle()


def outdated() -> list[str]:
    """What differs, after a check that the database finds the same rows."""
    row = channel()
    names = services.settings_differing(row)
    assert Channel.objects.filter(services.settings_outdated()).exists() == bool(names)
    late = Distribution.objects.filter(delivery.outdated()).exists()
    assert late == bool(row.distribution and delivery.differing(row.distribution))
    return names


def config(world: WorldUnderTest) -> dict[str, Any]:
    client = world.session.client("cloudfront", region="us-east-1")
    answer = client.get_distribution_config(Id=distribution().aws_distribution_id)
    return dict(answer["DistributionConfig"])


def test_a_new_channel_has_the_present_settings(stage: Channel) -> None:
    assert outdated() == []


@pytest.mark.parametrize(
    ("setting", "value", "name"),
    [
        ("CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID", POLICY, "response headers policy"),
        ("CLOUDFRONT_PRICE_CLASS", "PriceClass_All", "price class"),
        ("MEDIALIVE_ROLE_ARN", "arn:aws:iam::111122223333:role/Another", "MediaLive role"),
    ],
)
def test_a_setting_that_changes_is_outdated_until_it_is_applied(
    world: WorldUnderTest, stage: Channel, settings: Any, setting: str, value: str, name: str
) -> None:
    setattr(settings, setting, value)
    assert outdated() == [name]
    world.settle()
    assert outdated() == [name]  # nothing happens by itself
    apply(world)
    assert outdated() == []
    assert (channel().state, distribution().state, channel().error_code) == ("idle", "deployed", "")
    assert world.illegal() == []


def test_cloudfront_gets_the_settings_and_keeps_what_others_set(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    before = config(world)
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    apply(world)
    after = config(world)
    assert after["DefaultCacheBehavior"].pop("ResponseHeadersPolicyId") == POLICY
    assert before["DefaultCacheBehavior"].pop("ResponseHeadersPolicyId") != POLICY
    assert after == before
    assert world.counts()["cloudfront:UpdateDistribution"] == 1
    assert "medialive:UpdateChannel" not in world.counts()
    assert "mediapackage:UpdateOriginEndpoint" not in world.counts()


def test_applying_again_sends_nothing(world: WorldUnderTest, stage: Channel) -> None:
    apply(world)
    assert not [name for name in world.counts() if ":Update" in name]
    assert not Transition.objects.filter(why__startswith="settings to apply").exists()


def test_a_price_class_that_staff_chose_does_not_follow_the_setting(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    distributions.distribution_price_class_change(distribution(), "PriceClass_200", who=WHO)
    world.settle()
    settings.CLOUDFRONT_PRICE_CLASS = "PriceClass_All"
    assert outdated() == []


def test_while_on_air_it_is_refused(world: WorldUnderTest, stage: Channel, settings: Any) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    scene.start(world)
    world.settle(until=lambda: scene.stands("running"))
    with pytest.raises(NotPossible, match="keynote"):  # even if nothing is outdated
        services.channel_apply_settings(channel(), who=WHO)
    settings.CLOUDFRONT_PRICE_CLASS = "PriceClass_All"
    with pytest.raises(NotPossible, match="keynote"):
        services.channel_apply_settings(channel(), who=WHO)


def test_a_start_just_after_it_leaves_the_distribution_until_the_show_is_over(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    settings.MEDIALIVE_ROLE_ARN = "arn:aws:iam::111122223333:role/Another"
    services.channel_apply_settings(channel(), who=WHO)
    scene.start(world)
    world.settle(until=lambda: scene.stands("running"))
    for _ in range(5):
        world.step_all()
        world.observe()
    assert not [name for name in world.counts() if ":Update" in name]
    assert outdated() == ["MediaLive role", "response headers policy"]
    scene.stop(world)
    world.settle(until=lambda: scene.state_is("completed") and not outdated())


def test_a_setting_that_cloudfront_refuses_is_shown_and_the_rest_goes_on(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = "none-of-them"
    apply(world)
    row = distribution()
    assert (row.state, row.error_code, row.error_needs_person) == ("deployed", "settings_refused", True)
    assert "Apply settings" in row.error_hint
    assert outdated() == ["response headers policy"]
    settings.CLOUDFRONT_RESPONSE_HEADERS_POLICY_ID = POLICY
    apply(world)
    assert (distribution().error_code, outdated()) == ("", [])


def test_a_setting_that_medialive_refuses_does_not_fail_the_channel(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    settings.MEDIALIVE_ROLE_ARN = "not a role"
    apply(world)
    row = channel()
    assert (row.state, row.error_code, row.settings_pending) == ("idle", "settings_refused", False)
    assert outdated() == ["MediaLive role"]


def test_the_api_says_what_is_outdated_and_applies_it(stage: Channel, settings: Any) -> None:
    token = token_issue("event-site", ["channels:read", "channels:write"], timedelta(days=1))[1]
    headers = {"Authorization": f"Bearer {token}"}
    settings.CLOUDFRONT_PRICE_CLASS = "PriceClass_All"
    path = f"/api/v1/channels/{stage.pk}"
    shown = Client().get(path, headers=headers).json()
    assert (shown["settings_outdated"], shown["origin_closed"]) == (True, False)
    (item,) = Client().get("/api/v1/channels", headers=headers).json()["items"]
    assert item["settings_outdated"] is True
    answer = Client().post(f"{path}/apply-settings", headers=headers)
    assert (answer.status_code, answer.json()["settings_outdated"]) == (202, True)
    assert distribution().price_class_pending


def test_page_list_and_dashboard_show_it(
    client: Client, admin_user: Any, stage: Channel, settings: Any
) -> None:
    client.force_login(admin_user)
    settings.CLOUDFRONT_PRICE_CLASS = "PriceClass_All"
    page = client.get(reverse("admin:channels_app_channel_change", args=[stage.pk])).content.decode()
    assert "outdated: price class" in page
    assert "Apply settings" in page
    url = reverse("admin:channels_app_channel_changelist")
    assert "stage" in client.get(url, {"view": "outdated"}).content.decode()
    dashboard = client.get(reverse("admin:index")).content.decode()
    assert "Channels with outdated settings" in dashboard
    settings.CLOUDFRONT_PRICE_CLASS = "PriceClass_100"
    assert "stage</a>" not in client.get(url, {"view": "outdated"}).content.decode()


def test_a_channel_that_is_not_built_is_not_outdated(db: None) -> None:
    row = rows.channel("pending")
    assert services.settings_differing(row) == []
    assert not Channel.objects.filter(services.settings_outdated()).exists()
