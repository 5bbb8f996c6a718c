"""A closed origin answers only CloudFront, and a rotation of its secret has no gap."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers

from channels_app import services
from channels_app.models import Channel
from channels_app.playback import url
from channels_app.readiness import readiness
from distributions.driver import origin_header
from distributions.models import Distribution, OriginSecret
from distributions.tasks import watch_rotation
from drift.report import report
from drift.resolutions import resolve
from streamhub.errors import NotPossible
from streamhub.lifecycle.models import Job, Transition
from tests.scenarios import stage as scene
from tests.scenarios.closed_origin import (
    FIRST,
    SECOND,
    THIRD,
    at_origin,
    noticed_at_once,
    put,
    through_cloudfront,
    want_closed,
)
from tests.scenarios.stage import WHO, breakout, channel, distribution
from tests.scenarios.world import WorldUnderTest


def closed(world: WorldUnderTest, settings: Any) -> str:
    """A channel built with a closed origin; returns the secret's ARN."""
    arn = want_closed(world, settings)
    scene.create()
    world.settle()
    services.breakout_create(channel(), "keynote", who=WHO)
    return arn


def on_air(world: WorldUnderTest) -> None:
    scene.start(world)
    world.settle(until=lambda: scene.stands("running"))


def whys(kind: str) -> list[str]:
    return list(Transition.objects.filter(resource_type=kind).order_by("pk").values_list("why", flat=True))


def apply(world: WorldUnderTest) -> None:
    services.channel_apply_settings(channel(), who=WHO)
    world.settle()


def test_a_new_channel_is_closed_from_the_start(world: WorldUnderTest, settings: Any) -> None:
    closed(world, settings)
    on_air(world)
    assert (at_origin(world), at_origin(world, "guessed-value"), at_origin(world, FIRST)) == (403, 403, 200)
    assert through_cloudfront(world) == 200
    assert services.origin_closed(channel()) is True
    assert not Channel.objects.filter(services.settings_outdated()).exists()
    assert world.illegal() == []


def test_an_open_channel_is_closed_while_it_is_idle(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    assert services.origin_closed(stage) is False
    want_closed(world, settings)
    assert services.settings_differing(channel()) == ["closed origin"]
    apply(world)
    assert services.origin_closed(channel()) is True
    assert services.settings_differing(channel()) == []
    on_air(world)
    assert (at_origin(world), through_cloudfront(world)) == (403, 200)
    calls = world.counts()
    assert calls["mediapackage:UpdateOriginEndpoint"] == calls["cloudfront:UpdateDistribution"] == 1
    assert "MediaPackage endpoint closed: only CloudFront may read it" in whys("channel")
    assert "settings sent" in whys("distribution")


def test_closing_it_together_with_another_price_class_does_both(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    want_closed(world, settings)
    settings.CLOUDFRONT_PRICE_CLASS = "PriceClass_All"
    apply(world)
    assert services.origin_closed(channel()) is True
    assert services.settings_differing(channel()) == []


def test_a_closed_channel_is_opened_again(world: WorldUnderTest, settings: Any) -> None:
    closed(world, settings)
    settings.MEDIAPACKAGE_CDN_SECRET_ARN = settings.MEDIAPACKAGE_CDN_ROLE_ARN = ""
    apply(world)
    assert services.origin_closed(channel()) is False
    on_air(world)
    assert (at_origin(world), through_cloudfront(world)) == (200, 200)


def test_nothing_plays_until_both_sides_have_changed(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    want_closed(world, settings)
    services.channel_apply_settings(channel(), who=WHO)
    assert url(channel()) is not None  # nothing is sent yet
    world.settle(until=lambda: bool(channel().authorization_seen))
    assert services.origin_closed(channel()) is None
    assert url(channel()) is None
    (check,) = [check for check in readiness(breakout()).checks if check.name == "origin"]
    assert check.ok is False
    assert "one after the other" in check.detail
    world.settle()
    assert url(channel()) is not None
    (check,) = [check for check in readiness(breakout()).checks if check.name == "origin"]
    assert (check.ok, check.detail) == (True, "Only CloudFront can read the origin endpoint.")


def test_a_start_before_the_endpoint_has_changed_leaves_it_until_the_channel_is_idle(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    want_closed(world, settings)
    services.channel_apply_settings(channel(), who=WHO)
    on_air(world)
    assert (at_origin(world), through_cloudfront(world)) == (200, 200)
    scene.stop(world)
    world.settle()
    assert services.origin_closed(channel()) is True


def test_a_start_between_both_sides_finishes_the_change(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    want_closed(world, settings)
    services.channel_apply_settings(channel(), who=WHO)
    world.settle(until=lambda: bool(channel().authorization_seen))
    assert distribution().origin_header_secret == ""
    on_air(world)
    world.settle(until=lambda: services.origin_closed(channel()) is True and scene.stands("running"))
    assert (at_origin(world), through_cloudfront(world)) == (403, 200)


def test_a_replacement_of_a_lost_distribution_sends_the_header(world: WorldUnderTest, settings: Any) -> None:
    closed(world, settings)
    on_air(world)
    first = distribution().aws_distribution_id
    scene.lose(world)
    world.settle(until=lambda: scene.stands("running") and distribution().aws_distribution_id != first)
    assert through_cloudfront(world) == 200


def test_a_rotation_has_no_gap(world: WorldUnderTest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = closed(world, settings)
    on_air(world)
    put(world, SECOND, arn)
    watch_rotation()
    row = OriginSecret.objects.get()
    assert row.next_version
    assert not Channel.objects.filter(services.settings_outdated()).exists()  # MediaPackage may not know it
    noticed_at_once(monkeypatch)
    watch_rotation()
    assert services.settings_differing(channel()) == ["origin header"]
    assert through_cloudfront(world) == 200  # with the value before, which MediaPackage still takes
    with pytest.raises(NotPossible):
        services.channel_apply_settings(channel(), who=WHO)
    scene.stop(world)
    world.settle(until=lambda: scene.state_is("completed"))
    apply(world)
    assert services.settings_differing(channel()) == []
    services.breakout_create(channel(), "next", who=WHO)
    services.breakout_start(channel().breakouts.get(name="next"), who=WHO)
    world.settle(until=lambda: scene.stands("running"))
    put(world, THIRD, arn)  # the first one is gone now
    assert (at_origin(world, FIRST), at_origin(world, SECOND)) == (403, 200)
    assert through_cloudfront(world) == 200


def test_until_mediapackage_knows_a_new_value_new_distributions_send_the_one_before(
    world: WorldUnderTest, settings: Any
) -> None:
    arn = want_closed(world, settings)
    put(world, SECOND, arn)
    assert origin_header.read(arn).value == FIRST


def test_a_secret_that_mediapackage_cannot_read_changes_nothing(
    world: WorldUnderTest, stage: Channel, settings: Any
) -> None:
    services.breakout_create(stage, "keynote", who=WHO)
    want_closed(world, settings)
    settings.MEDIAPACKAGE_CDN_ROLE_ARN = "arn:aws:iam::111122223333:user/nobody"
    apply(world)
    row = channel()
    assert (row.state, row.error_code, row.error_needs_person) == ("idle", "authorization_refused", True)
    assert "MEDIAPACKAGE_CDN_ROLE_ARN" in row.error_hint
    assert services.origin_closed(row) is False
    on_air(world)
    assert through_cloudfront(world) == 200


@pytest.mark.parametrize("text", ["no json", '{"other": "x"}', '{"MediaPackageCDNIdentifier": "short"}'])
def test_an_unusable_secret_is_named_without_its_text(
    world: WorldUnderTest, settings: Any, text: str
) -> None:
    arn = closed(world, settings)
    world.control.console("secretsmanager", "put_secret", text=text, arn=arn)
    world.control.console("secretsmanager", "put_secret", text=text, arn=arn)
    watch_rotation()
    job = Job.objects.get(name="watch_rotation")
    assert "has no usable MediaPackageCDNIdentifier" in f"{job.error}"
    assert text not in f"{job.error}"


def test_somebody_who_opens_the_endpoint_outside_is_undone_on_air(
    world: WorldUnderTest, settings: Any
) -> None:
    closed(world, settings)
    on_air(world)
    world.control.console(
        "mediapackage", "edit_endpoint", id=channel().mp_endpoint_id, changes={"Authorization": None}
    )
    assert through_cloudfront(world) == 404
    world.settle(until=lambda: through_cloudfront(world) == 200 and at_origin(world) == 403)
    assert any("its CDN authorization was changed" in why for why in whys("channel"))


def test_the_value_is_nowhere(world: WorldUnderTest, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    closed(world, settings)
    on_air(world)
    from distributions import services as distributions

    distributions.distribution_sync(distribution(), who=WHO)
    world.step_all()
    assert Distribution.objects.get().config["Origins"]["Items"][0]["CustomHeaders"]["Items"] == [
        {"HeaderName": "X-MediaPackage-CDNIdentifier", "HeaderValue": "(hidden)"}
    ]
    stored = [serializers.serialize("json", model._default_manager.all()) for model in apps.get_models()]
    assert FIRST not in "".join(stored)
    assert FIRST not in caplog.text
    assert FIRST not in str(world.control.calls())


def test_drift_finds_an_endpoint_that_was_opened_outside_and_repairs_it(
    world: WorldUnderTest, settings: Any
) -> None:
    closed(world, settings)
    assert report().findings == ()
    row = channel()
    world.control.console(
        "mediapackage", "edit_endpoint", id=row.mp_endpoint_id, changes={"Authorization": None}
    )
    (finding,) = report().findings
    assert "CDN authorization is empty, not arn:aws:secretsmanager" in finding.detail
    assert FIRST not in finding.detail
    resolve(finding, "repair", WHO)
    world.settle()
    assert report().findings == ()
    assert services.origin_closed(channel()) is True
