"""Services check the permission for every caller."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from channels_app import services
from channels_app.models import Channel
from distributions import services as distributions
from streamhub.access.actors import staff_actor
from streamhub.errors import Forbidden
from tests.scenarios.actors import TESTER

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Channel:
    return services.channel_create("stage", who=TESTER, allowed_cidrs=["203.0.113.7/32"])


def person(*codenames: str) -> User:
    user = User.objects.create_user("ada")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def test_every_service_refuses_staff_without_the_permission(channel: Channel) -> None:
    unpermitted = staff_actor(person())
    breakout = services.breakout_create(channel, "keynote", who=TESTER)
    row = distributions.distribution_create("https://o.example.com/a", owner_label="x", who=TESTER)
    for verb in (
        lambda: services.channel_delete(channel, who=unpermitted),
        lambda: services.channel_stop(channel, who=unpermitted),
        lambda: services.breakout_start(breakout, who=unpermitted),
        lambda: services.breakout_stop(breakout, who=unpermitted),
        lambda: services.breakout_curtain(breakout, True, who=unpermitted),
        lambda: distributions.distribution_detach(row, who=unpermitted),
        lambda: services.channel_create("other", who=unpermitted, allowed_cidrs=["203.0.113.7/32"]),
    ):
        with pytest.raises(Forbidden, match="may not"):
            verb()
    assert Channel.objects.get().desired == "idle"


def test_a_verb_that_calls_another_needs_only_its_own_permission(channel: Channel) -> None:
    row = distributions.distribution_create("https://o.example.com/a", owner_label="x", who=TESTER)
    Channel.objects.update(distribution=row)
    services.channel_delete(channel, who=staff_actor(person("delete_channel")))
    row.refresh_from_db()
    assert row.desired == "deleted"


def test_a_name_is_not_an_actor(channel: Channel) -> None:
    with pytest.raises(TypeError, match=r"channels_app\.delete_channel needs an Actor, not 'StreamHub'"):
        services.channel_delete(channel, who="StreamHub")  # type: ignore[arg-type]
